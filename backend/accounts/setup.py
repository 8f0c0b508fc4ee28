"""The first admin: made by whoever sits at this machine, or read its log."""

import hmac
import secrets
import sys
from typing import Self

from starlette.requests import HTTPConnection

from backend.accounts.address import is_from_here
from backend.accounts.users import has_admin
from backend.data.db import Database
from backend.settings import BackendSettings
from chassis.errors import Forbidden, Unavailable


class FirstAdmin:
    """Enter it for the service's life: it prints the code at start, while there is no admin."""

    def __init__(self, settings: BackendSettings, database: Database) -> None:
        self.code = secrets.token_hex(8)
        self._needs_sign_in = settings.auth == "on"
        self._database = database
        self._exists = False

    async def __aenter__(self) -> Self:
        try:
            needed = await self.needed()
        except Unavailable:  # a code too many does no harm: it works only while it is needed
            needed = self._needs_sign_in
        if needed:
            # Not a line of JSON: a person must find it, and no log collector keep it as a field.
            sys.stderr.write(f"no admin yet: make one in the web app, setup code {self.code}\n")
            sys.stderr.flush()
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def needed(self) -> bool:
        """Nobody can sign in and administer yet. Once somebody can, that stays."""
        if not self._needs_sign_in or self._exists:
            return False
        async with self._database.reading() as session:
            self._exists = await has_admin(session)
        return not self._exists

    def check(self, connection: HTTPConnection, code: str | None) -> None:
        """Raises Forbidden for a client elsewhere that does not know the code."""
        if is_from_here(connection):
            return
        if not hmac.compare_digest((code or "").encode("utf-8", "replace"), self.code.encode()):
            raise Forbidden(
                "give the setup code that the backend printed when it started",
                param="setup_code",
                code="setup_code_wrong",
            )
