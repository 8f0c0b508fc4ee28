"""The sound of calls: taken in chunk by chunk as the agent sends it, found again by range."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.deleted import refuse_forgotten
from backend.conversations.recorded import conversation_or_new
from backend.conversations.tables import ConversationRow, RecordingChunkRow, RecordingRow
from backend.data.db import Database
from backend.internal_schema import NewRecording
from chassis.errors import Conflict, InvalidRequest, NotFound, TooLarge

CHUNK_BYTES = 256 * 1024  # of every chunk but the last
MAX_BYTES = 256 * 1024 * 1024  # the longest call is 4 h, and takes 170 MB at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A recording as it is played. `size_bytes` is what is there so far."""

    id: str
    content_type: str
    size_bytes: int
    chunk_bytes: int


async def keep(
    session: AsyncSession, conversation_id: str, recording_id: str, new: NewRecording
) -> int:
    """Begin a recording, or say that it is whole; how many chunks are there. Raises NotFound,
    `forgotten`, when it or its conversation was deleted."""
    await refuse_forgotten(session, conversation_id, recording_id)
    await conversation_or_new(session, conversation_id, new.started_at)
    row = await session.get(RecordingRow, recording_id)
    if row is None:
        row = RecordingRow(
            id=recording_id,
            conversation_id=conversation_id,
            content_type=new.content_type,
            started_at=new.started_at,
            size_bytes=0,
            chunk_bytes=CHUNK_BYTES,
        )
        session.add(row)
    elif row.conversation_id != conversation_id:
        raise Conflict("this recording is of another conversation", param="recording_id")
    if new.ended_at is not None:
        row.ended_at, row.duration_s = new.ended_at, new.duration_s
    return await _count(session, recording_id)


async def add_chunk(
    session: AsyncSession, conversation_id: str, recording_id: str, number: int, sound: bytes
) -> None:
    """In order from 0; one that is there already stays as it is."""
    await refuse_forgotten(session, conversation_id, recording_id)
    row = await session.get(RecordingRow, recording_id)
    if row is None or row.conversation_id != conversation_id:
        raise NotFound("no such recording was begun", param="recording_id")
    count = await _count(session, recording_id)
    if number < count:
        return
    _check_chunk(row, count, number, len(sound))
    session.add(RecordingChunkRow(recording_id=recording_id, number=number, sound=sound))
    row.size_bytes += len(sound)


async def find_sound(
    session: AsyncSession, user_id: str, conversation_id: str, recording_id: str
) -> Sound:
    """Raises NotFound when the user has no such recording."""
    row = await session.scalar(
        select(RecordingRow)
        .join(ConversationRow, ConversationRow.id == RecordingRow.conversation_id)
        .where(
            RecordingRow.id == recording_id,
            RecordingRow.conversation_id == conversation_id,
            ConversationRow.user_id == user_id,
        )
    )
    if row is None:
        raise NotFound("there is no such recording", param="recording_id")
    return Sound(
        id=row.id,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        chunk_bytes=row.chunk_bytes,
    )


async def play(database: Database, sound: Sound, start: int, end: int) -> AsyncIterator[bytes]:
    """Bytes `start` to `end`, exclusive; a chunk is in memory at a time. Deleted meanwhile, it
    breaks off."""
    for number in range(start // sound.chunk_bytes, -(-end // sound.chunk_bytes)):
        async with database.reading() as session:
            chunk = await session.scalar(
                select(RecordingChunkRow.sound).where(
                    RecordingChunkRow.recording_id == sound.id, RecordingChunkRow.number == number
                )
            )
        if chunk is None:
            return
        first = number * sound.chunk_bytes
        yield chunk[max(0, start - first) : end - first]


async def _count(session: AsyncSession, recording_id: str) -> int:
    chunks = select(func.count()).where(RecordingChunkRow.recording_id == recording_id)
    return await session.scalar(chunks) or 0


def _check_chunk(row: RecordingRow, count: int, number: int, size: int) -> None:
    if size == 0:
        raise InvalidRequest("a chunk has sound in it", param="body")
    if size > row.chunk_bytes:
        raise TooLarge(f"a chunk has {row.chunk_bytes} bytes at most", param="body")
    if number != count:
        raise Conflict(f"chunk {count} comes next", param="number")
    if row.size_bytes != count * row.chunk_bytes:
        raise Conflict("a shorter chunk was the last one", param="number")
    if row.size_bytes + size > MAX_BYTES:
        raise TooLarge(f"a recording has {MAX_BYTES} bytes at most", param="body")
