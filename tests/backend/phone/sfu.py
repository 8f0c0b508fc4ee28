"""An SFU's server API, for tests: real protobuf over HTTP, what it holds in memory."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from google.protobuf.message import Message
from livekit.protocol import room as rooms
from livekit.protocol import sip
from livekit.protocol.models import ParticipantInfo, Room

Refusal = tuple[int, dict[str, object]]
NO_REDIS: Refusal = (500, {"code": "internal", "msg": "sip not connected (redis required)"})
PATH = "/twirp/livekit."


class FakeSfu:
    """`refuse[method]` answers for a method, by its name, as long as it is there; `puts` counts
    what was made or replaced; `dialled` is asked for each call that goes out."""

    def __init__(self) -> None:
        self.inbound: dict[str, sip.SIPInboundTrunkInfo] = {}
        self.outbound: dict[str, sip.SIPOutboundTrunkInfo] = {}
        self.rules: dict[str, sip.SIPDispatchRuleInfo] = {}
        self.rooms: dict[str, list[ParticipantInfo]] = {}
        self.agents_told: dict[str, str] = {}
        self.refuse: dict[str, Refusal] = {}
        self.calls: list[sip.CreateSIPParticipantRequest] = []
        self.pick_up = threading.Event()
        self.has_worker = True
        self.puts = 0
        self.asked = 0
        self.url = ""
        self._ids = count(1)

    def flush(self) -> None:
        """Redis lost everything."""
        self.inbound.clear()
        self.outbound.clear()
        self.rules.clear()

    def has_no_redis(self) -> None:
        for method in METHODS:
            if method.startswith("SIP/"):
                self.refuse[method] = NO_REDIS

    def answer(self, method: str, body: bytes) -> bytes | Refusal:
        self.asked += 1
        if method in self.refuse:
            return self.refuse[method]
        kind, do = METHODS[method]
        answer = do(self, kind.FromString(body))
        return answer if isinstance(answer, tuple) else answer.SerializeToString()

    def list_inbound(self, _: Message) -> Message:
        return sip.ListSIPInboundTrunkResponse(items=self.inbound.values())

    def list_outbound(self, _: Message) -> Message:
        return sip.ListSIPOutboundTrunkResponse(items=self.outbound.values())

    def list_rules(self, _: Message) -> Message:
        return sip.ListSIPDispatchRuleResponse(items=self.rules.values())

    def create_inbound(self, asked: sip.CreateSIPInboundTrunkRequest) -> Message | Refusal:
        return self._put_inbound(asked.trunk, self._new("ST"))

    def update_inbound(self, asked: sip.UpdateSIPInboundTrunkRequest) -> Message | Refusal:
        return self._put_inbound(asked.replace, asked.sip_trunk_id)

    def create_outbound(self, asked: sip.CreateSIPOutboundTrunkRequest) -> Message:
        return self._put_outbound(asked.trunk, self._new("ST"))

    def update_outbound(self, asked: sip.UpdateSIPOutboundTrunkRequest) -> Message:
        return self._put_outbound(asked.replace, asked.sip_trunk_id)

    def create_rule(self, asked: sip.CreateSIPDispatchRuleRequest) -> Message:
        return self._put_rule(asked.dispatch_rule, self._new("SDR"))

    def update_rule(self, asked: sip.UpdateSIPDispatchRuleRequest) -> Message:
        return self._put_rule(asked.replace, asked.sip_dispatch_rule_id)

    def delete_trunk(self, asked: sip.DeleteSIPTrunkRequest) -> Message:
        self.inbound.pop(asked.sip_trunk_id, None)
        self.outbound.pop(asked.sip_trunk_id, None)
        return sip.SIPTrunkInfo()

    def delete_rule(self, asked: sip.DeleteSIPDispatchRuleRequest) -> Message | Refusal:
        gone = self.rules.pop(asked.sip_dispatch_rule_id, None)
        return gone or (404, {"code": "not_found", "msg": "no such rule"})

    def list_rooms(self, _: Message) -> Message:
        return rooms.ListRoomsResponse(rooms=[Room(name=name) for name in self.rooms])

    def list_people(self, asked: rooms.ListParticipantsRequest) -> Message | Refusal:
        if asked.room not in self.rooms:
            return (404, {"code": "not_found", "msg": "no such room"})
        return rooms.ListParticipantsResponse(participants=self.rooms[asked.room])

    def create_room(self, asked: rooms.CreateRoomRequest) -> Message:
        agent = ParticipantInfo(identity="agent", kind=ParticipantInfo.Kind.AGENT)
        self.rooms.setdefault(asked.name, [agent] if self.has_worker else [])
        self.agents_told[asked.name] = asked.agents[0].metadata
        return Room(name=asked.name)

    def delete_room(self, asked: rooms.DeleteRoomRequest) -> Message | Refusal:
        if self.rooms.pop(asked.room, None) is None:
            return (404, {"code": "not_found", "msg": "no such room"})
        return rooms.DeleteRoomResponse()

    def dial(self, asked: sip.CreateSIPParticipantRequest) -> Message:
        self.calls.append(asked)
        assert self.pick_up.wait(20), "nobody picked up"
        return sip.SIPParticipantInfo(room_name=asked.room_name)

    def _put_inbound(self, trunk: sip.SIPInboundTrunkInfo, id_: str) -> Message | Refusal:
        for other in self.inbound.values():
            if other.sip_trunk_id != id_ and set(other.numbers) & set(trunk.numbers):
                return (400, {"code": "invalid_argument", "msg": "Conflicting inbound SIP Trunks"})
        self.puts += 1
        self.inbound[id_] = stored = sip.SIPInboundTrunkInfo()
        stored.CopyFrom(trunk)
        stored.sip_trunk_id = id_
        stored.updated_at.GetCurrentTime()
        return stored

    def _put_outbound(self, trunk: sip.SIPOutboundTrunkInfo, id_: str) -> Message:
        self.puts += 1
        self.outbound[id_] = stored = sip.SIPOutboundTrunkInfo()
        stored.CopyFrom(trunk)
        stored.sip_trunk_id = id_
        return stored

    def _put_rule(self, rule: sip.SIPDispatchRuleInfo, id_: str) -> Message:
        self.puts += 1
        self.rules[id_] = stored = sip.SIPDispatchRuleInfo()
        stored.CopyFrom(rule)
        stored.media.SetInParent()  # as the real one does
        stored.sip_dispatch_rule_id = id_
        return stored

    def _new(self, kind: str) -> str:
        return f"{kind}_{next(self._ids):06}"


Method = tuple[type[Message], Callable[[FakeSfu, Any], Message | Refusal]]
METHODS: dict[str, Method] = {
    "SIP/ListSIPInboundTrunk": (sip.ListSIPInboundTrunkRequest, FakeSfu.list_inbound),
    "SIP/ListSIPOutboundTrunk": (sip.ListSIPOutboundTrunkRequest, FakeSfu.list_outbound),
    "SIP/ListSIPDispatchRule": (sip.ListSIPDispatchRuleRequest, FakeSfu.list_rules),
    "SIP/CreateSIPInboundTrunk": (sip.CreateSIPInboundTrunkRequest, FakeSfu.create_inbound),
    "SIP/UpdateSIPInboundTrunk": (sip.UpdateSIPInboundTrunkRequest, FakeSfu.update_inbound),
    "SIP/CreateSIPOutboundTrunk": (sip.CreateSIPOutboundTrunkRequest, FakeSfu.create_outbound),
    "SIP/UpdateSIPOutboundTrunk": (sip.UpdateSIPOutboundTrunkRequest, FakeSfu.update_outbound),
    "SIP/CreateSIPDispatchRule": (sip.CreateSIPDispatchRuleRequest, FakeSfu.create_rule),
    "SIP/UpdateSIPDispatchRule": (sip.UpdateSIPDispatchRuleRequest, FakeSfu.update_rule),
    "SIP/DeleteSIPTrunk": (sip.DeleteSIPTrunkRequest, FakeSfu.delete_trunk),
    "SIP/DeleteSIPDispatchRule": (sip.DeleteSIPDispatchRuleRequest, FakeSfu.delete_rule),
    "SIP/CreateSIPParticipant": (sip.CreateSIPParticipantRequest, FakeSfu.dial),
    "RoomService/ListRooms": (rooms.ListRoomsRequest, FakeSfu.list_rooms),
    "RoomService/ListParticipants": (rooms.ListParticipantsRequest, FakeSfu.list_people),
    "RoomService/CreateRoom": (rooms.CreateRoomRequest, FakeSfu.create_room),
    "RoomService/DeleteRoom": (rooms.DeleteRoomRequest, FakeSfu.delete_room),
}


@contextmanager
def fake_sfu() -> Iterator[FakeSfu]:
    """Running, at `.url`."""
    sfu = FakeSfu()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, b"OK", "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            method = self.path.removeprefix(PATH)
            answer = sfu.answer(method, body) if method in METHODS else (404, {"code": "bad_route"})
            if isinstance(answer, bytes):
                self._send(200, answer, "application/protobuf")
            else:
                self._send(answer[0], json.dumps(answer[1]).encode(), "application/json")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    sfu.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield sfu
    finally:
        sfu.pick_up.set()
        server.shutdown()
        thread.join()
        server.server_close()
