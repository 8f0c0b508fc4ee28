"""Telephone calls and the SFU's rooms agree: the leader looks every other second.

Ends what the agent could not: a call whose room is gone, a room in which it rings and nobody
answers, a room that outlived its call. And writes down a call that nobody told of.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.background import Leads, Rounds
from backend.conversations.tables import ConversationRow
from backend.data.db import Database
from backend.phone import calls
from backend.phone.call_metrics import CallMetrics
from backend.phone.sip_sfu import PhoneRoom
from backend.phone.tables import CallRow, PhoneLineRow
from backend.rooms.watcher_sfu import NotThere, SfuFailed
from chassis.ended import EndedReason
from chassis.errors import Unavailable
from chassis.logs import get_logger
from chassis.room_names import kept_name

RINGS_FOR_S = 10.0  # without an agent: then it is told that nobody answers
GONE_FOR_S = 10.0  # a restarted SFU has no rooms until callers are back
OVER_FOR_S = 30.0  # last words and a hang-up take seconds
TOLD_WITHIN_S = 10.0  # the agent says in its first second whose call it is in

log = get_logger(__name__)


class PhoneRooms(Protocol):
    """The SFU, as far as it is asked here; `sip_sfu.SipSfu` in life. Methods raise SfuFailed."""

    async def rooms(self) -> list[str]: ...
    async def look(self, room: str) -> PhoneRoom: ...
    async def close_room(self, room: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What one look saw that is not as it should be: rooms by name, calls by id."""

    unanswered: Mapping[str, PhoneRoom]
    untold: Mapping[str, PhoneRoom]
    answered: Collection[str]  # that rang until now
    gone: Mapping[str, datetime]  # since when


class CallKeeper(Rounds):
    """Enter it for the service's life."""

    EVERY_S = 2.0

    def __init__(
        self,
        database: Database,
        leader: Leads,
        sfu: PhoneRooms,
        metrics: CallMetrics,
        max_calls: int | None,
    ) -> None:
        self._database = database
        self._leader = leader
        self._sfu = sfu
        self._metrics = metrics
        self._max_calls = max_calls
        self._since_s: dict[tuple[str, str], float] = {}  # by what is odd, and of whom
        self._missed_at: dict[str, datetime] = {}  # by call
        self._noted: set[tuple[str, str]] = set()

    async def look(self) -> None:
        """Raises SfuFailed, Unavailable."""
        async with self._database.reading() as session:
            known = await calls.open_calls(session)  # before the rooms: none is missed between
        rooms = {kept_name(room): room for room in await self._sfu.rooms()}
        if not rooms and not known:
            self._forget()
            self._metrics.on_now(0)
            return
        async with self._database.reading() as session:
            known = await _calls_of(session, rooms.keys())
        self._noted.clear()
        await self._close_finished(known, rooms)
        seen = await self._see(known, rooms)
        self._since_s = {key: at for key, at in self._since_s.items() if key in self._noted}
        on = sum(row.ended_at is None and calls.takes_a_line(row) for row in known)
        self._metrics.on_now(on)
        if seen.gone or seen.answered or seen.unanswered or seen.untold:
            full = self._max_calls is not None and on >= self._max_calls
            await self._write(seen, EndedReason.LINES_BUSY if full else EndedReason.NOT_ANSWERED)
        for room in seen.unanswered:
            await self._close(room, "nobody answered")

    async def _round(self) -> None:
        try:
            if self._leader.leads:
                await self.look()
            else:
                self._forget()
        except (SfuFailed, Unavailable) as exc:
            log.debug("phone_calls_not_seen", reason=str(exc))

    def _forget(self) -> None:
        self._since_s.clear()
        self._missed_at.clear()

    def _for_s(self, what: str, whose: str) -> float:
        """How long it has been so, look by look."""
        key = (what, whose)
        self._noted.add(key)
        return time.monotonic() - self._since_s.setdefault(key, time.monotonic())

    async def _see(self, known: Collection[CallRow], rooms: Mapping[str, str]) -> _Seen:
        by_room = {row.room: row for row in known}
        unanswered: dict[str, PhoneRoom] = {}
        untold: dict[str, PhoneRoom] = {}
        answered: list[str] = []
        for kept, room in rooms.items():
            row = by_room.get(kept)
            if row is not None and (row.answered_at is not None or row.ended_at is not None):
                continue
            try:
                there = await self._sfu.look(room)
            except NotThere:
                continue
            if there.status is None:
                continue
            if row is not None:
                if there.status == "active":
                    answered.append(row.id)
            elif not there.has_agent:
                if self._for_s("rings", room) >= RINGS_FOR_S:
                    unanswered[room] = there
            elif self._for_s("untold", room) >= TOLD_WITHIN_S:
                untold[room] = there
        return _Seen(
            unanswered=unanswered,
            untold=untold,
            answered=answered,
            gone=self._gone(known, rooms),
        )

    def _gone(self, known: Collection[CallRow], rooms: Mapping[str, str]) -> dict[str, datetime]:
        missed = {row.id for row in known if row.ended_at is None and row.room not in rooms}
        self._missed_at = {id_: self._missed_at.get(id_) or datetime.now(UTC) for id_ in missed}
        return {
            id_: self._missed_at[id_] for id_ in missed if self._for_s("gone", id_) >= GONE_FOR_S
        }

    async def _close_finished(self, known: Collection[CallRow], rooms: Mapping[str, str]) -> None:
        now = datetime.now(UTC)
        for row in known:
            if row.ended_at is None or row.is_guess or row.room not in rooms:
                continue
            if (now - row.ended_at).total_seconds() >= OVER_FOR_S:
                await self._close(rooms[row.room], "the call is over")

    async def _close(self, room: str, why: str) -> None:
        log.warning("phone_room_closed", room=kept_name(room), why=why)
        try:
            await self._sfu.close_room(room)
        except NotThere:
            return

    async def _write(self, seen: _Seen, unanswered: EndedReason) -> None:
        ended: list[CallRow] = []
        begun: list[CallRow] = []
        async with self._database.writing() as session:
            for call_id, at in seen.gone.items():
                row = await session.get(CallRow, call_id)
                if row is not None and await _end_gone(session, row, at):
                    ended.append(row)
            for call_id in seen.answered:
                row = await session.get(CallRow, call_id)
                if row is not None:
                    row.answered_at = row.answered_at or datetime.now(UTC)
            for room, there in (*seen.unanswered.items(), *seen.untold.items()):
                row = await _write_down(session, room, there)
                if row is None:
                    continue
                if room in seen.unanswered:
                    row.answered_at = None
                    calls.end(row, unanswered, datetime.now(UTC))
                begun.append(row)
        for row in begun:
            self._metrics.begun(row)
        for row in ended:
            self._metrics.ended(row)


async def _calls_of(session: AsyncSession, kept_names: Collection[str]) -> list[CallRow]:
    """Those that are on, and those whose room is there."""
    query = select(CallRow).where(or_(CallRow.ended_at.is_(None), CallRow.room.in_(kept_names)))
    return list(await session.scalars(query))


async def _end_gone(session: AsyncSession, row: CallRow, at: datetime) -> bool:
    """What the agent wrote of the conversation is better than a guess."""
    known = await session.get(ConversationRow, row.conversation_id or "")
    if known is not None and known.ended_at is not None and known.ended_reason is not None:
        return calls.end(row, EndedReason(known.ended_reason), known.ended_at)
    rang = row.answered_at is None
    reason = EndedReason.NOT_ANSWERED if rang else EndedReason.AGENT_LOST
    return calls.end(row, reason, at, guess=True)


async def _write_down(session: AsyncSession, room: str, there: PhoneRoom) -> CallRow | None:
    """A call that nobody told of; None when somebody did meanwhile. Its agent could not ask whose
    it is, takes it for nobody's, and names the conversation by the room."""
    if await calls.find_call(session, room) is not None:
        return None
    row = await calls.begin(
        session,
        calls.NewCall(
            room=room,
            direction="inbound",
            line=await session.get(PhoneLineRow, there.line_id or ""),
            caller=there.caller,
            called=there.called,
            sip_call_id=there.sip_call_id,
            conversation_id=kept_name(room),
        ),
    )
    row.is_known = False
    return row
