"""What a copy of a database is, whichever database it is of."""

from dataclasses import dataclass


class CopyFailed(Exception):
    """No backup was made, or nothing was put back, and why, for people."""


@dataclass(frozen=True, slots=True)
class Copied:
    """`revision`: of its tables. `keys`: ids of the keys that its values need."""

    revision: str
    keys: set[str]
