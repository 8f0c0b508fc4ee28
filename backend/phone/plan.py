"""What the SFU is to have for the lines there are: pure, no I/O.

Only what carries our mark is ours: trunks and rules that others made are never touched.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import (
    SIPDispatchRule,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPMediaConfig,
    SIPMediaEncryption,
    SIPOutboundTrunkInfo,
    SIPTransport,
)

from backend.phone.tables import MediaEncryption, PhoneLineRow, Transport
from chassis.room_names import PHONE_PREFIX

MARK = "parley"  # key in the metadata of what is ours; its value is the line's id
EMPTY_ROOM_TIMEOUT_S = 60
DEPARTURE_TIMEOUT_S = 20
TRANSPORTS: dict[Transport, SIPTransport] = {
    "auto": SIPTransport.SIP_TRANSPORT_AUTO,
    "udp": SIPTransport.SIP_TRANSPORT_UDP,
    "tcp": SIPTransport.SIP_TRANSPORT_TCP,
    "tls": SIPTransport.SIP_TRANSPORT_TLS,
}
ENCRYPTIONS: dict[MediaEncryption, SIPMediaEncryption] = {
    "disable": SIPMediaEncryption.SIP_MEDIA_ENCRYPT_DISABLE,
    "allow": SIPMediaEncryption.SIP_MEDIA_ENCRYPT_ALLOW,
    "require": SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE,
}
OF_THE_SFU = ("sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at")

T = TypeVar("T", SIPInboundTrunkInfo, SIPOutboundTrunkInfo, SIPDispatchRuleInfo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything of telephony in the SFU, ours or not."""

    inbound: Sequence[SIPInboundTrunkInfo] = ()
    outbound: Sequence[SIPOutboundTrunkInfo] = ()
    rules: Sequence[SIPDispatchRuleInfo] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted(Generic[T]):
    """Ours of one kind: one for each line, and those that are one too many."""

    of_line: Mapping[str, T]
    surplus: tuple[T, ...]


def sort(found: Iterable[T], lines: Collection[str]) -> Sorted[T]:
    """`lines`: ids of those there are. What is of no line any more is surplus, and so is what two
    leaders made at the same time."""
    of_line: dict[str, T] = {}
    surplus: list[T] = []
    for info in sorted(found, key=id_of):
        line_id = line_of(info.metadata)
        if line_id is None:
            continue
        if line_id in lines and line_id not in of_line:
            of_line[line_id] = info
        else:
            surplus.append(info)
    return Sorted(of_line=of_line, surplus=tuple(surplus))


def line_of(metadata: str) -> str | None:
    """The line that something in the SFU is for; None: it is not ours."""
    try:
        told = json.loads(metadata)
    except ValueError:
        return None
    line_id = told.get(MARK) if isinstance(told, dict) else None
    return line_id if isinstance(line_id, str) else None


def id_of(info: SIPInboundTrunkInfo | SIPOutboundTrunkInfo | SIPDispatchRuleInfo) -> str:
    if isinstance(info, SIPDispatchRuleInfo):
        return info.sip_dispatch_rule_id
    return info.sip_trunk_id


def is_as_wanted(there: T, wanted: T) -> bool:
    """But for what the SFU itself writes."""
    bare = type(there)()
    bare.CopyFrom(there)
    for name in OF_THE_SFU:
        if name in bare.DESCRIPTOR.fields_by_name:
            bare.ClearField(name)
    if bare.media == SIPMediaConfig():  # it adds an empty one to some
        bare.ClearField("media")
    return bare == wanted


def inbound_of(line: PhoneLineRow) -> SIPInboundTrunkInfo:
    return SIPInboundTrunkInfo(
        name=line.name,
        metadata=json.dumps({MARK: line.id}),
        numbers=line.numbers,
        allowed_addresses=line.allowed_addresses,
        auth_username=line.auth_user or "",
        auth_password=line.auth_password or "",
        media=_media(line),
    )


def outbound_of(line: PhoneLineRow) -> SIPOutboundTrunkInfo | None:
    """None: no calls go out through it."""
    if line.outbound_address is None:
        return None
    return SIPOutboundTrunkInfo(
        name=line.name,
        metadata=json.dumps({MARK: line.id}),
        address=line.outbound_address,
        transport=TRANSPORTS[line.transport],
        numbers=line.numbers,
        auth_username=line.outbound_user or "",
        auth_password=line.outbound_password or "",
        media=_media(line),
    )


def rule_of(line: PhoneLineRow, trunk_id: str, agent_name: str) -> SIPDispatchRuleInfo:
    """A room for each call, and the agent sent there."""
    told = {
        "channel": "sip",
        "line_id": line.id,
        "persona_id": line.persona_id,
        # Of this very rule: a PIN that the SFU has not heard of yet was typed by nobody.
        "pin_typed": line.pin is not None,
    }
    individual = SIPDispatchRuleIndividual(room_prefix=PHONE_PREFIX, pin=line.pin or "")
    return SIPDispatchRuleInfo(
        name=line.name,
        # The SFU gives it to the caller, too: what the call is about comes back with them when a
        # restarted SFU knows no dispatch any more.
        metadata=json.dumps(told | {MARK: line.id}),
        rule=SIPDispatchRule(dispatch_rule_individual=individual),
        trunk_ids=[trunk_id],
        room_config=room_config(agent_name, json.dumps(told)),
        media=_media(line),
    )


def asks_the_same(line: PhoneLineRow, other: PhoneLineRow) -> bool:
    """Whether two states of a line want the same of the SFU."""
    return (inbound_of(line), outbound_of(line), rule_of(line, "", "")) == (
        inbound_of(other),
        outbound_of(other),
        rule_of(other, "", ""),
    )


def room_config(agent_name: str, metadata: str) -> RoomConfiguration:
    """Of a telephone call's room. `metadata`: what the agent is told."""
    return RoomConfiguration(
        agents=[RoomAgentDispatch(agent_name=agent_name, metadata=metadata)],
        empty_timeout=EMPTY_ROOM_TIMEOUT_S,
        departure_timeout=DEPARTURE_TIMEOUT_S,
    )


def encryption_of(line: PhoneLineRow) -> SIPMediaEncryption:
    return ENCRYPTIONS[line.media_encryption]


def _media(line: PhoneLineRow) -> SIPMediaConfig | None:
    """None where nothing is said: the SFU keeps it so."""
    if line.media_encryption == "disable":
        return None
    return SIPMediaConfig(encryption=encryption_of(line))
