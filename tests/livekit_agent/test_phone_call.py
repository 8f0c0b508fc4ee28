"""What a telephone call is told to the backend as, and why one that goes out came to nothing."""

from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from livekit import rtc

from chassis.ended import EndedReason
from livekit_agent.backend_client import BackendClient
from livekit_agent.call_metadata import BUSY_MARK, CallMetadata
from livekit_agent.phone_call import NoCall, dial_result, taken

KNOWN = {"call_id": "k1", "conversation_id": "c1", "user_id": "ann", "persona_id": None}
BUSY = {"error": {"code": "lines_busy", "message": "all lines are busy"}}
ATTRIBUTES = {
    "sip.phoneNumber": "+15550199",
    "sip.trunkPhoneNumber": "+15550100",
    "sip.callIDFull": "abc@pbx",
    "sip.callStatus": "active",
}


class Job:
    """A job in whose room somebody rings."""

    def __init__(self, *marks: str, **told: str) -> None:
        """`told`: attributes of theirs, without their `sip.`"""
        attributes = ATTRIBUTES | {f"sip.{name}": value for name, value in told.items()}
        self.person = SimpleNamespace(
            identity="sip_1", attributes=attributes, disconnect_reason=None
        )
        self.job = SimpleNamespace(room=SimpleNamespace(name="call-sip-1"))
        self.room = SimpleNamespace(
            local_participant=SimpleNamespace(attributes=dict.fromkeys(marks, "1"))
        )

    async def connect(self) -> None:
        pass

    async def wait_for_participant(self, *, kind: int) -> Any:
        assert kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP
        return self.person


class Backend:
    """Answers one after the other, and keeps what it was told."""

    def __init__(self, *answers: httpx2.Response) -> None:
        self.told: list[bytes] = []
        self._answers = list(answers)
        self.http = httpx2.AsyncClient(
            transport=httpx2.MockTransport(self._answer), base_url="http://backend"
        )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.told.append(request.content)
        return self._answers.pop(0)


@pytest.fixture
def metadata() -> CallMetadata:
    return CallMetadata.of('{"channel": "sip", "line_id": "l1", "persona_id": "atlas"}', "r1")


async def test_a_call_is_whose_the_backend_says(metadata: CallMetadata) -> None:
    backend = Backend(httpx2.Response(200, json=KNOWN))
    call = await taken(Job(), BackendClient(backend.http), metadata)  # type: ignore[arg-type]
    told = httpx2.Response(200, content=backend.told[0]).json()
    assert told == {
        "room": "call-sip-1",
        "line_id": "l1",
        "direction": "inbound",
        "caller": "+15550199",
        "called": "+15550100",
        "sip_call_id": "abc@pbx",
        "pin_typed": False,
    }
    assert (call.call_id, call.is_busy, call.identity) == ("k1", False, "sip_1")
    assert (call.metadata.conversation_id, call.metadata.user_id) == ("c1", "ann")
    assert (call.metadata.persona_id, call.metadata.caller) == ("atlas", "+15550199")


async def test_who_says_to_be_a_network_is_refused(metadata: CallMetadata) -> None:
    backend = Backend()
    job = Job(hostname="203.0.113.0/24")
    with pytest.raises(NoCall) as refused:
        await taken(job, BackendClient(backend.http), metadata)  # type: ignore[arg-type]
    assert refused.value.reason is EndedReason.ROOM_CLOSED
    assert backend.told == []


async def test_a_pin_that_the_sfu_asked_for_is_told() -> None:
    backend = Backend(httpx2.Response(200, json=KNOWN))
    metadata = CallMetadata.of('{"channel": "sip", "line_id": "l1", "pin_typed": true}', "r1")
    await taken(Job(), BackendClient(backend.http), metadata)  # type: ignore[arg-type]
    assert httpx2.Response(200, content=backend.told[0]).json()["pin_typed"] is True


async def test_without_the_backend_a_call_is_nobodys(metadata: CallMetadata) -> None:
    backend = Backend(httpx2.Response(500), httpx2.Response(500))
    call = await taken(Job(), BackendClient(backend.http), metadata)  # type: ignore[arg-type]
    assert call.call_id is None
    assert call.metadata.user_id == call.metadata.conversation_id == "r1"


async def test_one_call_too_many_is_busy(metadata: CallMetadata) -> None:
    backend = Backend(httpx2.Response(503, json=BUSY))
    call = await taken(Job(), BackendClient(backend.http), metadata)  # type: ignore[arg-type]
    assert call.is_busy


async def test_a_call_taken_only_to_say_so_is_busy(metadata: CallMetadata) -> None:
    backend = Backend(httpx2.Response(200, json=KNOWN))
    job = Job(BUSY_MARK)
    call = await taken(job, BackendClient(backend.http), metadata)  # type: ignore[arg-type]
    assert call.is_busy
    assert call.call_id == "k1"  # its end is told


@pytest.mark.parametrize(
    ("disconnected", "reason"),
    [
        (None, EndedReason.NOT_ANSWERED),
        (rtc.DisconnectReason.USER_UNAVAILABLE, EndedReason.NOT_ANSWERED),
        (rtc.DisconnectReason.USER_REJECTED, EndedReason.CALLEE_BUSY),
        (rtc.DisconnectReason.SIP_TRUNK_FAILURE, EndedReason.DIAL_FAILED),
    ],
)
def test_why_nobody_answered(disconnected: int | None, reason: EndedReason) -> None:
    assert dial_result(disconnected) is reason
