"""Who may use `/v1`, and how much: by API key, else as the web app's user."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import Scope

from backend.accounts.sign_in import SignIn
from backend.gateway.keychain import Keychain, KnownKey
from backend.gateway.quotas import Quotas
from backend.gateway.schema import Service
from backend.gateway.usage import Ledger, Used
from chassis.errors import Forbidden, RateLimited, Unauthorized, Unavailable
from chassis.logs import get_logger

SUBPROTOCOL_KEY = "openai-insecure-api-key."  # how OpenAI's clients in browsers send one
log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: with a key and its secret, or a user of the web app from a browser."""

    user_id: str
    secret: str | None = None
    key: KnownKey | None = None
    browser: HTTPConnection | None = None

    @property
    def key_id(self) -> str:
        return self.key.id if self.key else ""


class Admission:
    """Lets requests in, and counts what they used."""

    def __init__(self, sign_in: SignIn, keychain: Keychain, quotas: Quotas, ledger: Ledger) -> None:
        self._sign_in = sign_in
        self._keychain = keychain
        self._quotas = quotas
        self._ledger = ledger

    async def caller(self, scope: Scope) -> Caller:
        """Raises Unauthorized, Unavailable without a database. Foreign pages came no further than
        the gate."""
        secret = _secret(scope)
        if secret is not None:
            key = await self._keychain.find(secret)
            return Caller(user_id=key.user_id, secret=secret, key=key)
        browser = HTTPConnection(scope)
        who = await self._sign_in.user(browser)
        return Caller(user_id=who.user_id, browser=browser)

    async def admit(self, caller: Caller, service: Service) -> None:
        """Count one request. Raises Forbidden without the scope, RateLimited over a quota."""
        if caller.key is not None:
            if not self.may_use(caller, service):
                raise Forbidden(
                    f"this API key is not for {service}", code="missing_scope", param="scopes"
                )
            await self._quotas.admit(caller.key, service)
        self._ledger.add(caller.user_id, caller.key_id, service, Used(), requests=1)

    def may_use(self, caller: Caller, service: Service) -> bool:
        return caller.key is None or service in caller.key.scopes

    async def still_works(self, caller: Caller) -> bool:
        """Of a socket that stays open. A key that was silent for long, or was given an end, is read
        again, as is a browser's session; without a database the socket goes on."""
        if caller.secret is not None and self._keychain.works(caller.secret):
            return True
        try:
            if caller.secret is not None:
                await self._keychain.find(caller.secret)
            elif caller.browser is not None:
                await self._sign_in.user(caller.browser)
        except Unauthorized:
            return False
        except Unavailable as exc:
            log.warning("key_not_read", code=exc.error_code)
        return True

    async def has_some_left(self, caller: Caller, service: Service) -> bool:
        """Of the day's quota, for what runs without end; where it cannot be looked at, yes."""
        if caller.key is None:
            return True
        try:
            await self._quotas.check_day(caller.key, service)
        except RateLimited:
            return False
        except Unavailable as exc:
            log.warning("quota_not_read", code=exc.error_code)
        return True

    async def used(self, caller: Caller, service: Service, used: Used) -> None:
        """Add to what was used; of a running request as well."""
        self._ledger.add(caller.user_id, caller.key_id, service, used)
        if caller.key is None:
            return
        try:
            await self._quotas.count(caller.key, service, used)
        except Unavailable as exc:  # the next request is told: its quota cannot be looked at
            log.warning("usage_not_counted", code=exc.error_code)


def _secret(scope: Scope) -> str | None:
    """The bearer key; None when there is none. Raises Unauthorized for another kind."""
    headers = scope["headers"]
    for name, value in headers:
        if name == b"authorization":
            scheme, _, secret = value.decode("latin-1").partition(" ")
            if scheme.lower() != "bearer":
                raise Unauthorized("send an API key as a bearer token", param="Authorization")
            return str(secret.strip())
    for offered in scope.get("subprotocols", ()):
        if offered.startswith(SUBPROTOCOL_KEY):
            return str(offered.removeprefix(SUBPROTOCOL_KEY))
    return None
