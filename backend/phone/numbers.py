"""What telephones are reached by: numbers and addresses; wrong ones are named."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

E164 = r"^\+[1-9][0-9]{1,14}$"
HOST_AND_PORT = r"^(\[[0-9A-Fa-f:]{2,39}\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?$"
BETWEEN = re.compile(r"[\s()./-]")  # as people write numbers
INLAND_ZERO = re.compile(r"\(\s*0\s*\)")  # not dialled after a country's code
WIDEST_BITS = {4: 8, 6: 19}  # by version of IP: a network larger than that is no provider's


LONGEST_CHARS = 255  # of what a telephone says of itself


def as_told(text: str | None) -> str | None:
    """What a telephone says of itself, as a database takes it. The other side chooses it: a call
    must not go unrecorded, nor the looks at all calls fail, for what it is named."""
    return (text or "").replace("\0", "")[:LONGEST_CHARS] or None


def _number(value: str) -> str:
    if INLAND_ZERO.search(value):
        raise PydanticCustomError("phone_number", "leave out the (0): write it as +493012345678")
    number = BETWEEN.sub("", value)
    if not re.fullmatch(E164, number):
        raise PydanticCustomError(
            "phone_number", "write it with + and the country's code, as +493012345678"
        )
    return number


def _network(value: str) -> str:
    """Always with its length: the SFU compares networks also with the host that callers say they
    are at, and no host has a "/" in its name; of who says so all the same the agent does not take
    the call. What the SFU cannot read it takes for nothing, which lets everybody in."""
    try:
        return str(ipaddress.ip_network(value.strip(), strict=False))
    except ValueError as exc:
        raise PydanticCustomError(
            "address", "write an address as 203.0.113.7, or a network as 203.0.113.0/24"
        ) from exc


def normal(number: str | None) -> str | None:
    """As lines are written: providers leave the + away, or not."""
    digits = BETWEEN.sub("", number or "")
    return f"+{digits}" if digits.isdecimal() else digits or None


def is_wide_open(network: str) -> bool:
    """Whether it holds next to everybody."""
    parsed = ipaddress.ip_network(network)
    return parsed.prefixlen < WIDEST_BITS[parsed.version]


PhoneNumber = Annotated[str, Field(max_length=32), AfterValidator(_number)]
Network = Annotated[str, Field(max_length=64), AfterValidator(_network)]
SipUser = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.+~-]+$")]
SipAddress = Annotated[str, Field(max_length=255, pattern=HOST_AND_PORT)]
Told = Annotated[str | None, AfterValidator(as_told)]
