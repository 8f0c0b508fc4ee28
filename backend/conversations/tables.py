"""Rows of conversations, their turns and the sound of their calls."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.data.db import Base, UtcDateTime
from backend.data.encryption import Encrypted, EncryptedBytes, EncryptedJson
from backend.internal_schema import Role


class ConversationRow(Base):
    """One or more calls long. `call_started_at` and `ended_at` are of the last of them, `ended_at`
    None while it lasts; `talked_before_s` is what those before it took together."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64))
    persona_id: Mapped[str | None] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    room: Mapped[str | None] = mapped_column(String(256))
    title: Mapped[str | None] = mapped_column(Encrypted("conversations.title"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    call_started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    talked_before_s: Mapped[float] = mapped_column(default=0.0)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_reason: Mapped[str | None] = mapped_column(String(32))
    summary: Mapped[str | None] = mapped_column(Encrypted("conversations.summary"))


class TurnRow(Base):
    """What one side said, and how it went."""

    __tablename__ = "turns"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    idempotency_key: Mapped[str] = mapped_column(String(255), unique=True)
    role: Mapped[Role] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Encrypted("turns.text"))
    heard_text: Mapped[str | None] = mapped_column(Encrypted("turns.heard_text"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    interrupted: Mapped[bool]
    confidence: Mapped[float | None]
    timing: Mapped[dict[str, Any]] = mapped_column(JSON)
    tools: Mapped[list[Any]] = mapped_column(EncryptedJson("turns.tools"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecordingRow(Base):
    """The sound of one call: the caller left, the agent right. Whole once `ended_at` is set."""

    __tablename__ = "recordings"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    content_type: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    duration_s: Mapped[float | None]
    size_bytes: Mapped[int]
    chunk_bytes: Mapped[int]  # of every chunk but the last: a range of bytes is found by division


class RecordingChunkRow(Base):
    """A piece of a recording, in order from 0."""

    __tablename__ = "recording_chunks"

    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sound: Mapped[bytes] = mapped_column(EncryptedBytes("recording_chunks.sound"))
