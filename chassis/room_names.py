"""Names of telephone calls' rooms and callers, and what may be written down of them."""

import re
from hashlib import blake2b

PHONE_PREFIX = "call-sip-"
DIGEST_BYTES = 16
KEPT = re.compile(f"{PHONE_PREFIX}[0-9a-f]{{{2 * DIGEST_BYTES}}}")
IN_A_NAME = r"""[^\s"'\\,;()<>{}\[\]\x1b]"""  # as text: neither quotes nor colours end up in it
ROOM = re.compile(f"{PHONE_PREFIX}{IN_A_NAME}+")
CALLER = re.compile(rf"sip_\+?[0-9]{IN_A_NAME}*")  # the SFU's name for who calls


def is_phone_room(room: str) -> bool:
    return room.startswith(PHONE_PREFIX)


def kept_name(room: str) -> str:
    """The name as it is stored and logged: the SFU puts the caller's number into a telephone
    call's. The chance part of the name keeps the number from being guessed. A name that is so
    kept stays."""
    if not is_phone_room(room) or KEPT.fullmatch(room):
        return room
    return PHONE_PREFIX + blake2b(room.encode(), digest_size=DIGEST_BYTES).hexdigest()


def without_numbers(text: str) -> str:
    """What a log may have of it: rooms as they are kept, and callers without their number."""
    if "sip" not in text:  # nearly all lines
        return text
    return CALLER.sub("sip_caller", ROOM.sub(lambda room: kept_name(room[0]), text))
