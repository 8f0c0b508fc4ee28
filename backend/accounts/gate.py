"""Turns away what strangers' pages send, and strangers from what is for operators only."""

from typing import Literal

from pydantic import SecretStr
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.accounts.address import host_name, is_from_here
from backend.settings import BackendSettings
from chassis.errors import Forbidden, InvalidRequest, ParleyError, Unauthorized, error_response
from chassis.keys import check_bearer, has_key
from chassis.settings import is_loopback

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITE = ("same-origin", "none")  # none: typed in by the user, or not a page's doing
PEOPLES = ("/api/", "/v1/")
GUARDED_THEMSELVES = ("/internal/", "/health/")  # by key or signature; telling nothing
OPERATORS = ("/metrics", "/openapi.json")
TELEPHONE = ("/api/phone/", "/api/calls")
# What a form of any page can send without asking first.
FORMS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
KINDS: dict[str, Literal["http", "websocket"]] = {"http": "http", "websocket": "websocket"}


class Gate:
    """ASGI middleware. A cookie, and with BACKEND_AUTH=off mere presence on this machine, must
    not let a foreign page act: SameSite does not keep out other ports of this host, nor DNS
    names that are made to point here."""

    def __init__(self, app: ASGIApp, settings: BackendSettings, key: SecretStr | None) -> None:
        """`key`: of the services, lets operators in from elsewhere."""
        self.app = app
        self._settings = settings
        self._key = key
        hosts = (origin.partition("://")[2] for origin in settings.origins)
        self._hosts = frozenset(host_name(host) for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in KINDS:
            await self.app(scope, receive, send)
            return
        try:
            self._check(HTTPConnection(scope))
        except ParleyError as exc:
            await _refuse(exc, scope, receive, send)
            return
        await self.app(scope, receive, _private(send) if _is_peoples(scope) else send)

    def _check(self, asked: HTTPConnection) -> None:
        path = asked.scope["path"]
        if path.startswith(GUARDED_THEMSELVES):
            return
        if self._settings.auth == "off":
            # A page of another name cannot have the key; a Prometheus of this stack has it, and
            # `parley phone` in a container of its own.
            may_have_key = path.startswith((*OPERATORS, *TELEPHONE))
            if not may_have_key or not has_key(asked.headers.get("authorization"), self._key):
                self._check_host(asked)
        elif path in OPERATORS:
            self._check_operator(asked)
        if _is_peoples(asked.scope):
            self._check_page(asked)

    def _check_host(self, asked: HTTPConnection) -> None:
        host = host_name(asked.headers.get("host", ""))
        if not is_loopback(host) and host not in self._hosts:
            raise Forbidden(
                "nobody signs in here, so only names of this machine are answered: add the "
                "origin to BACKEND_ALLOWED_ORIGINS",
                param="Host",
                code="host_not_allowed",
            )

    def _check_operator(self, asked: HTTPConnection) -> None:
        if is_from_here(asked):
            return
        if self._key is None:
            raise Unauthorized("only this machine may ask", param="Authorization")
        check_bearer(asked.headers.get("authorization"), self._key)

    def _check_page(self, asked: HTTPConnection) -> None:
        is_socket = asked.scope["type"] == "websocket"
        if not is_socket and asked.scope["method"] in SAFE_METHODS:
            return
        # No foreign page can send a key without asking first. What a proxy before us asks for by
        # Basic, browsers send along with whatever any page makes them send.
        if asked.headers.get("authorization", "").lower().startswith("bearer "):
            return
        # No Origin: not a browser's page, so there is no user's cookie or place to abuse.
        origin = asked.headers.get("origin")
        site = asked.headers.get("sec-fetch-site", OWN_SITE[0])
        if origin is not None and origin not in self._settings.origins:
            raise Forbidden(
                "this page may not do that: add its origin to BACKEND_ALLOWED_ORIGINS",
                param="Origin",
                code="origin_not_allowed",
            )
        if not is_socket and site not in OWN_SITE:
            raise Forbidden(
                "a page of another site may not do that",
                param="Sec-Fetch-Site",
                code="origin_not_allowed",
            )
        if not is_socket and asked.scope["path"].startswith("/api/"):
            _check_is_no_form(asked)


def _check_is_no_form(asked: HTTPConnection) -> None:
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in FORMS:
        raise InvalidRequest(
            "send JSON with Content-Type: application/json", param="body", code="not_json"
        )


def _is_peoples(scope: Scope) -> bool:
    return str(scope["path"]).startswith(PEOPLES)


def _private(send: Send) -> Send:
    """What people are told is not for caches, unless a route knows better."""

    async def send_private(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).setdefault("cache-control", "no-store")
        await send(message)

    return send_private


async def _refuse(error: ParleyError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()  # websocket.connect
        await send({"type": "websocket.close", "code": 1008, "reason": error.message[:120]})
        return
    request_id = scope.get("state", {}).get("request_id", "")
    await error_response(error, request_id)(scope, receive, send)
