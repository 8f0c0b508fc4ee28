"""Personas: found by id or by the name a person says."""

from sqlalchemy import JSON, String, Text, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from backend.data.db import Base
from chassis.errors import NotFound


class PersonaRow(Base):
    """Instructions, voice and language of one persona; exactly one is the default."""

    __tablename__ = "personas"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    folded_name: Mapped[str] = mapped_column(String(64), unique=True)  # no database folds alike
    is_default: Mapped[bool]
    prompt: Mapped[str] = mapped_column(Text)
    style: Mapped[str] = mapped_column(Text)
    voice: Mapped[str | None] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    greeting: Mapped[str | None] = mapped_column(Text)
    temperature: Mapped[float | None]
    tools: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    interruption_mode: Mapped[str] = mapped_column(String(16))
    interruption_words: Mapped[int]


async def find_persona(session: AsyncSession, wanted: str, *, param: str) -> PersonaRow:
    """By id, or by name in any case. Raises NotFound naming `param`."""
    persona = await _lookup(session, wanted)
    if persona is None:
        raise NotFound("there is no such persona", param=param)
    return persona


async def persona_or_default(session: AsyncSession, wanted: str | None) -> PersonaRow:
    """The one asked for if it is still there: a call never fails for want of a persona."""
    chosen = await _lookup(session, wanted) if wanted else None
    if chosen is not None:
        return chosen
    first = select(PersonaRow).order_by(PersonaRow.is_default.desc(), PersonaRow.name).limit(1)
    return (await session.scalars(first)).one()


async def all_personas(session: AsyncSession) -> list[PersonaRow]:
    return list(await session.scalars(select(PersonaRow).order_by(PersonaRow.name)))


async def _lookup(session: AsyncSession, wanted: str) -> PersonaRow | None:
    folded = wanted.strip().casefold()
    matches = or_(PersonaRow.id == wanted, PersonaRow.folded_name == folded)
    # One persona's id may be another's name: the id is what was meant.
    by_id_first = select(PersonaRow).where(matches).order_by((PersonaRow.id == wanted).desc())
    return (await session.scalars(by_id_first.limit(1))).first()
