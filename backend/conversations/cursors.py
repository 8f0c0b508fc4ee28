"""Where a page of the history ended, as text that a client hands back unread."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from chassis.errors import InvalidRequest

MAX_CURSOR_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The conversation after which to go on. It says where, never whose: a forged one shows its
    maker nothing but their own."""

    started_at: datetime
    id: str

    def __str__(self) -> str:
        where = json.dumps([self.started_at.astimezone(UTC).isoformat(), self.id])
        return base64.urlsafe_b64encode(where.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidRequest for anything that no page gave out."""
        try:
            padded = text + "=" * (-len(text) % 4)
            at, id_ = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            cursor = cls(started_at=datetime.fromisoformat(at), id=id_)
            id_.encode()  # half a character is no id
            if str(cursor) != text:
                raise ValueError("not as it was given out")
        except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError) as exc:
            raise InvalidRequest("not a cursor of a page before", param="cursor") from exc
        return cursor
