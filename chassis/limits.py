"""Limits on what a client may send, checked while reading, never after."""

import re
import secrets
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import TooLarge, error_response


class BodyLimit:
    """Cut a request body at `max_bytes`: before reading when announced, else while reading.

    `by_path`: other limits, of single paths; a `*` in one stands for any one segment.

    FastAPI's `max_body_size` does the same, but answers an announced one in plain text, outside the
    one error shape.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, by_path: Mapping[str, int]) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.by_path = [(_pattern(path), most) for path, most in by_path.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        max_bytes = self._limit_of(scope["path"])
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > max_bytes:
            await self._refuse(max_bytes, scope, receive, send)
            return
        seen = 0
        started = False

        async def limited_receive() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > max_bytes:
                    raise _BodyTooLarge
            return message

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, limited_receive, watched_send)
        except _BodyTooLarge:
            if started:
                raise
            await self._refuse(max_bytes, scope, receive, send)

    def _limit_of(self, path: str) -> int:
        return next((most for known, most in self.by_path if known.fullmatch(path)), self.max_bytes)

    async def _refuse(self, max_bytes: int, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = scope.get("state", {}).get("request_id") or secrets.token_hex(8)
        error = TooLarge(f"the body is larger than {max_bytes} bytes", param="body")
        response = error_response(error, request_id)
        response.headers["connection"] = "close"  # the rest of the body is not read
        await response(scope, receive, send)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(path).replace(r"\*", "[^/]+"))


class _BodyTooLarge(BaseException):
    """Passes through `except Exception` of body parsers on its way up to BodyLimit."""
