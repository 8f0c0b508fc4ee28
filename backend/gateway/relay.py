"""One request of `/v1` passed on as it comes, and its answer as it comes back.

A plain ASGI app, without FastAPI's reading and validating: its cost is in every first byte.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import quote

from starlette.types import Message, Receive, Scope, Send

from backend.gateway.admission import Admission, Caller
from backend.gateway.counting import Counter, counter_of
from backend.gateway.upstream import Answer, Target, Upstreams
from chassis.errors import InvalidRequest, ParleyError
from chassis.logs import get_logger

# A client that sends or takes nothing for so long has gone, whatever TCP says.
CLIENT_WITHIN_S = 60.0
MAX_QUERY_CHARS = 2_000
# Everything else of an answer is between us and the server: cookies, its name, who may read it.
PASSED_BACK = frozenset(
    {b"content-type", b"content-length", b"content-encoding", b"content-disposition"}
    | {b"cache-control", b"retry-after"}
)
QUERY_SAFE = "!$&'()*+,-./:;=?@_~%"
USAGE_WANTED = {"x-parley-usage": "comment"}

log = get_logger(__name__)


class ClientLeft(Exception):
    """Nobody is there for the answer."""


class Relay:
    """The ASGI app of one path."""

    def __init__(self, target: Target, upstreams: Upstreams, admission: Admission) -> None:
        self._target = target
        self._upstreams = upstreams
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self._target  # what the log and the metrics call it
        caller = await self._admission.caller(scope)
        await self._admission.admit(caller, self._target.service)
        client = _Client(receive, send)
        watching = asyncio.create_task(client.watch())
        try:
            await self._pass_on(caller, scope, client)
        except ClientLeft:
            log.debug("client_left", service=self._target.service)
        except asyncio.CancelledError:
            if not client.is_only_reason():
                raise
            log.debug("client_left", service=self._target.service)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _pass_on(self, caller: Caller, scope: Scope, client: "_Client") -> None:
        service = self._target.service
        own = {**own_headers(scope, caller), **USAGE_WANTED}
        async with aclosing(client.body()) as body:
            answer = await self._upstreams.send(
                service,
                self._target.method,
                self._target.path + query_of(scope),
                scope["headers"],
                own=own,
                body=body if self._target.method == "POST" else None,
            )
        client.all_read.set()  # or the server answered before it had it all
        counter = counter_of(service, answer.status, answer.headers)
        try:
            await self._answer(answer, counter, client)
        finally:
            answer.close()
            await self._admission.used(caller, service, counter.used(client.sent_bytes))

    async def _answer(self, answer: Answer, counter: Counter, client: "_Client") -> None:
        headers = [(name, value) for name, value in answer.headers if name in PASSED_BACK]
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await client.send(start)
        try:
            while chunk := await answer.read():
                counter.feed(chunk)
                await client.send({"type": "http.response.body", "body": chunk, "more_body": True})
        except ParleyError as exc:
            # Without its end, which HTTP marks, the client sees that there should have been more.
            log.warning("answer_broken_off", code=exc.error_code)
            return
        client.answered = True
        await client.send({"type": "http.response.body", "body": b""})


class _Client:
    """The other side: what it sends, what it is sent, and that it leaves."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._task = asyncio.current_task()
        self._left = False
        self.sent_bytes = 0
        self.all_read = asyncio.Event()
        self.answered = False

    async def body(self) -> AsyncGenerator[bytes]:
        """What it sends, as it comes. Raises ClientLeft, InvalidRequest when nothing comes."""
        more = True
        while more:
            try:
                async with asyncio.timeout(CLIENT_WITHIN_S):
                    message = await self._receive()
            except TimeoutError as exc:
                raise InvalidRequest(
                    "the rest of the body did not come", param="body", code="body_incomplete"
                ) from exc
            if message["type"] == "http.disconnect":
                raise ClientLeft
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            if not more:
                self.all_read.set()
            self.sent_bytes += len(chunk)
            if chunk:
                yield chunk

    async def send(self, message: Message) -> None:
        """Waits while the client takes nothing. Raises ClientLeft when it never does."""
        try:
            async with asyncio.timeout(CLIENT_WITHIN_S):
                await self._send(message)
        except TimeoutError as exc:
            raise ClientLeft from exc

    async def watch(self) -> None:
        """Cancel the request's task when the client leaves: a server tells nobody who only sends.
        Until all is read, `body` sees it."""
        await self.all_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self.answered and self._task is not None:
            self._left = True
            self._task.cancel()

    def is_only_reason(self) -> bool:
        """Whether the task was cancelled by `watch` alone; it then goes on."""
        return self._left and self._task is not None and self._task.uncancel() == 0


def own_headers(scope: Scope, caller: Caller) -> dict[str, str]:
    """Who asks, so that clients take turns, and which line of our log this is."""
    return {
        "x-parley-client": caller.key_id or caller.user_id,
        "x-request-id": str(scope["state"]["request_id"]),
    }


def query_of(scope: Scope) -> str:
    """The query with its `?`. Raises InvalidRequest for one that is too long."""
    query = scope["query_string"].decode("latin-1")
    if len(query) > MAX_QUERY_CHARS:
        raise InvalidRequest("the query is too long", param="query")
    return f"?{quote(query, safe=QUERY_SAFE)}" if query else ""
