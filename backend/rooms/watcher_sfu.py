"""The SFU's server API as the room watcher needs it: what is in our rooms, and what to change.

Over our own HTTP client: LiveKit's Python SDK has no call that asks a participant something.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from google.protobuf.message import DecodeError, Message
from livekit import api
from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    CreateAgentDispatchRequest,
    DeleteAgentDispatchRequest,
    ListAgentDispatchRequest,
    ListAgentDispatchResponse,
)
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import (
    DeleteRoomRequest,
    DeleteRoomResponse,
    ListParticipantsRequest,
    ListParticipantsResponse,
    ListRoomsRequest,
    ListRoomsResponse,
    PerformRpcRequest,
    PerformRpcResponse,
    RemoveParticipantResponse,
    RoomParticipantIdentity,
)

from backend.rooms.names import ROOM_PREFIX
from backend.rooms.room_rules import AgentSeen, Answer, DispatchSeen, RoomSeen
from chassis.http import AsyncClient, HTTPError, Response
from chassis.settings import LiveKitSettings

ANSWER_WITHIN_S = 1.0
DEADLINE_S = 2.5
TOKEN_TTL = timedelta(minutes=1)
ALIVE_METHOD = "parley.alive"  # answered by the agent's event loop
CONNECTED_METHOD = "parley.connected"  # nobody's: the SDK's own thread answers that there is none
AGENT_NAME_ATTRIBUTE = "lk.agent.name"  # set by the SFU
PEOPLE = {ParticipantInfo.Kind.STANDARD, ParticipantInfo.Kind.SIP, ParticipantInfo.Kind.CONNECTOR}
NO_ANSWER = re.compile(r"RpcError 150[123]")  # no connection, no response in time, disconnected

M = TypeVar("M", bound=Message)


class SfuFailed(Exception):
    """The SFU cannot be asked now, or refused. Its next look may work."""


class NotThere(SfuFailed):
    """The room or the participant has gone."""

    def __init__(self, what: str, text: str = "") -> None:
        super().__init__(what)
        self.text = text  # of the SFU's answer


class Refused(SfuFailed):
    """The SFU answered, but not what was hoped for."""

    def __init__(self, method: str, response: Response) -> None:
        super().__init__(f"{method} answered {response.status_code}: {response.text[:200]}")
        self.status = response.status_code
        self.text = response.text


@dataclass(frozen=True, slots=True)
class Sfu:
    """The rooms of one agent's calls. Every method raises SfuFailed."""

    client: AsyncClient
    livekit: Callable[[], LiveKitSettings]  # as it is now: keys may change
    agent_name: str

    async def rooms(self) -> list[str]:
        """Names of our rooms."""
        grants = api.VideoGrants(room_list=True)
        answer = await self.ask(
            "RoomService/ListRooms", ListRoomsRequest(), ListRoomsResponse, grants
        )
        return [room.name for room in answer.rooms if room.name.startswith(ROOM_PREFIX)]

    async def close_room(self, room: str) -> None:
        """Everybody in it is sent away."""
        grants = api.VideoGrants(room_create=True)
        request = DeleteRoomRequest(room=room)
        await self.ask("RoomService/DeleteRoom", request, DeleteRoomResponse, grants)

    async def look(self, room: str, doubted: frozenset[str]) -> RoomSeen:
        """Who is there and who of the agents answers. `doubted`: sids to ask in both ways."""
        answer = await self.ask(
            "RoomService/ListParticipants",
            ListParticipantsRequest(room=room),
            ListParticipantsResponse,
            _of(room),
        )
        there = [p for p in answer.participants if p.state != ParticipantInfo.State.DISCONNECTED]
        people = [p for p in there if p.kind in PEOPLE]
        ours = [p for p in there if self._is_ours(p)] if people else []
        asked = await asyncio.gather(*(self._agent(room, p, p.sid in doubted) for p in ours))
        agents = tuple(agent for agent in asked if agent)
        lacking = bool(people) and all(a.answer is not Answer.ANSWERED for a in agents)
        return RoomSeen(
            name=room,
            people=len(people),
            agents=agents,
            dispatches=await self._dispatches(room) if lacking else (),
            told=tuple(p.metadata for p in people),
        )

    async def dispatch(self, room: str, metadata: str) -> None:
        request = CreateAgentDispatchRequest(
            room=room, agent_name=self.agent_name, metadata=metadata
        )
        await self.ask("AgentDispatchService/CreateDispatch", request, AgentDispatch, _of(room))

    async def cancel(self, room: str, dispatch: str) -> None:
        """Take a dispatch back; its job is ended wherever it still runs."""
        request = DeleteAgentDispatchRequest(room=room, dispatch_id=dispatch)
        await self.ask("AgentDispatchService/DeleteDispatch", request, AgentDispatch, _of(room))

    async def remove(self, room: str, identity: str) -> None:
        request = RoomParticipantIdentity(room=room, identity=identity)
        await self.ask(
            "RoomService/RemoveParticipant", request, RemoveParticipantResponse, _of(room)
        )

    def _is_ours(self, participant: ParticipantInfo) -> bool:
        name = participant.attributes.get(AGENT_NAME_ATTRIBUTE, self.agent_name)
        return participant.kind == ParticipantInfo.Kind.AGENT and name == self.agent_name

    async def _agent(self, room: str, info: ParticipantInfo, doubted: bool) -> AgentSeen | None:
        if info.state != ParticipantInfo.State.ACTIVE:
            answer = Answer.JOINING
        else:
            try:
                answer = await self._answer(room, info.identity, doubted)
            except NotThere:
                return None
        return AgentSeen(
            identity=info.identity,
            sid=info.sid,
            joined_at_s=info.joined_at_ms / 1000,
            answer=answer,
        )

    async def _answer(self, room: str, identity: str, doubted: bool) -> Answer:
        if not doubted:
            return (
                Answer.ANSWERED
                if await self._answers(room, identity, ALIVE_METHOD)
                else Answer.SILENT
            )
        alive, connected = await asyncio.gather(
            self._answers(room, identity, ALIVE_METHOD),
            self._answers(room, identity, CONNECTED_METHOD),
        )
        if alive:
            return Answer.ANSWERED
        return Answer.DEAF if connected else Answer.SILENT

    async def _answers(self, room: str, identity: str, method: str) -> bool:
        request = PerformRpcRequest(
            room=room,
            destination_identity=identity,
            method=method,
            response_timeout_ms=round(ANSWER_WITHIN_S * 1000),
        )
        try:
            await self.ask("RoomService/PerformRpc", request, PerformRpcResponse, _of(room))
        except Refused as exc:
            if exc.status >= 500:  # it never opened the channel it would be asked through
                return False
            if exc.status in (401, 403):
                raise
            # That there is no such method is an answer too.
            return NO_ANSWER.search(exc.text) is None
        return True

    async def _dispatches(self, room: str) -> tuple[DispatchSeen, ...]:
        answer = await self.ask(
            "AgentDispatchService/ListDispatch",
            ListAgentDispatchRequest(room=room),
            ListAgentDispatchResponse,
            _of(room),
        )
        return tuple(
            DispatchSeen(
                id=d.id,
                created_at_s=d.state.created_at / 1e9,
                metadata=d.metadata,
                agents=frozenset(
                    j.state.participant_identity
                    for j in d.state.jobs
                    if j.state.participant_identity
                ),
            )
            for d in answer.agent_dispatches
            if d.agent_name == self.agent_name
        )

    async def ask(
        self,
        method: str,
        request: Message,
        kind: type[M],
        may: api.VideoGrants,
        *,
        sip: api.SIPGrants | None = None,
        within_s: float = DEADLINE_S,
    ) -> M:
        """Any method, `Service/Method`, of the server's API."""
        livekit = self.livekit()
        token = (
            api.AccessToken(livekit.api_key, livekit.api_secret.get_secret_value())
            .with_grants(may)
            .with_ttl(TOKEN_TTL)
        )
        if sip is not None:
            token = token.with_sip_grants(sip)
        try:
            async with asyncio.timeout(within_s):
                response = await self.client.post(
                    f"{livekit.http_url}/twirp/livekit.{method}",
                    content=request.SerializeToString(),
                    timeout=within_s,
                    headers={
                        "content-type": "application/protobuf",
                        "authorization": f"Bearer {token.to_jwt()}",
                    },
                )
        except (HTTPError, OSError, TimeoutError) as exc:
            raise SfuFailed(f"{method}: {exc or type(exc).__name__}") from exc
        if response.status_code == 404:
            raise NotThere(method, response.text)
        if response.status_code != 200:
            raise Refused(method, response)
        try:
            return kind.FromString(response.content)
        except DecodeError as exc:
            raise SfuFailed(f"{method}: {exc}") from exc


def _of(room: str) -> api.VideoGrants:
    return api.VideoGrants(room_admin=True, room=room)
