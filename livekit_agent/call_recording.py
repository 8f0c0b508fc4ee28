"""The sound of a call, on disk until the backend has it: the caller left, the agent right.

`recordings/` in AGENT_DATA_DIR has two files of each: the sound, locked by the call's process for
as long as it may grow, and a note of whose it is. The worker sends them (`recording_upload.py`).
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from uuid import uuid4

from livekit.agents import AgentSession
from livekit.agents.voice.recorder_io import RecorderIO
from pydantic import AwareDatetime, BaseModel, ValidationError

from chassis.logs import get_logger

FOLDER = "recordings"
# Of all calls that the backend did not take yet: some sixty hours of sound. Then none is recorded.
MOST_WAITING_BYTES = 2_000_000_000
LEAST_FREE_BYTES = 500_000_000  # of the disk: what people say in text is kept there too
CLOSE_WITHIN_S = 3.0

log = get_logger(__name__)


class Note(BaseModel):
    """What is known of a recording. Without `ended_at` its call goes on, or its process died."""

    conversation_id: str
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class RecordingFiles:
    """Where a recording is."""

    folder: Path
    id: str

    @property
    def sound(self) -> Path:
        return self.folder / f"{self.id}.ogg"

    @property
    def note(self) -> Path:
        return self.folder / f"{self.id}.json"

    @classmethod
    def all_of(cls, data_dir: Path) -> list[Self]:
        """Oldest first."""
        notes = (data_dir / FOLDER).glob("*.json")
        return [cls(note.parent, note.stem) for note in sorted(notes, key=_age)]

    def write(self, note: Note) -> None:
        fresh = self.note.with_suffix(".new")
        fresh.write_text(note.model_dump_json())
        fresh.replace(self.note)

    def read(self) -> Note | None:
        """None when it is gone, or no note."""
        try:
            return Note.model_validate_json(self.note.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def remove(self) -> None:
        self.sound.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def lock(self) -> int:
        """The descriptor of its sound, made for this user only. The kernel lets go of the lock
        however the process ends."""
        sound = os.open(self.sound, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(sound, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return sound

    def is_over(self) -> bool:
        """Whether nobody writes it any more."""
        with self.sound.open("rb") as sound:
            try:
                fcntl.flock(sound, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True


@contextlib.asynccontextmanager
async def recorded(
    session: AgentSession[None], data_dir: Path, conversation_id: str
) -> AsyncIterator[bool]:
    """Record a started `session` for the length of the block; False when it cannot be, which is no
    reason to end a call."""
    heard, spoken = session.input.audio, session.output.audio
    if heard is None or spoken is None:
        yield False
        return
    started_at = datetime.now(UTC)
    try:
        files, lock = await asyncio.to_thread(_prepare, data_dir, conversation_id, started_at)
    except OSError as exc:
        log.error("call_not_recorded", reason=str(exc))
        yield False
        return
    recorder = RecorderIO(agent_session=session)
    try:
        session.input.audio = recorder.record_input(heard)
        session.output.audio = recorder.record_output(spoken)
        await recorder.start(output_path=files.sound)
        yield True
    finally:
        await _close(recorder, files, conversation_id, started_at)
        os.close(lock)


async def _close(
    recorder: RecorderIO, files: RecordingFiles, conversation_id: str, started_at: datetime
) -> None:
    ended = Note(conversation_id=conversation_id, started_at=started_at, ended_at=datetime.now(UTC))
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await recorder.aclose()
            await asyncio.to_thread(files.write, ended)
    except (TimeoutError, OSError) as exc:  # what is on disk is sent all the same
        log.error("recording_not_closed", reason=str(exc) or type(exc).__name__)


def _prepare(
    data_dir: Path, conversation_id: str, started_at: datetime
) -> tuple[RecordingFiles, int]:
    """Raises OSError when there is no room, or no way to write."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = sum(file.stat().st_size for file in folder.glob("*.ogg"))
    if waiting > MOST_WAITING_BYTES or shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
        raise OSError("too many recordings wait for the backend, or the disk is full")
    files = RecordingFiles(folder, uuid4().hex)
    lock = files.lock()
    try:
        files.write(Note(conversation_id=conversation_id, started_at=started_at))
    except BaseException:
        os.close(lock)
        files.remove()
        raise
    return files, lock


def _age(note: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return note.stat().st_mtime
    return 0.0
