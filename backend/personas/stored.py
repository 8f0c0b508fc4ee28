"""Personas: found by id or by the name a person says."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.personas.tables import PersonaRow
from chassis.errors import NotFound


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
