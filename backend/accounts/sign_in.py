"""Who is asking: told to every route of `/api` and `/v1`."""

from datetime import timedelta

from starlette.requests import HTTPConnection
from starlette.responses import Response

from backend.accounts.address import came_by_https, client_address
from backend.accounts.sessions import OpenSessions, Principal
from backend.accounts.tables import LOCAL_USER
from backend.data.db import Database
from backend.settings import BackendSettings
from chassis.errors import Forbidden, Unauthorized

__all__ = ["Principal", "SignIn"]

COOKIE = "parley_session"
COOKIE_AGE_S = 400 * 86_400  # as long as browsers keep any: the row tells when a session ends


class SignIn:
    """Dependencies of routes: `Annotated[Principal, Depends(sign_in.user)]`."""

    def __init__(self, settings: BackendSettings, database: Database) -> None:
        self._settings = settings
        self.sessions = OpenSessions(database, timedelta(days=settings.session_days))

    async def user(self, connection: HTTPConnection) -> Principal:
        """Raises Unauthorized when nobody is signed in."""
        principal = await self.maybe_user(connection)
        if principal is None:
            raise Unauthorized("sign in first", param="Cookie", code="not_signed_in")
        return principal

    async def admin(self, connection: HTTPConnection) -> Principal:
        """As `user`; raises Forbidden when the user is no admin."""
        principal = await self.user(connection)
        if principal.role != "admin":
            raise Forbidden("only an admin may do that", code="not_admin")
        return principal

    async def maybe_user(self, connection: HTTPConnection) -> Principal | None:
        """None when nobody is signed in, for routes that tell a visitor less."""
        if self._settings.auth == "off":
            return Principal(user_id=LOCAL_USER, role="admin")
        token = self.token(connection)
        return None if token is None else await self.sessions.principal(token)

    def address(self, connection: HTTPConnection) -> str:
        """Where they ask from, for the audit and for limits."""
        return client_address(connection, self._settings.trusted_proxies)

    def token(self, connection: HTTPConnection) -> str | None:
        """What the browser's cookie says, true or not."""
        return connection.cookies.get(COOKIE)

    def remember(self, connection: HTTPConnection, response: Response, token: str) -> None:
        """Give the browser its cookie."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=COOKIE_AGE_S,
            path="/",
            httponly=True,
            samesite="lax",
            secure=came_by_https(connection, self._settings.trusted_proxies),
        )

    def forget(self, response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
