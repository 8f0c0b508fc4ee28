"""Rows of what is known about users."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from backend.data.db import Base, UtcDateTime
from backend.data.encryption import Encrypted, EncryptedBytes
from backend.internal_schema import MemoryKind


class MemoryRow(Base):
    """One thing known about a user, or proposed to be: what is proposed is told to no one else."""

    __tablename__ = "memories"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64))
    conversation_id: Mapped[str | None] = mapped_column(String(64))
    turn_id: Mapped[str | None] = mapped_column(String(32))
    idempotency_key: Mapped[str] = mapped_column(String(255), unique=True)
    text: Mapped[str] = mapped_column(Encrypted("memories.text"))
    kind: Mapped[MemoryKind] = mapped_column(String(16))
    proposed: Mapped[bool]
    version: Mapped[int]  # the user's memories_version this was last written in
    embedding: Mapped[bytes | None] = mapped_column(
        EncryptedBytes("memories.embedding"), deferred=True
    )  # some kB, which only searching needs
    embedding_model: Mapped[str | None] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
