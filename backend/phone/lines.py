"""Telephone lines: kept, changed, and refused when strangers could call in through them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.tables import UserRow
from backend.accounts.users import fold
from backend.personas.stored import find_persona
from backend.phone import schema
from backend.phone.numbers import is_wide_open
from backend.phone.tables import PhoneLineRow
from chassis.errors import Conflict, InvalidRequest, NotFound

NEEDED = frozenset(  # what a line cannot be without
    ("name", "numbers", "allowed_addresses", "trusted_callers", "transport", "media_encryption")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who works on lines. `user_id` None: the service key, which is nobody's."""

    user_id: str | None


async def all_lines(session: AsyncSession) -> Sequence[PhoneLineRow]:
    """The oldest first."""
    query = select(PhoneLineRow).order_by(PhoneLineRow.created_at, PhoneLineRow.id)
    return (await session.scalars(query)).all()


async def get_line(session: AsyncSession, line_id: str, param: str = "line_id") -> PhoneLineRow:
    """Raises NotFound."""
    row = await session.get(PhoneLineRow, line_id)
    if row is None:
        raise NotFound("there is no such line", param=param)
    return row


async def create_line(session: AsyncSession, new: schema.NewLine, who: Asker) -> PhoneLineRow:
    """Raises InvalidRequest, code `open_trunk` among them, and Conflict, code `number_taken`."""
    values = new.model_dump(exclude={"owner"})
    row = PhoneLineRow(
        id=uuid4().hex,
        user_id=who.user_id,
        created_at=datetime.now(UTC),
        state="pending",
        reason=None,
        **_plain(values),
    )
    if new.owner is not None:
        row.user_id = await _owner(session, new.owner)
    await _check(session, row)
    session.add(row)
    return row


async def change_line(
    session: AsyncSession, line_id: str, change: schema.LineChange
) -> PhoneLineRow:
    """As `create_line`; NotFound too."""
    row = await get_line(session, line_id)
    values = change.model_dump(exclude_unset=True)
    for name in sorted(NEEDED & values.keys()):
        if values[name] is None:
            raise InvalidRequest(f"{name} cannot be null", param=name)
    owner = values.pop("owner", ...)
    for name, value in _plain(values).items():
        setattr(row, name, value)
    if owner is not ...:
        row.user_id = None if owner is None else await _owner(session, owner)
    with session.no_autoflush:
        await _check(session, row)
    row.state, row.reason = "pending", None
    return row


async def delete_line(session: AsyncSession, line_id: str) -> None:
    """Its calls stay on record. Raises NotFound."""
    await session.delete(await get_line(session, line_id))


def told(row: PhoneLineRow) -> schema.Line:
    """As a client sees it: no secret."""
    values = {name: getattr(row, name, None) for name in schema.Line.model_fields}
    return schema.Line.model_validate(
        values
        | {
            "has_password": row.auth_password is not None,
            "has_pin": row.pin is not None,
            "has_outbound_password": row.outbound_password is not None,
            "has_owner": row.user_id is not None,
        }
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in values.items()
    }


async def _check(session: AsyncSession, row: PhoneLineRow) -> None:
    _check_is_closed(row)
    if (row.auth_user is None) != (row.auth_password is None):
        param = "auth_password" if row.auth_password is None else "auth_user"
        raise InvalidRequest("auth_user and auth_password go together", param=param)
    if (row.outbound_user is None) != (row.outbound_password is None):
        param = "outbound_password" if row.outbound_password is None else "outbound_user"
        raise InvalidRequest("outbound_user and outbound_password go together", param=param)
    if row.outbound_user is not None and row.outbound_address is None:
        raise InvalidRequest("say where calls go out to", param="outbound_address")
    row.numbers = list(dict.fromkeys(row.numbers))
    for other in await all_lines(session):
        taken = sorted(set(other.numbers) & set(row.numbers)) if other.id != row.id else []
        if taken:
            raise Conflict(
                f"{taken[0]} is of the line {other.name!r}",
                param="numbers",
                code="number_taken",
                details={"line_id": other.id},
            )
    if row.persona_id is not None:
        persona = await find_persona(
            session, row.persona_id, user_id=row.user_id or "", param="persona_id"
        )
        row.persona_id = persona.id


def _check_is_closed(row: PhoneLineRow) -> None:
    """A line that anybody may call in through works for anybody, day and night."""
    if row.auth_user is not None:
        return
    if not row.allowed_addresses:
        raise InvalidRequest(
            "anybody could call in: say from which addresses (allowed_addresses), or with which "
            "user and password (auth_user, auth_password)",
            param="allowed_addresses",
            code="open_trunk",
        )
    wide = [network for network in row.allowed_addresses if is_wide_open(network)]
    if wide:
        raise InvalidRequest(
            f"{wide[0]} is next to everybody: name the provider's own networks, or ask for a "
            "user and password",
            param="allowed_addresses",
            code="open_trunk",
        )


async def _owner(session: AsyncSession, login: str) -> str:
    user_id = await session.scalar(select(UserRow.id).where(UserRow.folded_login == fold(login)))
    if user_id is None:
        raise NotFound("there is no such user", param="owner")
    return user_id
