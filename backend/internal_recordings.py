"""`/internal/…/recordings`: the agent sends the sound of a call, in chunks, as often as need be."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from backend import internal_schema as schema
from backend.conversations import recordings
from backend.data.db import Database
from chassis.errors import Conflict, Forbidden, InvalidRequest, NotFound, TooLarge, documented

ConversationId = Annotated[str, Path(min_length=1, max_length=64)]
RecordingId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Number = Annotated[int, Path(ge=0, le=recordings.MAX_BYTES // recordings.CHUNK_BYTES)]
SOUND = {"content": {"application/octet-stream": {}}, "required": True}


def add_recording_routes(router: APIRouter, database: Database, may_record: bool) -> None:
    """`may_record` False: none is taken, not even what was recorded while it was allowed."""

    @router.put(
        "/conversations/{conversation_id}/recordings/{recording_id}",
        responses=documented(NotFound, Conflict),
    )
    async def keep_recording(
        conversation_id: ConversationId, recording_id: RecordingId, body: schema.NewRecording
    ) -> schema.KeptRecording:
        """Begin a recording; again with `ended_at` once all of it was sent."""
        if not may_record:
            raise Forbidden("calls are not recorded here", code="recording_off")
        async with database.writing() as session:
            chunks = await recordings.keep(session, conversation_id, recording_id, body)
        return schema.KeptRecording(chunks=chunks, chunk_bytes=recordings.CHUNK_BYTES)

    @router.put(
        "/conversations/{conversation_id}/recordings/{recording_id}/chunks/{number}",
        status_code=204,
        responses=documented(InvalidRequest, NotFound, Conflict, TooLarge),
        openapi_extra={"requestBody": SOUND},
    )
    async def add_recording_chunk(
        conversation_id: ConversationId, recording_id: RecordingId, number: Number, request: Request
    ) -> None:
        """The next 256 KiB of it, fewer only at its end; sent again it changes nothing."""
        if not may_record:
            raise Forbidden("calls are not recorded here", code="recording_off")
        sound = await request.body()
        async with database.writing() as session:
            await recordings.add_chunk(session, conversation_id, recording_id, number, sound)
