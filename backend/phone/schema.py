"""Bodies of the telephone's routes. Secrets go in and never come out."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from backend.internal_schema import Id, Instant
from backend.phone.numbers import Network, PhoneNumber, SipAddress, SipUser, Told
from backend.phone.tables import Direction, LineState, MediaEncryption, Transport
from chassis.ended import EndedReason

MIN_PASSWORD_CHARS = 8  # whoever guesses it talks to the agent
MAX_NUMBERS = 100

CallState = Literal["ringing", "live", "ended"]


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < MIN_PASSWORD_CHARS:
        raise PydanticCustomError("password", f"use {MIN_PASSWORD_CHARS} characters or more")
    return secret


def _pin(secret: SecretStr) -> SecretStr:
    pin = secret.get_secret_value()
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 16):
        raise PydanticCustomError("pin", "use 4 to 16 digits")
    return secret


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    Field(pattern=r"^[^\x00-\x1f\x7f]*$"),
]
Numbers = Annotated[list[PhoneNumber], Field(min_length=1, max_length=MAX_NUMBERS)]
Callers = Annotated[list[PhoneNumber], Field(max_length=MAX_NUMBERS)]
Networks = Annotated[list[Network], Field(max_length=MAX_NUMBERS)]
Password = Annotated[SecretStr, Field(max_length=128), AfterValidator(_long_enough)]
ProvidersPassword = Annotated[SecretStr, Field(min_length=1, max_length=128)]
SecretPin = Annotated[SecretStr, AfterValidator(_pin)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewLine(_Body):
    """A line to a provider or a PBX. Who may call in: `allowed_addresses`, or who knows
    `auth_user` and `auth_password`, or both. `outbound_*`: where calls go out. `trusted_callers`:
    whose number is enough to be taken for the line's owner. `owner`: a login; who asks unless
    given. An owner is needed for memories to be used."""

    name: Name = "Telephone"
    numbers: Numbers
    allowed_addresses: Networks = []
    trusted_callers: Callers = []
    auth_user: SipUser | None = None
    auth_password: Password | None = None
    pin: SecretPin | None = None
    outbound_address: SipAddress | None = None
    outbound_user: SipUser | None = None
    outbound_password: ProvidersPassword | None = None
    transport: Transport = "auto"
    media_encryption: MediaEncryption = "disable"
    persona_id: Id | None = None
    owner: Annotated[str, Field(max_length=64)] | None = None


class LineChange(_Body):
    """What is left out stays; null takes away what may be missing."""

    name: Name | None = None
    numbers: Numbers | None = None
    allowed_addresses: Networks | None = None
    trusted_callers: Callers | None = None
    auth_user: SipUser | None = None
    auth_password: Password | None = None
    pin: SecretPin | None = None
    outbound_address: SipAddress | None = None
    outbound_user: SipUser | None = None
    outbound_password: ProvidersPassword | None = None
    transport: Transport | None = None
    media_encryption: MediaEncryption | None = None
    persona_id: Id | None = None
    owner: Annotated[str, Field(max_length=64)] | None = None


class Line(BaseModel):
    """`state`: ready: the voice server has it; pending: not yet, or not now, and `reason` says
    why; failed: it refused."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    numbers: list[str]
    allowed_addresses: list[str]
    trusted_callers: list[str]
    auth_user: str | None
    has_password: bool
    has_pin: bool
    outbound_address: str | None
    outbound_user: str | None
    has_outbound_password: bool
    transport: Transport
    media_encryption: MediaEncryption
    persona_id: str | None
    has_owner: bool
    created_at: datetime
    state: LineState
    reason: str | None


class Lines(BaseModel):
    """Every line, the oldest first."""

    lines: list[Line]


class LineStatus(BaseModel):
    id: str
    state: LineState
    reason: str | None


class PhoneStatus(BaseModel):
    """`sip_reachable`: livekit-sip answers; `redis`: the voice server reaches it over Redis;
    `max_calls` None: as many as the workers take; `may_dial`: there is somebody who may be called,
    and a way out."""

    sip_reachable: bool
    redis: bool
    lines: list[LineStatus]
    calls_on: int
    max_calls: int | None
    may_dial: bool


class Call(BaseModel):
    """One call by telephone. `conversation_open`: who asks may read its conversation."""

    id: str
    direction: Direction
    caller: str | None
    called: str | None
    line_id: str | None
    state: CallState
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    ended_reason: str | None
    conversation_id: str | None
    conversation_open: bool


class CallList(BaseModel):
    """The newest first. `next_cursor` None: there are no more."""

    calls: list[Call]
    next_cursor: str | None


class Dial(_Body):
    """Whom to call. Without `line_id`: the oldest line that calls go out through."""

    to: PhoneNumber
    line_id: Id | None = None
    persona_id: Id | None = None


class ReportedCall(BaseModel):
    """What the agent sees of a telephone call as it begins. Said twice of a room, it is one call.
    `pin_typed`: the SFU asked for the line's PIN."""

    room: Annotated[str, Field(min_length=1, max_length=256)]
    line_id: Annotated[str, Field(max_length=64)] | None = None
    direction: Direction = "inbound"
    caller: Told = None
    called: Told = None
    sip_call_id: Told = None
    pin_typed: bool = False


class KnownCall(BaseModel):
    """Whose the call is. `user_id`: the conversation's id when it is nobody's we know."""

    call_id: str
    conversation_id: str
    user_id: str
    persona_id: str | None


class CallEnd(BaseModel):
    """The call is over. `ended_at` None: now."""

    reason: EndedReason
    ended_at: Instant | None = None
