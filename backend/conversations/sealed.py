"""Encrypted columns read as they are stored, to be opened in a thread: many of them would hold up
every other request."""

from typing import Any

from sqlalchemy import ColumnElement, Text, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.data.encryption import KEYS, NO_KEYS, KeyRing, open_text


def as_stored(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """`column` under its own name, not decrypted."""
    return type_coerce(column, Text).label(column.key)


def keys_of(session: AsyncSession) -> KeyRing:
    """Those that this database's columns are read with."""
    keys = getattr(session.get_bind().dialect, KEYS, NO_KEYS)
    assert isinstance(keys, KeyRing)
    return keys


def opened(stored: str | None, column: InstrumentedAttribute[Any], keys: KeyRing) -> str | None:
    """The text of a value that `as_stored` read. Raises Unavailable as the column would."""
    if stored is None:
        return None
    return open_text(stored, f"{column.class_.__tablename__}.{column.key}", keys)
