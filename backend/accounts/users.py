"""People: made, found by login, changed, deleted."""

import secrets
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.attempts import LOCKED_MINUTES, WRONG_IN_A_ROW
from backend.accounts.tables import LOCAL_USER, Role, UserRow
from backend.conversations.deleted import bury
from backend.conversations.tables import ConversationRow
from backend.gateway.tables import ApiKeyRow, UsageRow
from backend.memories.tables import MemoryRow
from backend.personas.tables import PersonaRow
from backend.phone.tables import CallRow, PhoneLineRow
from chassis.errors import Conflict, NotFound

# Preferences of the local user that go to whoever takes over from them.
PREFERENCES = (
    "preferred_name",
    "language",
    "memory_policy",
    "record_calls",
    "retention_days",
    "default_persona_id",
    "memories_version",
)


async def create_user(
    session: AsyncSession,
    login: str,
    *,
    password_hash: str,
    role: Role,
    preferred_name: str | None,
    language: str | None,
) -> UserRow:
    """Raises Conflict when somebody has that login, however it is capitalised."""
    if await find_login(session, login) is not None or fold(login) == LOCAL_USER:
        raise Conflict("somebody has that login", param="login", code="login_taken")
    user = UserRow(
        id=secrets.token_urlsafe(16),
        login=login,
        folded_login=fold(login),
        password_hash=password_hash,
        role=role,
        preferred_name=preferred_name,
        language=language,
        memory_policy="auto",
        record_calls=False,
        memories_version=0,
        failed_logins=0,
        created_at=datetime.now(UTC),
    )
    session.add(user)
    await session.flush()
    return user


def fold(login: str) -> str:
    """What makes two logins one."""
    return unicodedata.normalize("NFKC", login).casefold()


async def find_login(session: AsyncSession, login: str) -> UserRow | None:
    """Somebody with a password."""
    query = select(UserRow).where(UserRow.folded_login == fold(login))
    return (await session.scalars(query.where(UserRow.password_hash.is_not(None)))).one_or_none()


async def get_user(session: AsyncSession, user_id: str) -> UserRow:
    """Raises NotFound."""
    user = await session.get(UserRow, user_id)
    if user is None:
        raise NotFound("there is no such user", param="user_id")
    return user


async def get_account(session: AsyncSession, user_id: str) -> UserRow:
    """As `get_user`, of somebody with a password: the local user is nobody's to change."""
    user = await get_user(session, user_id)
    if user.password_hash is None:
        raise NotFound("there is no such user", param="user_id")
    return user


async def all_users(session: AsyncSession, *, local: bool) -> Sequence[UserRow]:
    """`local`: the one who has no password too."""
    query = select(UserRow).order_by(UserRow.created_at, UserRow.id)
    if not local:
        query = query.where(UserRow.password_hash.is_not(None))
    return (await session.scalars(query)).all()


async def has_admin(session: AsyncSession) -> bool:
    """Somebody who can sign in and let others in."""
    query = select(UserRow.id).where(UserRow.role == "admin", UserRow.password_hash.is_not(None))
    return (await session.scalars(query.limit(1))).first() is not None


async def keep_an_admin(session: AsyncSession, leaving: UserRow) -> None:
    """Raises Conflict when nobody but `leaving` could administer."""
    others = select(func.count()).select_from(UserRow)
    others = others.where(UserRow.role == "admin", UserRow.id != leaving.id)
    others = others.where(UserRow.password_hash.is_not(None), UserRow.disabled_at.is_(None))
    if leaving.role == "admin" and not await session.scalar(others):
        raise Conflict("somebody must stay admin", param="user_id", code="last_admin")


async def wrong_password(session: AsyncSession, user_id: str) -> bool:
    """Count it. True when it locked the account: WRONG_IN_A_ROW, kept over restarts."""
    user = await session.get(UserRow, user_id)
    if user is None:
        return False
    user.failed_logins += 1
    if user.failed_logins < WRONG_IN_A_ROW:
        return False
    user.failed_logins = 0
    user.locked_until = datetime.now(UTC) + timedelta(minutes=LOCKED_MINUTES)
    return True


def locked_for_s(user: UserRow) -> float:
    """0 when the user may try."""
    if user.locked_until is None:
        return 0.0
    return max(0.0, (user.locked_until - datetime.now(UTC)).total_seconds())


async def take_over(session: AsyncSession, user: UserRow) -> None:
    """What the local user has becomes `user`'s: signing in for the first time loses nothing."""
    local = await session.get(UserRow, LOCAL_USER)
    if local is None:
        return
    for name in PREFERENCES:
        given = getattr(user, name) if name in ("preferred_name", "language") else None
        setattr(user, name, given or getattr(local, name))
    for table in (ConversationRow, MemoryRow, ApiKeyRow, UsageRow, PhoneLineRow, CallRow):
        await session.execute(
            update(table).where(table.user_id == LOCAL_USER).values(user_id=user.id)
        )
    owned = update(PersonaRow).where(PersonaRow.owner_id == LOCAL_USER)
    await session.execute(owned.values(owner_id=user.id))
    local.default_persona_id = None


async def delete_account(session: AsyncSession, user_id: str) -> None:
    """The row, its sessions and keys. A tombstone stays: word of the user that comes late is
    dropped. What else they have is the caller's to delete, in the same unit of work."""
    await bury(session, user_id)
    await session.execute(delete(UserRow).where(UserRow.id == user_id))
