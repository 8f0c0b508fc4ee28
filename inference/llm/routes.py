"""HTTP of the chat server."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from chassis.errors import InvalidRequest
from inference.llm.chats import chat_of, check_model, completion_of
from inference.llm.engine import Delta
from inference.llm.schema import ChatBody, CompletionBody, SamplingBody
from inference.llm.service import Llm
from inference.llm.wire import ChatWire, CompletionWire, Wire, events
from inference.service import require_key

CLIENT_LEFT = 499


def llm_routes(llm: Llm) -> APIRouter:
    """Everything below `/v1` that chats."""
    router = APIRouter(dependencies=[Depends(require_key)])

    @router.post("/v1/chat/completions")
    async def chat_completions(request: Request, body: ChatBody) -> Response:
        """The next message of a chat, whole or streamed."""
        engine = await llm.awake()
        check_model(body.model, engine.model)
        chat = chat_of(body, structured_output=engine.abilities.json)
        deltas = llm.chat(chat, client=_client(request))
        return await _answered(request, deltas, body, ChatWire(model=engine.model))

    @router.post("/v1/completions")
    async def completions(request: Request, body: CompletionBody) -> Response:
        """The older interface: an answer to `prompt`."""
        engine = await llm.awake()
        check_model(body.model, engine.model)
        deltas = llm.complete(completion_of(body), client=_client(request))
        return await _answered(request, deltas, body, CompletionWire(model=engine.model))

    @router.post("/v1/embeddings")
    async def embeddings() -> None:
        engine = await llm.awake()
        raise InvalidRequest(
            f"the model {engine.model} makes no embeddings", param="model", code="unsupported"
        )

    return router


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


async def _answered(
    request: Request, deltas: AsyncGenerator[Delta, None], body: SamplingBody, wire: Wire
) -> Response:
    if not body.stream:
        whole = await _while_connected(request, _collected(deltas))
        if whole is None:
            return Response(status_code=CLIENT_LEFT)
        return JSONResponse(wire.whole(whole))
    # An engine refuses before its first delta: waiting for it gives a refusal its status.
    first = await _while_connected(request, _next(deltas))
    if first is None:
        await deltas.aclose()
        return Response(status_code=CLIENT_LEFT)
    return StreamingResponse(
        events(wire, _resumed(first, deltas), body.wants_usage), media_type="text/event-stream"
    )


async def _collected(deltas: AsyncGenerator[Delta, None]) -> list[Delta]:
    async with aclosing(deltas):
        return [delta async for delta in deltas]


async def _next(deltas: AsyncGenerator[Delta, None]) -> Delta:
    return await anext(deltas)


async def _resumed(first: Delta, rest: AsyncGenerator[Delta, None]) -> AsyncIterator[Delta]:
    async with aclosing(rest):
        yield first
        async for delta in rest:
            yield delta


async def _while_connected(request: Request, work: Any) -> Any:
    """The result of `work`, or None when the client left first: then the work is cancelled."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(request.receive())  # the body is read: what comes is its end
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
