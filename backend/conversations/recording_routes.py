"""`/api/conversations/{id}/recordings/{id}`: the sound of a call, played from any place of it."""

import re
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import delete

from backend.accounts import audit
from backend.accounts.sign_in import Principal, SignIn
from backend.conversations import recordings
from backend.conversations.deleted import bury, drop_sound
from backend.conversations.tables import RecordingRow
from backend.data.db import Database
from backend.data.scrub import empty_log
from chassis.errors import (
    Forbidden,
    NotFound,
    ParleyError,
    Unauthorized,
    Unavailable,
    documented,
    error_response,
)

ConversationId = Annotated[str, Path(min_length=1, max_length=64)]
RecordingId = Annotated[str, Path(min_length=1, max_length=32)]
RangeText = Annotated[str | None, Header(alias="Range", max_length=200)]
ONE_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
SOUND = {"content": {"audio/ogg": {"schema": {"type": "string", "format": "binary"}}}}


class RangeNotSatisfiable(ParleyError):
    """Nothing is there where the range begins."""

    status: ClassVar[int] = 416
    type: ClassVar[str] = "invalid_request_error"
    code: ClassVar[str] = "range_not_satisfiable"


def recording_routes(database: Database, sign_in: SignIn) -> APIRouter:
    """What belongs to somebody else is as unknown as what never was."""
    router = APIRouter(
        prefix="/{conversation_id}/recordings/{recording_id}",
        responses=documented(Unauthorized, Forbidden, NotFound, Unavailable),
    )

    @router.get(
        "",
        response_class=Response,
        responses={
            200: {"description": "all of it", **SOUND},
            206: {"description": "the range that was asked for", **SOUND},
            **documented(RangeNotSatisfiable),
        },
        operation_id="play_recording",
    )
    async def play_recording(
        request: Request,
        conversation_id: ConversationId,
        recording_id: RecordingId,
        who: Annotated[Principal, Depends(sign_in.user)],
        wanted: RangeText = None,
    ) -> Response:
        """The caller left, the agent right."""
        # Who listens is written down: once, not for every place a player jumps to.
        begins = wanted is None or wanted.startswith("bytes=0-")
        async with database.writing() if begins else database.reading() as session:
            sound = await recordings.find_sound(session, who.user_id, conversation_id, recording_id)
            if begins:
                await audit.record(
                    session, "recording_read", user_id=who.user_id, target=recording_id
                )
        return _answer(request, database, sound, wanted)

    @router.delete("", status_code=204, operation_id="delete_recording")
    async def delete_recording(
        conversation_id: ConversationId,
        recording_id: RecordingId,
        who: Annotated[Principal, Depends(sign_in.user)],
    ) -> None:
        """The sound alone; what was said stays as text."""
        async with database.writing() as session:
            await recordings.find_sound(session, who.user_id, conversation_id, recording_id)
            await bury(session, recording_id)
        await drop_sound(database, RecordingRow.id == recording_id)
        async with database.writing() as session:
            await session.execute(delete(RecordingRow).where(RecordingRow.id == recording_id))
            await audit.record(
                session, "recording_deleted", user_id=who.user_id, target=recording_id
            )
        await empty_log(database)

    return router


def part_of(wanted: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None for all of it, as for what is no single range of
    bytes. Raises RangeNotSatisfiable."""
    match = ONE_RANGE.fullmatch(wanted) if wanted else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last so many
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise RangeNotSatisfiable("nothing is there", param="Range")
    return start, end


def _answer(
    request: Request, database: Database, sound: recordings.Sound, wanted: str | None
) -> Response:
    headers = {"accept-ranges": "bytes", "cache-control": "private, no-store"}
    try:
        part = part_of(wanted, sound.size_bytes)
    except RangeNotSatisfiable as exc:
        refused = error_response(exc, str(getattr(request.state, "request_id", "")))
        refused.headers["content-range"] = f"bytes */{sound.size_bytes}"
        return refused
    start, end = part or (0, sound.size_bytes)
    headers["content-length"] = str(end - start)
    if part is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{sound.size_bytes}"
    return StreamingResponse(
        recordings.play(database, sound, start, end),
        status_code=200 if part is None else 206,
        media_type=sound.content_type,
        headers=headers,
    )
