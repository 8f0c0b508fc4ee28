"""Forget a user: everything that is theirs, from the tables and from the files beneath."""

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.gone import Deed, OnUserGone
from backend.accounts.sessions import OpenSessions
from backend.accounts.tables import LOCAL_USER, AuditRow, InviteRow, SessionRow, UserRow
from backend.accounts.users import delete_account, keep_an_admin
from backend.conversations.deleted import delete_batch_of, drop_sound, of_user
from backend.data.db import Database
from backend.data.portability_scrub import scrub_files
from backend.gateway.tables import ApiKeyRow, UsageRow
from backend.memories.search import MemorySearch
from backend.memories.stored import remove_all
from backend.personas.tables import PersonaRow
from backend.phone.tables import CallRow, PhoneLineRow


class Forgetting:
    """Deletes a user: calls, data, account, and what files keep of it."""

    def __init__(
        self,
        database: Database,
        sessions: OpenSessions,
        search: MemorySearch,
        on_user_gone: OnUserGone,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._search = search
        self._on_user_gone = on_user_gone

    async def __call__(self, user_id: str, deed: Deed) -> None:
        """`deed` is of the unit of work that deletes the account: what it raises keeps that."""
        await self._on_user_gone(user_id)  # a call that goes on would be written down
        await forget_conversations(self._database, user_id)
        async with self._database.writing() as session:
            await deed(session)
            await forget_rows(session, user_id)
        self._search.indexes.drop(user_id)
        self._sessions.forget(user_id)
        await self._on_user_gone(user_id)  # one that began meanwhile
        await scrub_files(self._database)


async def forget_conversations(database: Database, user_id: str) -> None:
    """As many units of work as it takes: years of calls do not go within one."""
    await drop_sound(database, of_user(user_id))
    left = 1
    while left:
        async with database.writing() as session:
            left = await delete_batch_of(session, user_id)


async def forget_rows(session: AsyncSession, user_id: str) -> None:
    """All of the user in one unit of work, the account too; of the local one only what is in it.
    Years of calls go by `forget_conversations` first."""
    while await delete_batch_of(session, user_id):
        pass
    await remove_all(session, user_id)
    await session.execute(delete(PersonaRow).where(PersonaRow.owner_id == user_id))
    for table in (SessionRow, ApiKeyRow, UsageRow, CallRow, PhoneLineRow):
        await session.execute(delete(table).where(table.user_id == user_id))
    await _leave_no_name(session, user_id)
    if user_id == LOCAL_USER:
        await _reset_local(session)
    else:
        await delete_account(session, user_id)


async def refuse_the_last_admin(session: AsyncSession, user: UserRow) -> None:
    """Raises Conflict when others would be left without an admin. Who is alone may go."""
    others = select(func.count()).select_from(UserRow)
    others = others.where(UserRow.id != user.id, UserRow.password_hash.is_not(None))
    if await session.scalar(others):
        await keep_an_admin(session, user)


async def _leave_no_name(session: AsyncSession, user_id: str) -> None:
    """What was done stays in the audit; who did it, and from where, does not."""
    did = update(AuditRow).where(AuditRow.user_id == user_id)
    await session.execute(did.values(user_id=None, address=None))
    done_to = update(AuditRow).where(AuditRow.target == user_id)
    await session.execute(done_to.values(target=None))
    invited = update(InviteRow).where(InviteRow.created_by == user_id)
    await session.execute(invited.values(created_by=""))
    came = update(InviteRow).where(InviteRow.used_by == user_id)
    await session.execute(came.values(used_by=None))


async def _reset_local(session: AsyncSession) -> None:
    reset = update(UserRow).where(UserRow.id == LOCAL_USER)
    await session.execute(
        reset.values(
            preferred_name=None,
            language=None,
            memory_policy="auto",
            record_calls=False,
            retention_days=None,
            default_persona_id=None,
            failed_logins=0,
            locked_until=None,
            last_seen_at=None,
        )
    )
