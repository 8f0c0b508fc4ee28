"""One of several backends leads: a lease in the database, taken and renewed by compare-and-set.

Nobody compares clocks. The leader counts up while it lives; who sees the count stand still for
`LEASE_S` on its own clock may take over, and by then the leader has stopped by its own.
"""

import contextlib
import secrets
import time
from collections.abc import Callable

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from backend.background import Rounds
from backend.data.db import Base, Database
from chassis.errors import Unavailable
from chassis.logs import get_logger

LEASE_S = 3.0  # with one beat before and one after: another leads within 5 s
BEAT_S = 1.0
NOBODY = ""

log = get_logger(__name__)


class Lease(Base):
    """Who leads in one matter. Rows are made by a migration."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    beats: Mapped[int]


class Leader(Rounds):
    """Enter it to stand for leadership; leaving hands the lease back."""

    EVERY_S = BEAT_S

    def __init__(
        self, database: Database, name: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock`: seconds that only grow."""
        self._database = database
        self._name = name
        self._clock = clock
        self._me = secrets.token_hex(8)
        self._until_s = float("-inf")
        self._seen: tuple[str, int] | None = None
        self._seen_at_s = 0.0

    @property
    def leads(self) -> bool:
        """False as soon as another may lead, also when the database cannot be reached."""
        return self._clock() < self._until_s

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        with contextlib.suppress(Unavailable):
            await self.release()

    async def beat(self) -> None:
        """Renew, or take over what nobody renews. Raises Unavailable with the database."""
        began_s = self._clock()
        led = self.leads
        async with self._database.writing() as session:
            row = (
                await session.execute(
                    select(Lease.holder, Lease.beats).where(Lease.name == self._name)
                )
            ).one()
            seen = (row.holder, row.beats)
            if self._may_take(seen, began_s):
                taken = await session.execute(
                    update(Lease)
                    .where(
                        Lease.name == self._name, Lease.holder == seen[0], Lease.beats == seen[1]
                    )
                    .values(holder=self._me, beats=seen[1] + 1)
                    .returning(Lease.beats)
                )
                mine = taken.one_or_none() is not None
            else:
                mine = False
        # Counted from before the others could see it: they wait from later on.
        self._until_s = began_s + LEASE_S if mine else float("-inf")
        if mine and not led:
            log.info("leadership_taken", matter=self._name)
        elif led and not mine:
            log.warning("leadership_lost", matter=self._name)

    async def release(self) -> None:
        """Let another lead at once. Nothing to do when another leads."""
        self._until_s = float("-inf")
        async with self._database.writing() as session:
            await session.execute(
                update(Lease)
                .where(Lease.name == self._name, Lease.holder == self._me)
                .values(holder=NOBODY)
            )

    def _may_take(self, seen: tuple[str, int], now_s: float) -> bool:
        if seen != self._seen:
            self._seen, self._seen_at_s = seen, now_s
        stands_still = now_s - self._seen_at_s >= LEASE_S
        return seen[0] in (self._me, NOBODY) or stands_still

    async def _round(self) -> None:
        # Until the database is back nobody can tell who leads: then nobody does.
        with contextlib.suppress(Unavailable):
            await self.beat()
