"""Calls that go out: to allowed numbers, never in a loop, each with a result."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from livekit.protocol.sip import CreateSIPParticipantRequest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.data.db import Database
from backend.personas.stored import find_persona
from backend.phone import calls, lines, schema
from backend.phone.call_metrics import CallMetrics
from backend.phone.dial_results import NEVER_RANG, failure_of
from backend.phone.plan import encryption_of
from backend.phone.sip_sfu import CALLEE, PhoneRoom
from backend.phone.tables import CallRow, PhoneLineRow
from backend.rooms.names import new_phone_room
from backend.rooms.watcher_sfu import NotThere, SfuFailed
from chassis.ended import EndedReason
from chassis.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    ParleyError,
    RateLimited,
    Unavailable,
)
from chassis.logs import get_logger

ALL = "*"
RECENT = timedelta(minutes=10)
DIALS_A_MINUTE = 10
TRIES = 3  # of one number, in RECENT, that failed: then it is left alone
RETRY_S = 60.0
CLOSED_WITHIN_S = 5.0
AGENT_WITHIN_S = 15.0  # a process may have to start for it
LOOK_EVERY_S = 0.25

log = get_logger(__name__)


class Telephony(Protocol):
    """The SFU, as far as it is asked here; `sip_sfu.SipSfu` in life. Methods raise SfuFailed."""

    async def outbound_trunk(self, line_id: str) -> str | None: ...
    async def open_room(self, room: str, metadata: str) -> None: ...
    async def look(self, room: str) -> PhoneRoom: ...
    async def close_room(self, room: str) -> None: ...
    async def dial(self, request: CreateSIPParticipantRequest) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dialled:
    """A call that rings, and what the SFU needs for it."""

    call: CallRow
    line: PhoneLineRow
    room: str
    told: str  # what the agent is told, JSON


class Dialler:
    """Enter it for the service's life; leaving hangs up what still rings."""

    def __init__(
        self,
        database: Database,
        sfu: Telephony,
        metrics: CallMetrics,
        *,
        allowed: Sequence[str],
        max_calls: int | None,
    ) -> None:
        """`allowed`: beginnings of numbers, or *. `max_calls` None: as many as asked for."""
        self._database = database
        self._sfu = sfu
        self._metrics = metrics
        self._allowed = allowed
        self._max_calls = max_calls
        self._ringing: dict[str, asyncio.Task[None]] = {}  # by call

    async def __aenter__(self) -> "Dialler":
        return self

    async def __aexit__(self, *_: object) -> None:
        ringing = list(self._ringing.values())
        for task in ringing:
            task.cancel()
        await asyncio.gather(*ringing, return_exceptions=True)

    async def dial(self, body: schema.Dial) -> schema.Call:
        """The call, which rings: its end says what came of it. Raises what the routes tell."""
        try:
            dialled = await self._begin(body)
        except ParleyError as exc:
            self._metrics.refused(exc.error_code)
            raise
        self._metrics.begun(dialled.call)
        call_id = dialled.call.id
        self._ringing[call_id] = task = asyncio.create_task(self._ring(dialled))
        task.add_done_callback(lambda _: self._ringing.pop(call_id, None))
        return calls.told(dialled.call)

    async def give_up(self, call_id: str) -> None:
        """It rings no longer, nor begins to: a call that has no room yet is not ended by closing
        one. Nothing to do is fine."""
        task = self._ringing.get(call_id)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _begin(self, body: schema.Dial) -> _Dialled:
        self._check_allowed(body.to)
        room = new_phone_room()
        async with self._database.writing() as session:
            known = await lines.all_lines(session)
            if any(body.to in line.numbers for line in known):
                raise InvalidRequest("that is a number of ours", param="to", code="dial_loop")
            line = _line_for(known, body.line_id)
            await _check_rate(session, body.to)
            if self._max_calls is not None and await calls.on_now(session) >= self._max_calls:
                raise Unavailable("all lines are busy", code="lines_busy", retry_after_s=RETRY_S)
            persona_id = await _persona(session, line, body.persona_id)
            call = await calls.begin(
                session,
                calls.NewCall(
                    room=room,
                    direction="outbound",
                    line=line,
                    caller=line.numbers[0],
                    called=body.to,
                    persona_id=persona_id,
                    answered=False,
                ),
            )
        return _Dialled(call=call, line=line, room=room, told=_told(call))

    def _check_allowed(self, number: str) -> None:
        if not any(begin == ALL or number.startswith(begin) for begin in self._allowed):
            raise Forbidden(
                "that number may not be called: BACKEND_PHONE_DIAL_ALLOW names those that may",
                param="to",
                code="number_not_allowed",
            )

    async def _ring(self, dialled: _Dialled) -> None:
        """Until somebody answers, or nobody does."""
        rings = False
        try:
            trunk = await self._sfu.outbound_trunk(dialled.line.id)
            if trunk is None:
                raise SfuFailed("the voice server does not have the line yet")
            await self._sfu.open_room(dialled.room, dialled.told)
            if not await self._has_agent(dialled.room):
                log.info("call_without_agent", call_id=dialled.call.id)
                await self._over(dialled, EndedReason.LINES_BUSY)
                return
            rings = True
            await self._sfu.dial(_request(dialled, trunk))
        except SfuFailed as exc:
            failure = failure_of(exc) if rings else NEVER_RANG
            log.info(
                "call_not_reached",
                call_id=dialled.call.id,
                reason=failure.reason.value,
                sip_status=failure.status,
            )
            await self._over(dialled, failure.reason)
        except asyncio.CancelledError:
            await self._close(dialled.room)  # the keeper of the next backend ends the call
            raise
        else:
            await self._answered(dialled.call.id)

    async def _has_agent(self, room: str) -> bool:
        """Nobody is rung up only to hear nothing: workers may be away, or full."""
        until_s = time.monotonic() + AGENT_WITHIN_S
        while time.monotonic() < until_s:
            if (await self._sfu.look(room)).has_agent:
                return True
            await asyncio.sleep(LOOK_EVERY_S)
        return False

    async def _answered(self, call_id: str) -> None:
        try:
            async with self._database.writing() as session:
                row = await session.get(CallRow, call_id)
                if row is not None:
                    row.answered_at = row.answered_at or datetime.now(UTC)
        except Unavailable:  # the keeper sees it, too
            log.warning("call_answer_not_recorded", call_id=call_id)

    async def _over(self, dialled: _Dialled, reason: EndedReason) -> None:
        await self._close(dialled.room)
        try:
            async with self._database.writing() as session:
                row = await session.get(CallRow, dialled.call.id)
                is_news = row is not None and calls.end(row, reason, datetime.now(UTC))
        except Unavailable:  # the keeper ends it for want of a room
            log.warning("call_end_not_recorded", call_id=dialled.call.id)
            return
        if is_news and row is not None:
            self._metrics.ended(row)

    async def _close(self, room: str) -> None:
        try:
            async with asyncio.timeout(CLOSED_WITHIN_S):
                await self._sfu.close_room(room)
        except NotThere:
            return
        except (SfuFailed, TimeoutError) as exc:  # it closes by itself when nobody comes
            log.warning("phone_room_not_closed", reason=str(exc) or "too late")


def _line_for(known: Sequence[PhoneLineRow], line_id: str | None) -> PhoneLineRow:
    if line_id is None:
        line = next((line for line in known if line.outbound_address is not None), None)
    else:
        line = next((line for line in known if line.id == line_id), None)
    if line is None or line.outbound_address is None:
        raise InvalidRequest(
            "no calls go out: give a line an outbound_address",
            param="line_id",
            code="no_outbound_line",
        )
    return line


async def _check_rate(session: AsyncSession, number: str) -> None:
    """Numbers are stored unreadable: those of the last minutes are few enough to look at."""
    now = datetime.now(UTC)
    query = select(CallRow).where(
        CallRow.direction == "outbound", CallRow.started_at >= now - RECENT
    )
    recent = (await session.scalars(query)).all()
    minute = timedelta(minutes=1)
    if sum(row.started_at >= now - minute for row in recent) >= DIALS_A_MINUTE:
        raise RateLimited("too many calls started", param="to", retry_after_s=RETRY_S)
    same = [row for row in recent if row.called == number]
    if any(row.ended_at is None for row in same):
        raise Conflict("that number is being called", param="to", code="already_calling")
    failed = sum(row.answered_at is None for row in same)
    if failed >= TRIES:
        raise RateLimited(
            f"nobody was reached there {failed} times in ten minutes",
            param="to",
            code="too_many_tries",
            retry_after_s=RECENT.total_seconds(),
        )


async def _persona(session: AsyncSession, line: PhoneLineRow, wanted: str | None) -> str | None:
    if wanted is None:
        return None
    user_id = line.user_id or ""
    return (await find_persona(session, wanted, user_id=user_id, param="persona_id")).id


def _told(call: CallRow) -> str:
    """All of it, for an agent that cannot ask: it may be told late, and again after a restart."""
    return json.dumps(
        {
            "channel": "sip",
            "direction": "outbound",
            "line_id": call.line_id,
            "call_id": call.id,
            "conversation_id": call.conversation_id,
            "user_id": calls.speaks_as(call),
            "persona_id": call.persona_id,
        }
    )


def _request(dialled: _Dialled, trunk_id: str) -> CreateSIPParticipantRequest:
    line = dialled.line
    return CreateSIPParticipantRequest(
        sip_trunk_id=trunk_id,
        sip_call_to=dialled.call.called or "",
        sip_number=line.numbers[0],
        room_name=dialled.room,
        participant_identity=CALLEE,
        participant_metadata=dialled.told,
        media_encryption=encryption_of(line),
    )
