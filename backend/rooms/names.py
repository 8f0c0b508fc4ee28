"""Names of rooms: whose is a call's, and what of a name may be kept."""

import secrets
from hashlib import blake2b

ROOM_PREFIX = "call-"  # of every call
PHONE_PREFIX = f"{ROOM_PREFIX}sip-"  # of those by telephone
ROOM_BITS = 128  # a guessed room name would let a stranger listen
DIGEST_BYTES = 16


def is_phone_room(room: str) -> bool:
    return room.startswith(PHONE_PREFIX)


def kept_name(room: str) -> str:
    """The name as it is stored: the SFU puts the caller's number into a telephone call's. The
    chance part of the name keeps the number from being guessed."""
    if not is_phone_room(room):
        return room
    return PHONE_PREFIX + blake2b(room.encode(), digest_size=DIGEST_BYTES).hexdigest()


def new_phone_room() -> str:
    """For a call that goes out."""
    return PHONE_PREFIX + secrets.token_urlsafe(ROOM_BITS // 8)
