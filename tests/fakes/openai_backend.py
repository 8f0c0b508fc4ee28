"""A scripted server that speaks OpenAI's format, well or badly, as real backends do."""

import asyncio
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
MODEL = "tiny"
SSE = {"content-type": "text/event-stream"}
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence before the next step; endless: until the client leaves."""

    seconds: float = 3600.0


class Reset:
    """The connection breaks, as when the process is killed."""


Step = bytes | Pause | Reset


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, step by step. The head goes out with the first step that is bytes."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: SSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked."""

    path: str
    headers: Mapping[str, str]
    body: Json


def event(chunk: Json) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def delta(finish: str | None = None, **delta: Any) -> bytes:
    """A chunk of a chat's stream."""
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def usage(prompt: int = 7, completion: int = 3, cached: int = 5) -> bytes:
    details = {"cached_tokens": cached}
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    return event({"choices": [], "usage": counts | {"prompt_tokens_details": details}})


def said(*pieces: str, finish: str = "stop") -> Reply:
    """A well-behaved streamed reply."""
    chunks = [delta(content=piece) for piece in pieces]
    return Reply(steps=[delta(role="assistant", content=""), *chunks, *ended(finish)])


def ended(finish: str = "stop") -> list[Step]:
    return [delta(finish), usage(), DONE]


def tool_piece(index: int | None, arguments: Any = "", **more: Any) -> Json:
    """`id` and `name` as keywords."""
    name = {"name": more.pop("name")} if "name" in more else {}
    at = {} if index is None else {"index": index}
    return {**at, **more, "type": "function", "function": {**name, "arguments": arguments}}


def answered(answer: Any, status: int = 200, **headers: str) -> Reply:
    """A whole answer, as JSON."""
    return Reply(
        steps=[json.dumps(answer).encode()],
        status=status,
        headers={"content-type": "application/json", **headers},
    )


def refused(status: int, *, headers: Mapping[str, str] | None = None, **error: Any) -> Reply:
    return answered({"error": error}, status, **(headers or {}))


def models(*ids: str, **more: Any) -> Reply:
    return answered(
        {"object": "list", "data": [{"id": id_, "object": "model", **more} for id_ in ids]}
    )


class Backend:
    """`reply` is what POSTs are answered with, or makes that of a request. Change it any time."""

    def __init__(self) -> None:
        self.reply: Reply | Callable[[Request], Reply] = said("Hello", " there.")
        self.models = models(MODEL)
        self.requests: list[Request] = []
        self.connections = 0
        self.leavings: queue.Queue[float] = queue.Queue()  # when clients left early
        self.url = ""

    @property
    def last(self) -> Request:
        return self.requests[-1]

    def left_after_s(self, since_s: float, within_s: float = 5.0) -> float:
        """How long after `since_s` (monotonic) it saw a client leave."""
        return self.leavings.get(timeout=within_s) - since_s

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await _read(reader):
                await self._answer(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if request.path.endswith("/models"):
            reply = self.models
        else:
            self.requests.append(request)
            reply = self.reply(request) if callable(self.reply) else self.reply
        sending = asyncio.ensure_future(_send(reply, writer))
        leaving = asyncio.ensure_future(reader.read(1))  # nothing comes but the end
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                self.leavings.put(time.monotonic())
                raise ConnectionAbortedError
            sending.result()
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(path=first.split()[1], headers=headers, body=json.loads(body or b"{}"))


async def _send(reply: Reply, writer: asyncio.StreamWriter) -> None:
    has_begun = False
    for step in reply.steps:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
        elif isinstance(step, Reset):
            writer.transport.abort()
            raise ConnectionAbortedError
        else:
            if not has_begun:
                writer.write(_head(reply))
                has_begun = True
            writer.write(b"%x\r\n%s\r\n" % (len(step), step))
            await writer.drain()
    writer.write((b"" if has_begun else _head(reply)) + b"0\r\n\r\n")
    await writer.drain()


def _head(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} X", "transfer-encoding: chunked"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def running() -> Iterator[Backend]:
    """A backend in a thread of its own, at `backend.url` (with `/v1`), until the block ends."""
    backend = Backend()
    loop = asyncio.new_event_loop()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(backend.serve, "127.0.0.1", 0)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(5)
    backend.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"

    async def stop() -> None:
        server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        yield backend
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
