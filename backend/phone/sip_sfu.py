"""The SFU's telephony: its trunks and dispatch rules, and calls that go out."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from livekit import api
from livekit.protocol.models import ParticipantInfo, Room
from livekit.protocol.room import (
    CreateRoomRequest,
    ListParticipantsRequest,
    ListParticipantsResponse,
)
from livekit.protocol.sip import (
    CreateSIPDispatchRuleRequest,
    CreateSIPInboundTrunkRequest,
    CreateSIPOutboundTrunkRequest,
    CreateSIPParticipantRequest,
    DeleteSIPDispatchRuleRequest,
    DeleteSIPTrunkRequest,
    ListSIPDispatchRuleRequest,
    ListSIPDispatchRuleResponse,
    ListSIPInboundTrunkRequest,
    ListSIPInboundTrunkResponse,
    ListSIPOutboundTrunkRequest,
    ListSIPOutboundTrunkResponse,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
    SIPParticipantInfo,
    SIPTrunkInfo,
    UpdateSIPDispatchRuleRequest,
    UpdateSIPInboundTrunkRequest,
    UpdateSIPOutboundTrunkRequest,
)

from backend.phone.numbers import as_told
from backend.phone.plan import Found, line_of, room_config, sort
from backend.rooms.watcher_sfu import Refused, Sfu
from chassis.room_names import is_phone_room

RING_FOR = timedelta(seconds=30)
DIALLED_WITHIN_S = RING_FOR.total_seconds() + 15.0  # what the SFU and livekit-sip take besides
NO_REDIS = "sip not connected"  # the SFU's words
CALLEE = "callee"  # identity of who is called

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRoom:
    """One look at a telephone call's room. `status`: of the person at the telephone, as
    livekit-sip says it; None: nobody is there."""

    has_agent: bool
    status: str | None = None
    caller: str | None = None
    called: str | None = None
    line_id: str | None = None
    sip_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class SipSfu:
    """Every method raises SfuFailed; see `lacks_redis`."""

    sfu: Sfu

    async def found(self) -> Found:
        """Everything of telephony there is."""
        inbound = await self._ask(
            "ListSIPInboundTrunk", ListSIPInboundTrunkRequest(), ListSIPInboundTrunkResponse
        )
        outbound = await self._ask(
            "ListSIPOutboundTrunk", ListSIPOutboundTrunkRequest(), ListSIPOutboundTrunkResponse
        )
        rules = await self._ask(
            "ListSIPDispatchRule", ListSIPDispatchRuleRequest(), ListSIPDispatchRuleResponse
        )
        return Found(inbound=inbound.items, outbound=outbound.items, rules=rules.items)

    async def put_inbound(self, wanted: SIPInboundTrunkInfo, id_: str | None) -> str:
        """Made when `id_` is None, else replaced; the id."""
        if id_ is None:
            create = CreateSIPInboundTrunkRequest(trunk=wanted)
            made = await self._ask("CreateSIPInboundTrunk", create, SIPInboundTrunkInfo)
        else:
            update = UpdateSIPInboundTrunkRequest(sip_trunk_id=id_, replace=wanted)
            made = await self._ask("UpdateSIPInboundTrunk", update, SIPInboundTrunkInfo)
        return made.sip_trunk_id

    async def put_outbound(self, wanted: SIPOutboundTrunkInfo, id_: str | None) -> str:
        """As `put_inbound`."""
        if id_ is None:
            create = CreateSIPOutboundTrunkRequest(trunk=wanted)
            made = await self._ask("CreateSIPOutboundTrunk", create, SIPOutboundTrunkInfo)
        else:
            update = UpdateSIPOutboundTrunkRequest(sip_trunk_id=id_, replace=wanted)
            made = await self._ask("UpdateSIPOutboundTrunk", update, SIPOutboundTrunkInfo)
        return made.sip_trunk_id

    async def put_rule(self, wanted: SIPDispatchRuleInfo, id_: str | None) -> str:
        """As `put_inbound`."""
        if id_ is None:
            create = CreateSIPDispatchRuleRequest(dispatch_rule=wanted)
            made = await self._ask("CreateSIPDispatchRule", create, SIPDispatchRuleInfo)
        else:
            update = UpdateSIPDispatchRuleRequest(sip_dispatch_rule_id=id_, replace=wanted)
            made = await self._ask("UpdateSIPDispatchRule", update, SIPDispatchRuleInfo)
        return made.sip_dispatch_rule_id

    async def delete_trunk(self, id_: str) -> None:
        """Nothing to do is fine."""
        request = DeleteSIPTrunkRequest(sip_trunk_id=id_)
        await self._ask("DeleteSIPTrunk", request, SIPTrunkInfo)

    async def delete_rule(self, id_: str) -> None:
        """Raises NotThere when it is gone."""
        request = DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=id_)
        await self._ask("DeleteSIPDispatchRule", request, SIPDispatchRuleInfo)

    async def rooms(self) -> list[str]:
        """Names of the rooms of telephone calls."""
        return [room for room in await self.sfu.rooms() if is_phone_room(room)]

    async def close_room(self, room: str) -> None:
        """Hangs up. Raises NotThere when it is over already."""
        await self.sfu.close_room(room)

    async def look(self, room: str) -> PhoneRoom:
        """Who is there. Raises NotThere when it is gone."""
        answer = await self.sfu.ask(
            "RoomService/ListParticipants",
            ListParticipantsRequest(room=room),
            ListParticipantsResponse,
            api.VideoGrants(room_admin=True, room=room),
        )
        kinds = ParticipantInfo.Kind
        has_agent = any(p.kind == kinds.AGENT for p in answer.participants)
        people = [p for p in answer.participants if p.kind == kinds.SIP]
        if not people:
            return PhoneRoom(has_agent=has_agent)
        told = people[0].attributes
        return PhoneRoom(
            has_agent=has_agent,
            status=told.get("sip.callStatus", ""),
            caller=as_told(told.get("sip.phoneNumber")),
            called=as_told(told.get("sip.trunkPhoneNumber")),
            line_id=line_of(people[0].metadata),
            sip_call_id=as_told(told.get("sip.callID")),
        )

    async def outbound_trunk(self, line_id: str) -> str | None:
        """Its id; None: the SFU has none for the line."""
        request, kind = ListSIPOutboundTrunkRequest(), ListSIPOutboundTrunkResponse
        found = await self._ask("ListSIPOutboundTrunk", request, kind)
        trunk = sort(found.items, {line_id}).of_line.get(line_id)
        return None if trunk is None else trunk.sip_trunk_id

    async def open_room(self, room: str, metadata: str) -> None:
        """With the agent on its way, told `metadata`."""
        config = room_config(self.sfu.agent_name, metadata)
        request = CreateRoomRequest(
            name=room,
            agents=config.agents,
            empty_timeout=config.empty_timeout,
            departure_timeout=config.departure_timeout,
        )
        may = api.VideoGrants(room_create=True)
        await self.sfu.ask("RoomService/CreateRoom", request, Room, may)

    async def dial(self, request: CreateSIPParticipantRequest) -> None:
        """Returns once somebody answers. What it raises says why nobody did: `dial_results`."""
        request.wait_until_answered = True
        request.ringing_timeout.CopyFrom(Duration(seconds=round(RING_FOR.total_seconds())))
        await self.sfu.ask(
            "SIP/CreateSIPParticipant",
            request,
            SIPParticipantInfo,
            api.VideoGrants(),
            sip=api.SIPGrants(call=True),
            within_s=DIALLED_WITHIN_S,
        )

    async def _ask(self, method: str, request: Message, kind: type[M]) -> M:
        may = api.VideoGrants()
        return await self.sfu.ask(
            f"SIP/{method}", request, kind, may, sip=api.SIPGrants(admin=True)
        )


def lacks_redis(exc: Exception) -> bool:
    """Whether the SFU says that it has no telephony: it runs without Redis."""
    return isinstance(exc, Refused) and NO_REDIS in exc.text
