"""Ways in: setup, sign-up and login, each ending in a session."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts import audit, users
from backend.accounts.attempts import Attempts, too_many
from backend.accounts.invites import open_invite
from backend.accounts.passwords import Passwords, check_rules
from backend.accounts.schema import Credentials, NewAccount, PasswordChange, SignUp
from backend.accounts.sessions import OpenSessions, close_all, close_token, open_session
from backend.accounts.sign_in import Principal
from backend.accounts.tables import Role, UserRow
from backend.accounts.users import fold
from backend.data.db import Database
from backend.settings import BackendSettings
from chassis.errors import Conflict, Forbidden, InvalidRequest, Unauthorized

Forward = Callable[[AsyncSession, UserRow], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who knocks: told to the log of deeds and kept with the session."""

    address: str
    user_agent: str
    token: str | None  # of the session this browser had so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Somebody who is in, and their browser's new token."""

    user: UserRow
    token: str


class Entry:
    """Argon2 runs outside of the database's units of work: one is checked, the next one acts."""

    def __init__(
        self, settings: BackendSettings, database: Database, sessions: OpenSessions
    ) -> None:
        self._settings = settings
        self._database = database
        self._sessions = sessions
        self._passwords = Passwords()
        self._attempts = Attempts(settings.limits_url)

    async def knock(self, visitor: Visitor) -> None:
        """Raises Conflict when nobody signs in here, RateLimited when the address tries often."""
        self.check_is_on()
        await self._attempts.login_from(visitor.address)

    def check_is_on(self) -> None:
        if self._settings.auth == "off":
            raise Conflict("nobody signs in here: BACKEND_AUTH is off", code="auth_off")

    async def first_admin(self, body: NewAccount, visitor: Visitor) -> Entered:
        """Raises Conflict when there is one."""

        async def alone(session: AsyncSession) -> Role:
            if await users.has_admin(session):
                raise Conflict("there is an admin: sign in", code="already_set_up")
            return "admin"

        return await self._create(body, visitor, alone, users.take_over)

    async def sign_up(self, body: SignUp, visitor: Visitor) -> Entered:
        """Raises Forbidden unless the server or an invitation lets people in."""
        self.check_is_on()
        await self._attempts.sign_up_from(visitor.address)
        mode = self._settings.signup
        if mode == "closed":
            raise Forbidden("no accounts are made here", code="signup_closed")

        async def invited(session: AsyncSession) -> Role:
            if mode == "open" and body.invite is None:
                return "member"
            return (await open_invite(session, body.invite or "")).role

        async def use(session: AsyncSession, user: UserRow) -> None:
            if body.invite is not None:
                invite = await open_invite(session, body.invite)
                invite.used_at, invite.used_by = user.created_at, user.id

        async with self._database.reading() as session:  # no argon2 for who has no invitation
            await invited(session)
        return await self._create(body, visitor, invited, use)

    async def log_in(self, body: Credentials, visitor: Visitor) -> Entered:
        """Raises Unauthorized, the same for an unknown login, or RateLimited."""
        await self.knock(visitor)
        await self._attempts.check_login(fold(body.login))
        async with self._database.reading() as session:
            known = await users.find_login(session, body.login)
        _check_unlocked(known)
        password = body.password.get_secret_value()
        known_hash = known.password_hash if known else None
        if not await self._passwords.matches(password, known_hash) or known is None:
            await self._attempts.wrong_password(fold(body.login))
            if known is not None:
                await self._write_down_wrong(known, visitor)
            raise _wrong()
        renewed = None
        if self._passwords.is_outdated(known.password_hash or ""):
            renewed = await self._passwords.hash(password)
        async with self._database.writing() as session:
            user = await session.get(UserRow, known.id)
            if user is None or user.password_hash != known_hash:  # changed while it was checked
                raise _wrong()
            _check_unlocked(user)
            if user.disabled_at is not None:
                raise Forbidden("this account is disabled", code="account_disabled")
            user.password_hash = renewed or user.password_hash
            user.failed_logins, user.locked_until = 0, None
            entered = await self._open(session, user, visitor)
        await self._attempts.right_password(fold(body.login))
        return entered

    async def change_password(self, who: Principal, body: PasswordChange, visitor: Visitor) -> None:
        """Closes the user's other sessions. Raises InvalidRequest naming the field."""
        self.check_is_on()
        await self._attempts.check_login(f"user:{who.user_id}")
        async with self._database.reading() as session:
            user = await users.get_user(session, who.user_id)
        known_hash = user.password_hash
        if not await self._passwords.matches(body.current.get_secret_value(), known_hash):
            await self._attempts.wrong_password(f"user:{who.user_id}")
            raise InvalidRequest(
                "current: this is not your password",
                param="current",
                code="wrong_credentials",
                details={"fields": {"current": "this is not your password"}},
            )
        check_rules(body.new.get_secret_value(), user.login, param="new")
        hashed = await self._passwords.hash(body.new.get_secret_value())
        async with self._database.writing() as session:
            user = await users.get_user(session, who.user_id)
            if user.password_hash != known_hash:
                raise Conflict("the password was changed just now", code="password_changed")
            user.password_hash = hashed
            await close_all(session, user.id, but=who.session_id)
            await audit.record(
                session, "password_changed", user_id=user.id, address=visitor.address
            )
        self._sessions.forget(who.user_id)

    async def is_password(self, user_id: str, password: SecretStr) -> bool:
        """For deeds that are asked twice. Raises RateLimited after too many wrong ones."""
        await self._attempts.check_login(f"user:{user_id}")
        async with self._database.reading() as session:
            user = await users.get_user(session, user_id)
        if await self._passwords.matches(password.get_secret_value(), user.password_hash):
            return True
        await self._attempts.wrong_password(f"user:{user_id}")
        return False

    async def _create(
        self,
        body: NewAccount,
        visitor: Visitor,
        role_for: Callable[[AsyncSession], Awaitable[Role]],
        then: Forward,
    ) -> Entered:
        password = body.password.get_secret_value()
        check_rules(password, body.login)
        hashed = await self._passwords.hash(password)
        async with self._database.writing() as session:
            role = await role_for(session)
            user = await users.create_user(
                session,
                body.login,
                password_hash=hashed,
                role=role,
                preferred_name=body.preferred_name,
                language=body.language,
            )
            await then(session, user)
            await audit.record(session, "user_created", user_id=user.id, address=visitor.address)
            return await self._open(session, user, visitor)

    async def _open(self, session: AsyncSession, user: UserRow, visitor: Visitor) -> Entered:
        if visitor.token is not None:
            await close_token(session, visitor.token)
        token, row = await open_session(
            session,
            user.id,
            address=visitor.address,
            user_agent=visitor.user_agent,
            lasts=self._sessions.lasts,
        )
        await audit.record(
            session, "session_opened", user_id=user.id, target=row.id, address=visitor.address
        )
        return Entered(user=user, token=token)

    async def _write_down_wrong(self, known: UserRow, visitor: Visitor) -> None:
        async with self._database.writing() as session:
            locked = await users.wrong_password(session, known.id)
            action = "account_locked" if locked else "login_refused"
            await audit.record(session, action, user_id=known.id, address=visitor.address)


def _check_unlocked(user: UserRow | None) -> None:
    wait_s = users.locked_for_s(user) if user else 0.0
    if wait_s:
        raise too_many(wait_s)


def _wrong() -> Unauthorized:
    return Unauthorized("login or password is wrong", param="password", code="wrong_credentials")
