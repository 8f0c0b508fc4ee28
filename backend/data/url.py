"""Which database a URL names, said as SQLAlchemy wants it."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

SQLITE = "sqlite+aiosqlite"
POSTGRES = "postgresql+asyncpg"
POSTGRES_SAID = (POSTGRES, "postgresql", "postgres")
KNOWN = "sqlite+aiosqlite:///file or postgresql://user:password@host/name"


def known_url(said: str) -> str:
    """Its driver named. Raises ValueError, which does not quote it: a password may be in there."""
    try:
        url = make_url(said)
    except (ArgumentError, ValueError):
        raise ValueError(f"not a database URL: it is {KNOWN}") from None
    if url.drivername in POSTGRES_SAID:
        return _of_postgres(url).render_as_string(hide_password=False)
    if url.drivername != SQLITE or not url.database or url.database == ":memory:":
        raise ValueError(f"not a database that can be used: it is {KNOWN}")
    return said


def _of_postgres(url: URL) -> URL:
    if not url.database:
        raise ValueError("names no database: it is postgresql://user:password@host/name")
    # What libpq and every provider call sslmode is ssl to this driver, with the same values.
    ssl = url.query.get("sslmode")
    url = url.set(drivername=POSTGRES).difference_update_query(["sslmode"])
    return url if ssl is None else url.update_query_dict({"ssl": ssl})
