"""HTTP of the chat server."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from chassis.errors import (
    InvalidRequest,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
    documented,
)
from chassis.logs import get_logger
from inference.llm.chats import chat_of, check_model, completion_of, texts_of
from inference.llm.engine import Delta, Engine, EngineSilent
from inference.llm.schema import ChatBody, CompletionBody, EmbeddingsBody, SamplingBody
from inference.llm.service import Llm
from inference.llm.wire import ChatWire, CompletionWire, Wire, embedded, events
from inference.model_status import EngineFailed
from inference.service import client_of, priority_of, require_key
from inference.slots import LIVE

CLIENT_LEFT = 499
RETRY_AFTER_S = 1.0
SLOW_CLIENT_S = 30.0  # beyond the longest answer; then its slot is for others
ANSWERS: dict[int | str, dict[str, Any]] = documented(NotFound, TooLarge, RateLimited) | {
    200: {
        "description": "the whole answer, or with `stream` server-sent events of its pieces",
        "content": {"application/json": {}, "text/event-stream": {}},
    }
}
T = TypeVar("T")
Priority = Annotated[int, Depends(priority_of)]
Client = Annotated[str, Depends(client_of)]

log = get_logger(__name__)


def llm_routes(llm: Llm) -> APIRouter:
    """Everything below `/v1` that chats."""
    router = APIRouter(
        dependencies=[Depends(require_key)],
        responses=documented(InvalidRequest, Unauthorized, Unavailable),
    )

    @router.post("/v1/chat/completions", responses=ANSWERS)
    async def chat_completions(
        request: Request, body: ChatBody, priority: Priority, client: Client
    ) -> Response:
        """The next message of a chat, whole or streamed."""
        engine = await _engine_for(llm, body.model)
        chat = chat_of(body, engine.abilities)
        # Somebody waits on the line: seconds of thought are seconds of silence.
        if priority == LIVE and not chat.reasoning_effort and engine.abilities.can_skip_reasoning:
            chat = replace(chat, reasoning_effort="none")
        deltas = llm.chat(chat, client=client, priority=priority)
        wire = ChatWire(model=engine.model)
        return await _answered(request, deltas, body, wire, llm.settings.total_s)

    @router.post("/v1/completions", responses=ANSWERS)
    async def completions(
        request: Request, body: CompletionBody, priority: Priority, client: Client
    ) -> Response:
        """The older interface: what follows `prompt`."""
        engine = await _engine_for(llm, body.model)
        completion = completion_of(body, engine.abilities)
        deltas = llm.complete(completion, client=client, priority=priority)
        wire = CompletionWire(model=engine.model)
        return await _answered(request, deltas, body, wire, llm.settings.total_s)

    @router.post("/v1/embeddings", responses=ANSWERS)
    async def embeddings(
        request: Request, body: EmbeddingsBody, priority: Priority, client: Client
    ) -> Response:
        """A vector for each text of `input`."""
        engine = await _embedder_for(llm, body.model)
        texts = texts_of(body, engine.abilities)
        making = llm.embed(texts, client=client, priority=priority)
        try:
            made = await _unless_gone(request, making)
        except ClientDisconnect:
            return Response(status_code=CLIENT_LEFT)
        except EngineFailed as exc:
            raise _unavailable(exc) from exc
        as_base64 = body.encoding_format == "base64"
        return JSONResponse(embedded(made, engine.model, as_base64=as_base64))

    return router


class _EventStream(StreamingResponse):
    """Server-sent events; however they end, the work for them ends too."""

    def __init__(
        self, told: AsyncIterator[bytes], deltas: AsyncGenerator[Delta, None], within_s: float
    ) -> None:
        super().__init__(
            told, media_type="text/event-stream", headers={"cache-control": "no-store"}
        )
        self._deltas = deltas
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._deltas):
            try:
                async with asyncio.timeout(self._within_s):
                    await super().__call__(scope, receive, send)
            except TimeoutError:  # the engine keeps to its limits: it was the client
                log.warning("client_reads_too_slowly", within_s=self._within_s)


async def _engine_for(llm: Llm, model: str | None) -> Engine:
    """Raises Unavailable with the state, NotFound for a model that does not serve."""
    engine = await llm.awake()
    serving = (engine.model, llm.serving.lifecycle.report()["serving"])
    try:
        check_model(model, serving)
    except NotFound:  # only now look at the disk, for a better answer
        check_model(model, serving, await asyncio.to_thread(llm.serving.model_ids))
    return engine


async def _embedder_for(llm: Llm, model: str | None) -> Engine:
    """As `_engine_for`, of the model of embeddings where there is one."""
    named = llm.settings.embeddings_model
    if named is None:
        return await _engine_for(llm, model)
    engine = await llm.awake_embedder()
    check_model(model, (engine.model, named))
    return engine


async def _answered(
    request: Request,
    deltas: AsyncGenerator[Delta, None],
    body: SamplingBody,
    wire: Wire,
    total_s: float,
) -> Response:
    told = _typed(deltas)
    try:
        if not body.stream:
            return JSONResponse(wire.whole(await _unless_gone(request, _collected(told))))
        # An engine refuses before its first delta: waiting for it gives a refusal its status.
        first = await _unless_gone(request, anext(told))
    except ClientDisconnect:
        await told.aclose()
        return Response(status_code=CLIENT_LEFT)
    resumed = _resumed(first, told)
    request_id = str(getattr(request.state, "request_id", ""))
    pieces = events(
        wire,
        resumed,
        with_usage=body.wants_usage,
        usage_aside=request.headers.get("x-parley-usage") == "comment",  # a gateway that counts
        request_id=request_id,
    )
    return _EventStream(pieces, told, total_s + SLOW_CLIENT_S)


async def _typed(deltas: AsyncGenerator[Delta, None]) -> AsyncGenerator[Delta, None]:
    """The deltas, with an engine's failure as an error for the client."""
    try:
        async with aclosing(deltas):
            async for delta in deltas:
                yield delta
    except EngineFailed as exc:
        raise _unavailable(exc) from exc


def _unavailable(failure: EngineFailed) -> Unavailable:
    log.error("engine_failed", reason=str(failure))
    if isinstance(failure, EngineSilent):
        return Unavailable(str(failure), code=failure.code, retry_after_s=RETRY_AFTER_S)
    message = "the language model failed on this: try again"
    return Unavailable(message, code="engine_failed", retry_after_s=RETRY_AFTER_S)


async def _collected(deltas: AsyncGenerator[Delta, None]) -> list[Delta]:
    async with aclosing(deltas):
        return [delta async for delta in deltas]


async def _resumed(first: Delta, rest: AsyncGenerator[Delta, None]) -> AsyncIterator[Delta]:
    yield first
    async for delta in rest:
        yield delta


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What the work comes to. Raises ClientDisconnect, and ends it, when the client leaves."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(request.receive())  # the body is read: what comes is its end
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
