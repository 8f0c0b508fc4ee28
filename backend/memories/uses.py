"""When memories were last told to the agent: noted at once, written now and then."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import Table, bindparam, update

from backend.background import Background
from backend.data.db import Database
from backend.memories.tables import MemoryRow
from chassis.errors import Unavailable
from chassis.logs import get_logger

WRITE_EVERY_S = 10.0
MOST_WAITING = 10_000

# Of the table, not of the mapped class: that one insists that each row is still there.
TABLE = MemoryRow.__table__
assert isinstance(TABLE, Table)
USED = update(TABLE).where(TABLE.c.id == bindparam("told")).values(last_used_at=bindparam("at"))

log = get_logger(__name__)


class Uses(Background):
    """Of all users. Enter it; what is noted when it is left is written then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._at: dict[str, datetime] = {}

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        await self._write()

    def note(self, *ids: str) -> None:
        """These were told just now."""
        if len(self._at) < MOST_WAITING:
            self._at |= dict.fromkeys(ids, datetime.now(UTC))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            await self._write()

    async def _write(self) -> None:
        """What the database does not take now is not worth keeping: it will be told again."""
        noted, self._at = self._at, {}
        if not noted:
            return
        rows = [{"told": id_, "at": at} for id_, at in noted.items()]
        try:
            async with self._database.writing() as session:
                await session.execute(USED, rows)
        except Unavailable as exc:
            log.info("uses_not_written", reason=exc.message)
