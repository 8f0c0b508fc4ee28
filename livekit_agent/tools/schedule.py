"""What comes due: kept in the database, told when its time comes, also by a replaced agent."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, Self, TypeVar

from chassis.logs import get_logger
from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.database import Database, StoreUnavailable
from livekit_agent.tools.durations import about, spoken_duration

MAX_DUE = {"timer": 20, "reminder": 100}
RECHECK_S = 30.0  # another call of the same user may have changed what is due; clocks jump
CLAIM_S = 600.0  # after this long, whoever took it to tell it is gone
KEPT_S = 30 * 86_400  # what nobody came to hear is forgotten
LATE_S = 10.0  # beyond this it is said that it was due earlier
COLUMNS = "id, kind, text, duration_s, due_at_s"
MINE = (
    "((kind = 'timer' AND conversation_id = :conversation)"
    " OR (kind = 'reminder' AND owner = :owner))"
)
FREE = "(claimed_by IS NULL OR claimed_by = :conversation OR claimed_at_s < :now - :claim)"

Kind = Literal["timer", "reminder"]
Announce = Callable[[str], Awaitable[None]]

T = TypeVar("T")
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """`due_at_s`: Unix time. `duration_s`: what a timer was set for."""

    id: int
    kind: Kind
    text: str | None
    duration_s: float | None
    due_at_s: float


class Schedule:
    """The timers of a conversation and the reminders of its user, told by `announce` when due.

    Enter it once the call can speak; leaving keeps what is not yet due for the next call.
    `announce` waits until nobody speaks and returns once the words are said.
    """

    def __init__(
        self,
        database: Database,
        announce: Announce,
        *,
        conversation_id: str,
        owner: str,
        language: Callable[[], str] = lambda: "en",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._announce = announce
        self._mine = {"conversation": conversation_id, "owner": owner}
        self._language = language
        self._now = now
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        self._task.add_done_callback(_report)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def now_s(self) -> float:
        """Unix time on the clock by which things come due."""
        return self._now()

    async def add(
        self,
        kind: Kind,
        due_at_s: float,
        *,
        text: str | None = None,
        duration_s: float | None = None,
    ) -> None:
        """Raises ToolFailure when there are too many, or they cannot be kept."""
        row = {**self._mine, "kind": kind, "text": text, "duration": duration_s, "due": due_at_s}

        def work(db: sqlite3.Connection) -> None:
            count = f"SELECT count(*) FROM due WHERE {MINE} AND kind = :kind"  # noqa: S608 constants
            if db.execute(count, row).fetchone()[0] >= MAX_DUE[kind]:
                raise ToolFailure("too_many", f"there are already {MAX_DUE[kind]} {kind}s")
            db.execute(
                "INSERT INTO due (kind, conversation_id, owner, text, duration_s, due_at_s)"
                " VALUES (:kind, :conversation, :owner, :text, :duration, :due)",
                row,
            )

        await self._change(work)

    async def pending(self, kind: Kind) -> list[Due]:
        """What is still to come and not being told just now, the next first."""
        values = {**self._mine, "kind": kind}
        select = (
            f"SELECT {COLUMNS} FROM due WHERE {MINE} AND kind = :kind AND claimed_by IS NULL"  # noqa: S608
            " ORDER BY due_at_s"
        )
        return await self._database.run(lambda db: [Due(*r) for r in db.execute(select, values)])

    async def is_awaited(self) -> bool:
        """Whether a timer is to come; none is, where the store cannot say: it would not be told."""
        try:
            return bool(await self.pending("timer"))
        except StoreUnavailable:
            return False

    async def cancel(self, chosen: list[Due]) -> int:
        """How many of `chosen` were still there to cancel."""
        ids = [(due.id,) for due in chosen]
        return await self._change(
            lambda db: db.executemany("DELETE FROM due WHERE id = ?", ids).rowcount if ids else 0
        )

    async def _change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._database.run(work)
        finally:  # cancelled or not, it may have been done
            self._changed.set()

    async def _watch(self) -> None:
        while True:
            self._changed.clear()
            try:
                wait_s = await self._tell()
            except StoreUnavailable:
                wait_s = RECHECK_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _tell(self) -> float:
        """Tell all that is due. Returns seconds to wait until more can be."""
        while (due := await self._database.run(self._claim)) is not None:
            told = False
            try:
                await self._announce(due_words(due, self._now() - due.due_at_s, self._language()))
                told = True
            except RuntimeError as exc:  # the session is not there to speak
                log.warning("due_not_told", kind=due.kind, reason=str(exc))
                return RECHECK_S
            finally:
                await self._database.run(partial(_settle, due=due, told=told))
        pending = [*await self.pending("timer"), *await self.pending("reminder")]
        next_s = min((due.due_at_s for due in pending), default=self._now() + RECHECK_S)
        return min(RECHECK_S, max(0.0, next_s - self._now()))

    def _claim(self, db: sqlite3.Connection) -> Due | None:
        """The first that is due and nobody else is telling, taken so that nobody else will."""
        now = self._now()
        values = {**self._mine, "now": now, "claim": CLAIM_S}
        db.execute("DELETE FROM due WHERE due_at_s < ?", (now - KEPT_S,))
        row = db.execute(
            f"SELECT {COLUMNS} FROM due WHERE {MINE} AND {FREE} AND due_at_s <= :now"  # noqa: S608
            " ORDER BY due_at_s LIMIT 1",
            values,
        ).fetchone()
        if row is None:
            return None
        db.execute(
            "UPDATE due SET claimed_by = :conversation, claimed_at_s = :now WHERE id = :id",
            {**values, "id": row[0]},
        )
        return Due(*row)


def _report(task: asyncio.Task[None]) -> None:
    """A watch that breaks is no reason to end a call, but one to be told of."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("schedule_broke", exc_info=error)


def due_words(due: Due, late_s: float, language: str) -> str:
    """What is said when `due` comes, `late_s` after its time."""
    late = late_s > LATE_S
    ago = about(late_s, language)
    if language == "fr":
        return _due_words_fr(due, ago if late else None)
    if due.kind == "reminder":
        return f"A reminder from {ago} ago: {due.text}." if late else f"Reminder: {due.text}."
    name = due.text or spoken_duration(due.duration_s or 0, language, as_name=True)
    if not due.text or not due.text.lower().endswith("timer"):
        name = f"{name} timer"
    return f"Your {name} was done {ago} ago." if late else f"Your {name} is done."


def _due_words_fr(due: Due, ago: str | None) -> str:
    if due.kind == "reminder":
        return f"Un rappel d'il y a {ago} : {due.text}." if ago else f"Rappel : {due.text}."
    name = due.text or f"de {spoken_duration(due.duration_s or 0, 'fr')}"
    if not name.lower().startswith("minuteur"):
        name = f"minuteur {name}"
    return f"Votre {name} est terminé" + (f" depuis {ago}." if ago else ".")


def _settle(db: sqlite3.Connection, *, due: Due, told: bool) -> None:
    """Told: it is over. Not told: somebody else may."""
    if told:
        db.execute("DELETE FROM due WHERE id = ?", (due.id,))
    else:
        db.execute("UPDATE due SET claimed_by = NULL WHERE id = ?", (due.id,))
