"""`WS /v1/realtime` passed on to STT and back, each side waiting for the other to read."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import websockets
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from backend.gateway.admission import SUBPROTOCOL_KEY, Admission, Caller
from backend.gateway.relay import own_headers, query_of
from backend.gateway.upstream import CONNECT_WITHIN_S, RETRY_S, BadGateway, Upstreams
from backend.gateway.usage import Used
from chassis.errors import ParleyError, Unavailable, error_response
from chassis.logs import get_logger

PATH = "/v1/realtime"
MAX_MESSAGE_BYTES = 1 << 20  # as the server takes them, and as the backend does
ANSWER_WITHIN_S = 30.0  # a model may have to wake up
CLOSE_WITHIN_S = 5.0
CLIENT_WITHIN_S = 60.0
COUNT_EVERY_S = 5.0  # of sound: a long call's quota is used up while it runs
DEFAULT_RATE_HZ = 24_000
RATES_HZ = (16_000, DEFAULT_RATE_HZ)  # that the server takes: with others sound would cost nothing
BYTES_PER_SAMPLE = 2
AUDIO = re.compile(r'"audio"\s*:\s*"([^"]*)"')
NORMAL, GOING_AWAY, NO_STATUS, ABNORMAL = 1000, 1001, 1005, 1006
POLICY_VIOLATION, INTERNAL_ERROR = 1008, 1011

log = get_logger(__name__)


class Realtime:
    """The ASGI app of the socket."""

    def __init__(self, upstreams: Upstreams, admission: Admission) -> None:
        self._upstreams = upstreams
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        try:
            caller = await self._admission.caller(scope)
            await self._admission.admit(caller, "stt")
            async with self._server(scope, caller) as server:
                await send({"type": "websocket.accept", "subprotocol": _subprotocol(scope)})
                await _Call(server, receive, send, self._admission, caller).run()
        except ParleyError as exc:
            refusal = error_response(exc, str(scope["state"]["request_id"]))
            await refusal(scope, receive, send)
        except websockets.InvalidStatus as exc:
            refused = exc.response
            headers = {"content-type": refused.headers.get("content-type", "application/json")}
            if retry := refused.headers.get("retry-after"):
                headers["retry-after"] = retry
            refusal = Response(bytes(refused.body or b""), refused.status_code, headers)
            await refusal(scope, receive, send)

    @asynccontextmanager
    async def _server(
        self, scope: Scope, caller: Caller
    ) -> AsyncIterator[websockets.ClientConnection]:
        """Raises Unavailable when it is not there, InvalidStatus with what it refuses with."""
        url = self._upstreams.urls["stt"].replace("http", "ws", 1) + PATH + query_of(scope)
        headers = {**own_headers(scope, caller), **self._upstreams.authorization("stt")}
        connecting = websockets.connect(
            url,
            additional_headers=headers,
            compression=None,
            proxy=None,
            open_timeout=CONNECT_WITHIN_S + ANSWER_WITHIN_S,
            close_timeout=CLOSE_WITHIN_S,
            max_size=MAX_MESSAGE_BYTES,
            user_agent_header=None,
        )
        try:
            server = await connecting
        except websockets.InvalidStatus as exc:
            if exc.response.status_code in (401, 403):
                raise BadGateway(
                    "stt refused the backend's own key", code="stt_key_refused"
                ) from exc
            raise
        except (OSError, TimeoutError, websockets.WebSocketException) as exc:
            raise Unavailable(
                "stt cannot be reached", code="stt_unreachable", retry_after_s=RETRY_S
            ) from exc
        try:
            yield server
        finally:
            await server.close()


class _Left(Exception):
    """The client closed, with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Call:
    """One open socket on either side."""

    def __init__(
        self,
        server: websockets.ClientConnection,
        receive: Receive,
        send: Send,
        admission: Admission,
        caller: Caller,
    ) -> None:
        self._server = server
        self._receive = receive
        self._send = send
        self._admission = admission
        self._caller = caller
        self._rate_hz = DEFAULT_RATE_HZ
        self._audio_s = 0.0  # not counted yet

    async def run(self) -> None:
        """Until either side closes; the other is then closed with the same code."""
        upwards = asyncio.create_task(self._to_server())
        downwards = asyncio.create_task(self._to_client())
        both = (upwards, downwards)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            ends = await asyncio.gather(*both, return_exceptions=True)
            await self._count()
        for end in ends:
            if isinstance(end, _Left):
                await self._server.close(_sendable(end.code), end.reason)
                return
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, websockets.ConnectionClosed):
                raise end
        await self._close()

    async def _to_server(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                code = message.get("code") or NO_STATUS
                raise _Left(code, message.get("reason") or "")
            text = message.get("text")
            if not await self._admission.still_works(self._caller):
                await self._server.close(POLICY_VIOLATION, "revoked, expired or signed out")
                return
            if text is not None and not await self._observe(text):
                await self._server.close(POLICY_VIOLATION, "quota_exceeded")
                return
            await self._server.send(message["bytes"] if text is None else text)

    async def _to_client(self) -> None:
        async for message in self._server:
            told = {"text": message} if isinstance(message, str) else {"bytes": message}
            await self._tell({"type": "websocket.send", **told})

    async def _tell(self, message: Message) -> None:
        """Raises _Left for a client that reads nothing."""
        try:
            async with asyncio.timeout(CLIENT_WITHIN_S):
                await self._send(message)
        except TimeoutError as exc:
            raise _Left(GOING_AWAY, "the client does not read") from exc

    async def _observe(self, text: str) -> bool:
        """Count the sound that is appended; learn its rate from what else is sent. False when the
        day's quota is used up."""
        if "\\" in text:  # base64 has none: the words looked for may be spelt otherwise
            text = _plain(text)
        if "input_audio_buffer.append" in text:
            chars = max((len(found) for found in AUDIO.findall(text)), default=0)
            self._audio_s += chars * 3 / 4 / BYTES_PER_SAMPLE / self._rate_hz
            if self._audio_s >= COUNT_EVERY_S:
                await self._count()
                return await self._admission.has_some_left(self._caller, "stt")
        elif '"rate"' in text:
            self._rate_hz = _rate_of(text) or self._rate_hz
        return True

    async def _count(self) -> None:
        used, self._audio_s = Used(audio_s=self._audio_s), 0.0
        if used.audio_s:
            await self._admission.used(self._caller, "stt", used)

    async def _close(self) -> None:
        """As the server closed, if the client is still there."""
        code = self._server.close_code or INTERNAL_ERROR
        reason = self._server.close_reason or ""
        if code == ABNORMAL:
            code, reason = INTERNAL_ERROR, "stt broke off"
        try:
            await self._tell({"type": "websocket.close", "code": _sendable(code), "reason": reason})
        except (_Left, RuntimeError, OSError):
            log.debug("realtime_gone", code=code)


def _plain(text: str) -> str:
    """The same JSON, every letter as itself; what is none stays as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _rate_of(text: str) -> int | None:
    """Of a `session.update`; None where it says none that there is."""
    try:
        rate = json.loads(text)["session"]["audio"]["input"]["format"]["rate"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return rate if rate in RATES_HZ else None


def _sendable(code: int) -> int:
    """Some codes say how a socket ended without one being sent."""
    return NORMAL if code in (NO_STATUS, ABNORMAL) else code


def _subprotocol(scope: Scope) -> str | None:
    """A browser wants one of those it offered, if it did."""
    offered = [p for p in scope.get("subprotocols", ()) if not p.startswith(SUBPROTOCOL_KEY)]
    return offered[0] if offered else None
