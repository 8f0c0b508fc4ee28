"""Who is forgotten leaves the files too, as far as a database lets itself be told."""

import contextlib

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from backend.accounts.tables import AuditRow, InviteRow, SessionRow, UserRow
from backend.conversations.tables import (
    ConversationRow,
    RecordingChunkRow,
    RecordingRow,
    TurnRow,
)
from backend.data.db import Database
from backend.data.postgres import WRITES
from backend.data.scrub import empty_log
from backend.gateway.tables import ApiKeyRow, UsageRow
from backend.memories.tables import MemoryRow
from backend.personas.tables import PersonaImageRow, PersonaRow
from backend.phone.tables import CallRow, PhoneLineRow
from chassis.logs import get_logger

TRIES = 5  # a reader of an older state holds the log for as long as it reads
# A table this small is written anew in a second or two, while which nobody reads it.
REWRITTEN_BYTES = 200_000_000
TABLES = (
    *(UserRow, SessionRow, InviteRow, AuditRow, ApiKeyRow, UsageRow),
    *(ConversationRow, TurnRow, RecordingRow, RecordingChunkRow),
    *(MemoryRow, PersonaRow, PersonaImageRow),
    *(PhoneLineRow, CallRow),
)

log = get_logger(__name__)


async def scrub_files(database: Database) -> None:
    """Never raises for a database that is busy: what is left goes with its own housekeeping."""
    if database.is_sqlite:
        await empty_log(database, TRIES)
        return
    try:
        async with database.engines.migrators.connect() as connection:
            # No transaction: VACUUM refuses to run in one.
            alone = {"isolation_level": "AUTOCOMMIT", WRITES: False}
            await _vacuum(await connection.execution_options(**alone))
    except (DBAPIError, OSError) as exc:
        log.warning("deleted_rows_not_vacuumed", reason=type(exc).__name__)


async def _vacuum(connection: AsyncConnection) -> None:
    """Rows that were deleted stay in their pages until these are written anew."""
    for table in TABLES:
        name = table.__tablename__
        size = await connection.scalar(text(f"SELECT pg_total_relation_size('{name}')"))
        how = "VACUUM (FULL)" if (size or 0) <= REWRITTEN_BYTES else "VACUUM"
        try:
            await connection.execute(text(f"{how} {name}"))
        except DBAPIError:  # somebody works with it
            await connection.execute(text(f"VACUUM {name}"))
    with contextlib.suppress(DBAPIError):  # only a superuser, or a member of pg_checkpoint, may
        await connection.execute(text("CHECKPOINT"))
