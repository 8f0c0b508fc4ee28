"""Encryption keys changed while the service runs, and which keys the stored values need."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Row,
    Table,
    Text,
    and_,
    func,
    inspect,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from backend.data.db import Database
from backend.data.encryption import (
    MARK,
    PLAIN,
    EncryptedBytes,
    KeyRing,
    open_bytes,
    open_text,
    seal_bytes,
    seal_text,
    sealed_with,
)
from backend.data.tables import all_tables, encrypted_columns

ROWS_AT_ONCE = 100  # a batch holds up every other writer


def keys_needed(connection: Connection) -> set[str]:
    """The ids of all keys without which a stored value cannot be read."""
    found: set[str] = set()
    there = inspect(connection)
    for table in all_tables():
        names: set[str] = set()
        if there.has_table(table.name):  # of an older Parley it may lack some
            names = {column["name"] for column in there.get_columns(table.name)}
        for column in (c for c in encrypted_columns(table) if c.name in names):
            heads = connection.scalars(select(_head(column)).where(column.isnot(None)).distinct())
            found |= {key for head in heads if (key := sealed_with(head)) not in (None, PLAIN)}
    return found


async def rotated(database: Database, keys: KeyRing) -> AsyncGenerator[tuple[str, int], None]:
    """Encrypt with the newest key what is not; yields each table's name and its rows changed.

    Stopped at any point, the next run goes on with what is left.
    """
    for table in all_tables():
        if encrypted_columns(table):
            yield table.name, await _rotate(database, table, keys)


async def _rotate(database: Database, table: Table, keys: KeyRing) -> int:
    count = 0
    last: Sequence[Any] | None = None
    while True:
        async with database.writing() as session:
            rows = await _batch(session, table, keys, last)
            for row in rows:
                await _reseal(session, table, row, keys)
        if not rows:
            return count
        count += len(rows)
        last = _key_of(table, rows[-1])


async def _batch(
    session: AsyncSession, table: Table, keys: KeyRing, last: Sequence[Any] | None
) -> Sequence[Row[Any]]:
    """The next rows, by primary key, in which a value is not of the newest key."""
    columns = encrypted_columns(table)
    primary = list(table.primary_key.columns)
    old = or_(*(and_(c.isnot(None), _head(c) != _newest_head(c, keys)) for c in columns))
    rows = (
        select(*primary, *(_raw(c).label(f"sealed_{c.name}") for c in columns))
        .where(old)
        .order_by(*primary)
        .limit(ROWS_AT_ONCE)
    )
    if last is not None:
        rows = rows.where(tuple_(*primary) > tuple_(*last))
    return (await session.execute(rows)).all()


async def _reseal(session: AsyncSession, table: Table, row: Row[Any], keys: KeyRing) -> None:
    values: dict[Column[Any], ColumnElement[Any]] = {}
    for column in encrypted_columns(table):
        stored = getattr(row, f"sealed_{column.name}")
        name = f"{table.name}.{column.name}"
        if stored is None:
            continue
        if isinstance(column.type, EncryptedBytes):
            sealed: Any = seal_bytes(open_bytes(stored, name, keys), name, keys)
        else:
            sealed = seal_text(open_text(stored, name, keys), name, keys)
        values[column] = literal(sealed, _stored_type(column))
    primary = zip(table.primary_key.columns, _key_of(table, row), strict=True)
    await session.execute(
        update(table).where(*(column == value for column, value in primary)).values(values)
    )


def _key_of(table: Table, row: Row[Any]) -> Sequence[Any]:
    return [getattr(row, column.name) for column in table.primary_key.columns]


def _stored_type(column: Column[Any]) -> Text | LargeBinary:
    return LargeBinary() if isinstance(column.type, EncryptedBytes) else Text()


def _raw(column: Column[Any]) -> ColumnElement[Any]:
    """As it is stored."""
    return type_coerce(column, _stored_type(column))


def _head(column: Column[Any]) -> ColumnElement[Any]:
    """What says which key it is of."""
    kind = _stored_type(column)
    return func.substr(_raw(column), 1, len(MARK) + len(PLAIN), type_=kind)


def _newest_head(column: Column[Any], keys: KeyRing) -> ColumnElement[Any]:
    head = f"{MARK}{keys.newest}"
    binary = isinstance(column.type, EncryptedBytes)
    return literal(head.encode() if binary else head, _stored_type(column))
