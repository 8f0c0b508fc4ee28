"""What every database is asked for: connections that read, that write and that migrate."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

LOCK_TIMEOUT_S = 1.0  # how long a statement waits for another's write to end
DEADLINE_S = 3.0  # of a unit of work, and then until its statement ends: no thread can be stopped
POOL_TIMEOUT_S = 2.0
MIGRATE_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Three ways into one database. A transaction of each begins as its purpose needs."""

    readers: AsyncEngine  # sees one state from its first statement to its last
    writers: AsyncEngine  # one transaction at a time, of all processes: what it reads stays true
    migrators: AsyncEngine  # as writers, with the time that a change of tables takes

    async def dispose(self) -> None:
        await self.readers.dispose()
        await self.migrators.dispose()
