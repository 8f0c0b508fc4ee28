"""Calls that go out: to whom they may, once each, and what is said of those nobody answered."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from google.protobuf.message import Message

from backend.phone import dial as dial_module
from backend.phone.dial_results import failure_of
from backend.rooms.watcher_sfu import NotThere, SfuFailed
from chassis.ended import EndedReason
from tests.backend.apps import SERVICE_KEY, app_with
from tests.backend.phone.sfu import METHODS, FakeSfu

THEM = "+4930987654"
LINE: dict[str, Any] = {
    "numbers": ["+4930123456"],
    "allowed_addresses": ["203.0.113.7"],
    "outbound_address": "sip.example.net",
    "trusted_callers": [THEM],
}


def until(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.02)  # between two polls of a deadline


@pytest.fixture
def house(tmp_path: Path, database_url: str, sfu: FakeSfu) -> Iterator[TestClient]:
    app = app_with(
        tmp_path, sfu.url, database_url=database_url, sip_url=sfu.url, phone_dial_allow=["+4930"]
    )
    with TestClient(app) as client:
        assert client.post("/api/phone/lines", json=LINE).is_success
        until(lambda: bool(sfu.outbound))
        yield client


def dial(client: TestClient, to: str = THEM, **more: Any) -> Any:
    return client.post("/api/calls", json={"to": to} | more)


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def latest(client: TestClient) -> dict[str, Any]:
    newest: dict[str, Any] = client.get("/api/calls").json()["calls"][0]
    return newest


def test_a_call_rings_and_is_live_once_somebody_answers(house: TestClient, sfu: FakeSfu) -> None:
    made = dial(house, "+49 30 987654")
    assert (made.status_code, made.json()["state"]) == (202, "ringing")
    until(lambda: bool(sfu.calls))
    (asked,) = sfu.calls
    told = json.loads(sfu.agents_told[asked.room_name])
    assert (asked.sip_call_to, asked.sip_number) == (THEM, "+4930123456")
    assert asked.wait_until_answered
    assert (told["channel"], told["direction"]) == ("sip", "outbound")
    assert told["call_id"] == made.json()["id"]
    assert told["user_id"] == "local"  # a trusted number
    sfu.pick_up.set()
    until(lambda: latest(house)["state"] == "live")
    agent = {"authorization": f"Bearer {SERVICE_KEY}"}
    body = {"room": asked.room_name, "direction": "outbound"}
    same = house.post("/internal/calls", json=body, headers=agent).json()
    assert same["call_id"] == made.json()["id"]
    assert same["conversation_id"] == told["conversation_id"]


@pytest.mark.parametrize("to", ["+491511234", "+1305555", "+112"])
def test_nobody_is_called_who_is_not_allowed(house: TestClient, sfu: FakeSfu, to: str) -> None:
    assert refusal(dial(house, to)) == (403, "number_not_allowed")
    assert refusal(dial(house, "112"))[0] == 400
    assert not sfu.calls


def test_by_default_nobody_is_called(client: TestClient) -> None:
    client.post("/api/phone/lines", json=LINE)
    assert refusal(dial(client)) == (403, "number_not_allowed")


def may_dial(client: TestClient) -> bool:
    told: bool = client.get("/api/phone/status").json()["may_dial"]
    return told


def test_whether_there_is_anything_to_dial_with_is_told(house: TestClient, sfu: FakeSfu) -> None:
    assert may_dial(house)
    line = house.get("/api/phone/lines").json()["lines"][0]["id"]
    house.patch(f"/api/phone/lines/{line}", json={"outbound_address": None})
    assert not may_dial(house)


def test_nobody_to_be_called_is_nothing_to_dial_with(
    tmp_path: Path, database_url: str, sfu: FakeSfu
) -> None:
    app = app_with(tmp_path, sfu.url, database_url=database_url, sip_url=sfu.url)
    with TestClient(app) as client:
        assert client.post("/api/phone/lines", json=LINE).is_success
        assert not may_dial(client)


def test_a_number_of_ours_is_not_called(house: TestClient) -> None:
    assert refusal(dial(house, "+4930123456")) == (400, "dial_loop")


def test_without_a_line_out_there_is_no_call(house: TestClient) -> None:
    line = LINE | {"numbers": ["+4930777"], "outbound_address": None}
    only_in = house.post("/api/phone/lines", json=line).json()["id"]
    assert refusal(dial(house, line_id=only_in)) == (400, "no_outbound_line")


def test_the_same_number_is_not_called_twice_at_a_time(house: TestClient) -> None:
    assert dial(house).status_code == 202
    assert refusal(dial(house)) == (409, "already_calling")


def test_calls_out_count_towards_the_cap(tmp_path: Path, database_url: str, sfu: FakeSfu) -> None:
    most: dict[str, Any] = {"phone_dial_allow": ["*"], "phone_max_calls": 1}
    with TestClient(app_with(tmp_path, sfu.url, database_url=database_url, **most)) as client:
        client.post("/api/phone/lines", json=LINE)
        until(lambda: bool(sfu.outbound))
        assert dial(client, "+4930111").status_code == 202
        assert refusal(dial(client, "+4930112")) == (503, "lines_busy")


def answered(status: int, code: str) -> tuple[int, dict[str, object]]:
    meta = {"sip_status_code": str(status), "sip_status": "x"}
    return 500, {"code": code, "msg": "sip status", "meta": meta}


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (answered(486, "resource_exhausted"), "callee_busy"),
        (answered(408, "deadline_exceeded"), "not_answered"),
        (answered(404, "not_found"), "dial_failed"),
        (answered(503, "failed_precondition"), "dial_failed"),
        ((408, {"code": "deadline_exceeded", "msg": "late"}), "not_answered"),
        ((503, {"code": "unavailable", "msg": "no response from servers"}), "dial_failed"),
    ],
)
def test_what_came_of_a_call_nobody_answered_is_told(
    house: TestClient, sfu: FakeSfu, refused: tuple[int, dict[str, object]], reason: str
) -> None:
    sfu.refuse["SIP/CreateSIPParticipant"] = refused
    assert dial(house).status_code == 202
    until(lambda: latest(house)["state"] == "ended")
    assert latest(house)["ended_reason"] == reason
    assert sfu.rooms == {}


def test_a_call_that_never_rang_was_not_left_unanswered(house: TestClient, sfu: FakeSfu) -> None:
    sfu.refuse["RoomService/CreateRoom"] = (408, {"code": "deadline_exceeded", "msg": "late"})
    assert dial(house).status_code == 202
    until(lambda: latest(house)["state"] == "ended")
    assert latest(house)["ended_reason"] == "dial_failed"
    assert not sfu.calls


def test_a_number_that_fails_again_and_again_is_left_alone(house: TestClient, sfu: FakeSfu) -> None:
    sfu.refuse["SIP/CreateSIPParticipant"] = answered(486, "resource_exhausted")
    for _ in range(3):
        assert dial(house).status_code == 202
        until(lambda: latest(house)["state"] == "ended")
    assert refusal(dial(house)) == (429, "too_many_tries")


def test_a_ringing_call_is_hung_up(house: TestClient, sfu: FakeSfu) -> None:
    call = dial(house).json()["id"]
    until(lambda: bool(sfu.rooms))
    assert house.delete(f"/api/calls/{call}").status_code == 204
    assert sfu.rooms == {}
    assert latest(house)["ended_reason"] == "room_closed"
    assert house.delete(f"/api/calls/{call}").status_code == 204
    assert refusal(house.delete("/api/calls/nothing")) == (404, "not_found")


def test_a_call_hung_up_before_it_rings_never_does(
    house: TestClient, sfu: FakeSfu, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, go_on = "RoomService/CreateRoom", threading.Event()
    asked: list[Message] = []

    def slow(sfu: FakeSfu, request: Any) -> Message:
        asked.append(request)
        go_on.wait(20)
        return sfu.create_room(request)

    monkeypatch.setitem(METHODS, method, (METHODS[method][0], slow))
    call = dial(house).json()["id"]
    until(lambda: bool(asked))
    assert house.delete(f"/api/calls/{call}").status_code == 204
    go_on.set()
    other = "+4930987655"
    assert dial(house, other).status_code == 202
    until(lambda: bool(sfu.calls))
    assert [asked.sip_call_to for asked in sfu.calls] == [other]


def test_nobody_is_rung_up_without_an_agent(
    house: TestClient, sfu: FakeSfu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial_module, "AGENT_WITHIN_S", 0.5)
    sfu.has_worker = False
    assert dial(house).status_code == 202
    until(lambda: latest(house)["state"] == "ended")
    assert latest(house)["ended_reason"] == "lines_busy"
    assert (sfu.calls, sfu.rooms) == ([], {})


def test_a_voice_server_that_is_away_is_said_so(house: TestClient, sfu: FakeSfu) -> None:
    call = dial(house).json()["id"]
    sfu.refuse["RoomService/ListRooms"] = (503, {"code": "unavailable", "msg": "away"})
    assert refusal(house.delete(f"/api/calls/{call}")) == (503, "voice_server_unreachable")


def test_no_word_at_all_is_a_call_nobody_answered() -> None:
    late = SfuFailed("late")
    late.__cause__ = TimeoutError()
    assert failure_of(late).reason is EndedReason.NOT_ANSWERED
    assert failure_of(SfuFailed("down")).reason is EndedReason.DIAL_FAILED
    assert failure_of(NotThere("x", "<html>")).reason is EndedReason.DIAL_FAILED
