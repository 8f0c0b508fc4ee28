"""Personas a user can have: their own, then the shared ones; found by id or by spoken name."""

from collections.abc import Sequence

from sqlalchemy import Select, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.tables import UserRow
from backend.personas.tables import EVERYONE, PersonaRow
from chassis.errors import NotFound


async def find_persona(
    session: AsyncSession, wanted: str, *, user_id: str, param: str
) -> PersonaRow:
    """By id, or by name in any case. Raises NotFound naming `param`."""
    persona = await _lookup(session, wanted, user_id)
    if persona is None:
        raise NotFound("there is no such persona", param=param)
    return persona


async def persona_or_default(
    session: AsyncSession, wanted: str | None, *, user_id: str
) -> PersonaRow:
    """The one asked for if it is still there: a call never fails for want of a persona."""
    chosen = await _lookup(session, wanted, user_id) if wanted else None
    return chosen or await default_persona(session, user_id)


async def default_persona(session: AsyncSession, user_id: str) -> PersonaRow:
    """Who answers this user when nobody was asked for."""
    chosen = select(UserRow.default_persona_id).where(UserRow.id == user_id).scalar_subquery()
    query = (
        _visible(user_id)
        .where(or_(PersonaRow.id == chosen, PersonaRow.owner_id == EVERYONE))
        .order_by(
            case((PersonaRow.id == chosen, 0), else_=1),
            PersonaRow.is_default.desc(),
            PersonaRow.folded_name,
        )
        .limit(1)
    )
    return (await session.scalars(query)).one()


async def all_personas(session: AsyncSession, user_id: str) -> Sequence[PersonaRow]:
    """By name; where an own one has the name of a shared one, the own one comes first."""
    order = (PersonaRow.folded_name, PersonaRow.owner_id.desc())
    return (await session.scalars(_visible(user_id).order_by(*order))).all()


async def _lookup(session: AsyncSession, wanted: str, user_id: str) -> PersonaRow | None:
    folded = " ".join(wanted.split()).casefold()
    query = (
        _visible(user_id)
        .where(or_(PersonaRow.id == wanted, PersonaRow.folded_name == folded))
        # One persona's id may be another's name: the id is what was meant.
        .order_by(
            case((PersonaRow.id == wanted, 0), else_=1),
            case((PersonaRow.owner_id == EVERYONE, 1), else_=0),
        )
        .limit(1)
    )
    return (await session.scalars(query)).first()


def _visible(user_id: str) -> Select[PersonaRow]:
    return select(PersonaRow).where(PersonaRow.owner_id.in_([user_id, EVERYONE]))
