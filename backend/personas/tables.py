"""Rows of personas and their pictures."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.data.db import Base, UtcDateTime
from backend.data.encryption import Encrypted

EVERYONE = ""  # owner of the personas that all users share


class PersonaRow(Base):
    """Instructions, voice and language of one persona. Exactly one shared one is the default."""

    __tablename__ = "personas"
    __table_args__ = (UniqueConstraint("owner_id", "folded_name", name="personas_owner_name"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(64))
    folded_name: Mapped[str] = mapped_column(String(64))  # no database folds alike
    is_default: Mapped[bool]
    prompt: Mapped[str] = mapped_column(Encrypted("personas.prompt"))
    style: Mapped[str] = mapped_column(Encrypted("personas.style"))
    voice: Mapped[str | None] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    model: Mapped[str | None] = mapped_column(String(200))
    greeting: Mapped[str | None] = mapped_column(Encrypted("personas.greeting"))
    temperature: Mapped[float | None]
    tools: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    interruption_mode: Mapped[str] = mapped_column(String(16))
    interruption_words: Mapped[int]
    updated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PersonaImageRow(Base):
    """A persona's picture: one re-encoded file, named by its content."""

    __tablename__ = "persona_images"

    persona_id: Mapped[str] = mapped_column(
        ForeignKey("personas.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(64))
    image: Mapped[bytes] = mapped_column(LargeBinary)
