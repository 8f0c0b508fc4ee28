"""Names that the backend gives to rooms."""

import secrets

from chassis.room_names import PHONE_PREFIX

ROOM_PREFIX = "call-"  # of every call, those by telephone too
ROOM_BITS = 128  # a guessed room name would let a stranger listen


def new_phone_room() -> str:
    """For a call that goes out."""
    return PHONE_PREFIX + secrets.token_urlsafe(ROOM_BITS // 8)
