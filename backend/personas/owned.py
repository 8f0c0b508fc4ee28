"""What a user does with personas: make, change, copy, delete, choose, give a picture."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.sign_in import Principal
from backend.accounts.tables import UserRow
from backend.personas import schema
from backend.personas.stored import all_personas, default_persona
from backend.personas.tables import EVERYONE, PersonaImageRow, PersonaRow
from backend.phone.tables import PhoneLineRow
from chassis.errors import Conflict, Forbidden, NotFound

MAX_OWN = 200  # a list that is still read at every call
MAX_NAME_CHARS = 64
VERSION_CHARS = 16  # of the picture's digest, in its address


async def list_for(session: AsyncSession, who: Principal) -> list[schema.Persona]:
    rows = await all_personas(session, who.user_id)
    default = await default_persona(session, who.user_id)
    return await _views(session, rows, who, default.id)


async def view(session: AsyncSession, row: PersonaRow, who: Principal) -> schema.Persona:
    default = await default_persona(session, who.user_id)
    return (await _views(session, [row], who, default.id))[0]


async def get(session: AsyncSession, persona_id: str, who: Principal) -> PersonaRow:
    """Raises NotFound, for another user's too."""
    row = await session.get(PersonaRow, persona_id)
    if row is None or row.owner_id not in (who.user_id, EVERYONE):
        raise NotFound("there is no such persona", param="persona_id")
    return row


async def get_editable(session: AsyncSession, persona_id: str, who: Principal) -> PersonaRow:
    """Raises NotFound, and Forbidden for a shared one that this user may only copy."""
    row = await get(session, persona_id, who)
    if not _may_edit(row, who):
        raise Forbidden(
            "this persona is everybody's: make a copy to change",
            param="persona_id",
            code="persona_shared",
        )
    return row


async def create(session: AsyncSession, body: schema.NewPersona, who: Principal) -> PersonaRow:
    """Raises Conflict naming `name` when the user has one of that name."""
    await _room_for_one(session, who.user_id)
    await _check_name(session, body.name, who.user_id)
    row = PersonaRow(
        **body.model_dump(),
        id=secrets.token_urlsafe(12),
        owner_id=who.user_id,
        folded_name=body.name.casefold(),
        is_default=False,
        updated_at=datetime.now(UTC),
    )
    session.add(row)
    await session.flush()
    return row


async def change(session: AsyncSession, row: PersonaRow, body: schema.PersonaChange) -> None:
    """Raises Conflict naming `name` when its owner has another of that name."""
    changed = body.model_dump(exclude_unset=True)
    if "name" in changed:
        await _check_name(session, changed["name"], row.owner_id, besides=row.id)
        row.folded_name = changed["name"].casefold()
    for field, value in changed.items():
        setattr(row, field, value)
    row.updated_at = datetime.now(UTC)


async def duplicate(session: AsyncSession, row: PersonaRow, who: Principal) -> PersonaRow:
    """The user's own copy, with its picture, called "Lumina 2" where Lumina is taken."""
    await _room_for_one(session, who.user_id)
    name = await _free_name(session, row.name, who.user_id)
    columns = {column.key for column in PersonaRow.__table__.columns}
    kept = {column: getattr(row, column) for column in columns}
    copy = PersonaRow(
        **kept
        | {
            "id": secrets.token_urlsafe(12),
            "owner_id": who.user_id,
            "name": name,
            "folded_name": name.casefold(),
            "is_default": False,
            "updated_at": datetime.now(UTC),
        }
    )
    session.add(copy)
    await session.flush()
    picture = await session.get(PersonaImageRow, row.id)
    if picture is not None:
        await give_picture(session, copy, picture.image, picture.digest, picture.content_type)
    return copy


async def delete(session: AsyncSession, row: PersonaRow) -> None:
    """Raises Conflict for the one that answers when nobody else is there."""
    if row.owner_id == EVERYONE and row.is_default:
        raise Conflict(
            "this persona answers whoever has chosen none: it stays",
            param="persona_id",
            code="persona_is_default",
        )
    await session.execute(
        update(UserRow).where(UserRow.default_persona_id == row.id).values(default_persona_id=None)
    )
    await session.execute(
        update(PhoneLineRow).where(PhoneLineRow.persona_id == row.id).values(persona_id=None)
    )
    await session.delete(row)


async def choose(session: AsyncSession, row: PersonaRow, who: Principal) -> None:
    """From now on it answers this user's calls."""
    await session.execute(
        update(UserRow).where(UserRow.id == who.user_id).values(default_persona_id=row.id)
    )


async def give_picture(
    session: AsyncSession, row: PersonaRow, image: bytes, digest: str, content_type: str
) -> None:
    await session.merge(
        PersonaImageRow(persona_id=row.id, digest=digest, content_type=content_type, image=image)
    )
    row.updated_at = datetime.now(UTC)


async def picture(session: AsyncSession, row: PersonaRow) -> PersonaImageRow:
    """Raises NotFound when it has none."""
    found = await session.get(PersonaImageRow, row.id)
    if found is None:
        raise NotFound("this persona has no picture", param="persona_id", code="no_image")
    return found


async def take_picture_away(session: AsyncSession, row: PersonaRow) -> None:
    found = await session.get(PersonaImageRow, row.id)
    if found is not None:
        await session.delete(found)
        row.updated_at = datetime.now(UTC)


async def _views(
    session: AsyncSession, rows: Sequence[PersonaRow], who: Principal, default_id: str
) -> list[schema.Persona]:
    ids = [row.id for row in rows]
    query = select(PersonaImageRow.persona_id, PersonaImageRow.digest).where(
        PersonaImageRow.persona_id.in_(ids)
    )
    versions = {id_: digest[:VERSION_CHARS] for id_, digest in await session.execute(query)}
    return [_view(row, who, default_id, versions.get(row.id)) for row in rows]


def _view(row: PersonaRow, who: Principal, default_id: str, version: str | None) -> schema.Persona:
    told = {name: getattr(row, name) for name in schema.NewPersona.model_fields}
    return schema.Persona(
        **told,
        id=row.id,
        is_default=row.id == default_id,
        shared=row.owner_id == EVERYONE,
        editable=_may_edit(row, who),
        image_url=f"/api/personas/{row.id}/image?v={version}" if version else None,
        updated_at=row.updated_at,
    )


def _may_edit(row: PersonaRow, who: Principal) -> bool:
    return row.owner_id == who.user_id or (row.owner_id == EVERYONE and who.role == "admin")


async def _room_for_one(session: AsyncSession, owner_id: str) -> None:
    query = select(func.count()).select_from(PersonaRow).where(PersonaRow.owner_id == owner_id)
    if (await session.scalars(query)).one() >= MAX_OWN:
        raise Conflict(f"{MAX_OWN} personas are enough: delete one", code="too_many_personas")


async def _check_name(
    session: AsyncSession, name: str, owner_id: str, besides: str | None = None
) -> None:
    query = select(PersonaRow.id).where(
        PersonaRow.owner_id == owner_id, PersonaRow.folded_name == name.casefold()
    )
    taken_by = (await session.scalars(query)).first()
    if taken_by not in (None, besides):
        raise Conflict("there is a persona of that name", param="name", code="name_taken")


async def _free_name(session: AsyncSession, name: str, user_id: str) -> str:
    """`name` if neither the user nor everybody has one of it, else with the first free number."""
    rows = await all_personas(session, user_id)
    taken = {row.folded_name for row in rows}
    candidate, number = name, 1
    while candidate.casefold() in taken:
        number += 1
        ending = f" {number}"
        candidate = name[: MAX_NAME_CHARS - len(ending)].rstrip() + ending
    return candidate
