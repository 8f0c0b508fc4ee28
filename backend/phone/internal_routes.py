"""`/internal/calls`: the agent says that a telephone call began, or is over."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path

from backend.conversations.deleted import forgotten
from backend.data.db import Database
from backend.phone import calls, schema
from backend.phone.call_metrics import CallMetrics
from backend.phone.tables import CallRow, PhoneLineRow
from chassis.ended import EndedReason
from chassis.errors import NotFound, Unavailable, documented

RETRY_S = 5.0
CallId = Annotated[str, Path(min_length=1, max_length=32)]


def add_phone_routes(
    router: APIRouter, database: Database, metrics: CallMetrics, max_calls: int | None
) -> None:
    """`max_calls` None: as many as the workers take."""

    @router.post("/calls", responses=documented(Unavailable))
    async def begin_call(body: schema.ReportedCall) -> schema.KnownCall:
        """A telephone call began, or its agent was replaced: whose it is. 503 `lines_busy` when
        too many are on: it is on record as ended, and its id is `details.call_id`."""
        async with database.writing() as session:
            row = await calls.find_call(session, body.room)
            is_new = row is None
            if row is None:
                line = await session.get(PhoneLineRow, body.line_id or "")
                row = await calls.begin(session, _new(body, line))
                if max_calls is not None and await calls.on_now(session, row.id) >= max_calls:
                    calls.end(row, EndedReason.LINES_BUSY, row.started_at)
            else:
                _go_on(row, body)
        if is_new:
            metrics.begun(row)
        if row.ended_reason == EndedReason.LINES_BUSY:
            if is_new:
                metrics.refused(EndedReason.LINES_BUSY.value)
            raise Unavailable(
                "all lines are busy",
                code="lines_busy",
                retry_after_s=RETRY_S,
                details={"call_id": row.id, "conversation_id": row.conversation_id},
            )
        assert row.conversation_id is not None
        return schema.KnownCall(
            call_id=row.id,
            conversation_id=row.conversation_id,
            user_id=calls.speaks_as(row),
            persona_id=row.persona_id,
        )

    @router.post("/calls/{call_id}/ended", status_code=204, responses=documented(NotFound))
    async def end_call(call_id: CallId, body: schema.CallEnd) -> None:
        """The call is over, and why. Said twice, the first word stays."""
        async with database.writing() as session:
            row = await session.get(CallRow, call_id)
            if row is None:
                raise forgotten("call_id")
            is_news = calls.end(row, body.reason, body.ended_at or datetime.now(UTC))
        if is_news:
            metrics.ended(row)


def _new(body: schema.ReportedCall, line: PhoneLineRow | None) -> calls.NewCall:
    return calls.NewCall(
        room=body.room,
        direction=body.direction,
        line=line,
        caller=body.caller,
        called=body.called,
        sip_call_id=body.sip_call_id,
        pin_typed=body.pin_typed,
        answered=body.direction == "inbound",  # of others we hear from who dialled
    )


def _go_on(row: CallRow, body: schema.ReportedCall) -> None:
    row.sip_call_id = row.sip_call_id or body.sip_call_id
    if row.is_guess:  # it was not over
        row.ended_at = row.ended_reason = None
        row.is_guess = False
