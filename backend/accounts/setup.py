"""The first admin: made by whoever sits at this machine, or read its log."""

import hmac
import secrets
import sys
from contextlib import suppress
from typing import Self

from starlette.requests import HTTPConnection

from backend.accounts.address import is_from_here
from backend.accounts.users import has_admin
from backend.data.db import Database
from backend.settings import BackendSettings
from chassis.errors import Forbidden, Unavailable


class FirstAdmin:
    """Enter it for the service's life: it prints the code while there is no admin."""

    def __init__(self, settings: BackendSettings, database: Database) -> None:
        self.code = ""
        self._needs_sign_in = settings.auth == "on"
        # A proxy that rewrites Host and names nobody looks like a browser on this machine: where
        # people come by other names, or through a proxy, whoever is first must know the code.
        self._is_open_to_others = bool(settings.allowed_origins or settings.trusted_proxies)
        self._database = database
        self._is_printed = False

    async def __aenter__(self) -> Self:
        with suppress(Unavailable):  # then it is printed once the database can be asked
            await self.needed()
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def needed(self) -> bool:
        """Nobody can sign in and administer: not yet, or not any more."""
        if not self._needs_sign_in:
            return False
        async with self._database.reading() as session:
            needed = not await has_admin(session)
        if needed and not self._is_printed:
            self.code = secrets.token_hex(8)  # who was admin knows the last one
            # Not a line of JSON: a person must find it, and no log collector keep it as a field.
            sys.stderr.write(f"no admin yet: make one in the web app, setup code {self.code}\n")
            sys.stderr.flush()
        self._is_printed = needed
        return needed

    def check(self, connection: HTTPConnection, code: str | None) -> None:
        """Raises Forbidden for a client elsewhere that does not know the code. Ask `needed` first:
        there is none before."""
        if is_from_here(connection) and not self._is_open_to_others:
            return
        given = (code or "").encode("utf-8", "replace")
        if not self.code or not hmac.compare_digest(given, self.code.encode()):
            raise Forbidden(
                "give the setup code that the backend printed when it started",
                param="setup_code",
                code="setup_code_wrong",
            )
