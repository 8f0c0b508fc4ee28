"""Where a page of memories ended, as text that a client hands back unread."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from chassis.errors import InvalidRequest

MAX_CURSOR_CHARS = 300
MAX_SEEN = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The memory after which to go on, newest first; of a search, how many were `seen`."""

    recorded_at: datetime | None = None
    id: str = ""
    seen: int = 0

    def __str__(self) -> str:
        at = self.recorded_at and self.recorded_at.astimezone(UTC).isoformat()
        where = json.dumps([at, self.id, self.seen])
        return base64.urlsafe_b64encode(where.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidRequest for anything that no page gave out."""
        try:
            padded = text + "=" * (-len(text) % 4)
            at, id_, seen = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            cursor = cls(recorded_at=at and datetime.fromisoformat(at), id=id_, seen=seen)
            id_.encode()  # half a character is no id
            if str(cursor) != text or type(seen) is not int or not 0 <= seen <= MAX_SEEN:
                raise ValueError("not as it was given out")
        except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError) as exc:
            raise InvalidRequest("not a cursor of a page before", param="cursor") from exc
        return cursor
