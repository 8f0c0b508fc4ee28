"""What the agent says of telephone calls: whose they are, how many may be on, how they end."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.backend.apps import SERVICE_KEY, BuildApp

BEARER = {"authorization": f"Bearer {SERVICE_KEY}"}
ME, STRANGER = "+4915112345678", "+33612345678"
LINE: dict[str, Any] = {
    "numbers": ["+4930123456"],
    "allowed_addresses": ["203.0.113.7"],
    "trusted_callers": [ME],
}


def make_line(client: TestClient, **more: Any) -> str:
    made = client.post("/api/phone/lines", json=LINE | more, headers=BEARER)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def ring(client: TestClient, room: str = "call-sip-_+49_a", **more: Any) -> Any:
    body = {"room": room, "caller": STRANGER, "called": "+4930123456"} | more
    return client.post("/internal/calls", json=body)


def ended(client: TestClient, call_id: str, reason: str = "user_hung_up") -> int:
    path = f"/internal/calls/{call_id}/ended"
    return client.post(path, json={"reason": reason}).status_code


def the_calls(client: TestClient, **query: str) -> list[dict[str, Any]]:
    return list(client.get("/api/calls", params=query).json()["calls"])


def test_who_is_not_known_meets_nobodys_memories(agent: TestClient) -> None:
    told = ring(agent, line_id=make_line(agent)).json()
    assert told["user_id"] == told["conversation_id"]
    assert told["persona_id"] is None


@pytest.mark.parametrize("caller", [ME, ME.removeprefix("+"), "+49 151 12345678"])
def test_a_trusted_number_is_taken_for_the_owner(agent: TestClient, caller: str) -> None:
    assert ring(agent, line_id=make_line(agent), caller=caller).json()["user_id"] == "local"


def test_so_is_who_typed_the_pin(agent: TestClient) -> None:
    line = make_line(agent, pin="1234", trusted_callers=[])
    assert ring(agent, line_id=line, pin_typed=True).json()["user_id"] == "local"


def test_a_pin_that_was_not_asked_for_proves_nothing(agent: TestClient) -> None:
    told = ring(agent, line_id=make_line(agent, pin="1234", trusted_callers=[])).json()
    assert told["user_id"] == told["conversation_id"]
    none_set = ring(
        agent, "call-sip-2", line_id=make_line(agent, numbers=["+49301"]), pin_typed=True
    )
    assert none_set.json()["user_id"] == none_set.json()["conversation_id"]


def test_no_odd_name_of_a_call_keeps_it_off_the_record(agent: TestClient) -> None:
    answer = ring(agent, sip_call_id="a\0b" + "x" * 400, caller="9" * 400, called="\0")
    assert answer.status_code == 200, answer.text
    (call,) = the_calls(agent)
    assert (call["caller"], call["called"]) == ("9" * 255, None)


@pytest.mark.parametrize("line_id", [None, "gone"])
def test_a_call_of_no_line_is_nobodys(agent: TestClient, line_id: str | None) -> None:
    told = ring(agent, line_id=line_id, caller=ME)
    assert told.status_code == 200
    assert told.json()["user_id"] == told.json()["conversation_id"]


def test_a_caller_without_a_number_is_nobody(agent: TestClient) -> None:
    for number, caller in enumerate((None, "", "anonymous", "+")):
        told = ring(agent, f"call-sip-{number}", line_id=None, caller=caller).json()
        assert told["user_id"] == told["conversation_id"]


def test_the_agent_that_takes_over_is_in_the_same_call(agent: TestClient) -> None:
    line = make_line(agent)
    first, second = ring(agent, line_id=line), ring(agent, line_id=line)
    assert first.json() == second.json()
    assert len(the_calls(agent)) == 1


def test_the_persona_of_the_line_answers_strangers_too(agent: TestClient) -> None:
    persona = agent.post("/api/personas", json={"name": "Desk", "prompt": "Be brief."}).json()
    told = ring(agent, line_id=make_line(agent, persona_id="desk")).json()
    assert told["persona_id"] == persona["id"]
    path = f"/internal/conversations/{told['conversation_id']}/context"
    query = {"user_id": told["user_id"], "persona_id": told["persona_id"]}
    assert agent.get(path, params=query).json()["persona"]["name"] == "Desk"


def test_beyond_the_cap_lines_are_busy_and_it_is_on_record(build_app: BuildApp) -> None:
    with TestClient(build_app(phone_max_calls=2), headers=BEARER) as client:
        first = ring(client, "call-sip-1").json()
        ring(client, "call-sip-2")
        refused = ring(client, "call-sip-3")
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (503, "lines_busy")
        assert ring(client, "call-sip-3").status_code == 503
        assert ended(client, error["details"]["call_id"], "lines_busy") == 204
        (over,) = the_calls(client, state="ended")
        assert (over["id"], over["ended_reason"]) == (error["details"]["call_id"], "lines_busy")
        assert over["answered_at"] is not None
        assert ended(client, first["call_id"]) == 204
        assert ring(client, "call-sip-4").status_code == 200
        numbers = client.get("/metrics").text
    assert 'parley_backend_phone_calls_refused_total{code="lines_busy"} 1.0' in numbers
    assert 'parley_backend_phone_calls_total{direction="inbound"} 4.0' in numbers


def test_without_a_cap_all_are_taken(build_app: BuildApp) -> None:
    with TestClient(build_app(phone_max_calls=0), headers=BEARER) as client:
        assert all(ring(client, f"call-sip-{n}").status_code == 200 for n in range(6))
        assert client.get("/api/phone/status").json()["max_calls"] is None


def test_of_two_ends_the_first_stays(agent: TestClient) -> None:
    call_id = ring(agent).json()["call_id"]
    assert ended(agent, call_id, "transferred") == 204
    assert ended(agent, call_id, "user_hung_up") == 204
    (call,) = the_calls(agent)
    assert (call["state"], call["ended_reason"]) == ("ended", "transferred")


def test_the_end_of_a_forgotten_call_is_dropped(agent: TestClient) -> None:
    answer = agent.post("/internal/calls/gone/ended", json={"reason": "user_hung_up"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "forgotten")


def test_a_reason_nobody_knows_is_refused(agent: TestClient) -> None:
    call_id = ring(agent).json()["call_id"]
    assert ended(agent, call_id, "bored") == 400


def test_pages_of_calls_are_newest_first_and_each_call_once(build_app: BuildApp) -> None:
    with TestClient(build_app(phone_max_calls=0), headers=BEARER) as client:
        made = [ring(client, f"call-sip-{n}").json()["call_id"] for n in range(5)]
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = client.get("/api/calls", params={"limit": "2"} | cursor).json()
            seen += [call["id"] for call in page["calls"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == made[::-1]
        wrong = client.get("/api/calls", params={"cursor": "nonsense"})
        assert wrong.json()["error"]["param"] == "cursor"


def test_a_call_says_whether_its_conversation_may_be_read(agent: TestClient) -> None:
    line = make_line(agent)
    mine = ring(agent, "call-sip-1", line_id=line, caller=ME).json()
    theirs = ring(agent, "call-sip-2", line_id=line).json()
    for told in (mine, theirs):
        body = {name: told[name] for name in ("conversation_id", "user_id")}
        body |= {"channel": "sip", "started_at": "2026-11-21T12:00:00Z", "room": "call-sip-x"}
        assert agent.post("/internal/conversations", json=body).is_success
    readable = {call["id"]: call["conversation_open"] for call in the_calls(agent)}
    assert readable == {mine["call_id"]: True, theirs["call_id"]: False}


async def test_no_number_is_readable_in_the_tables(build_app: BuildApp, database: Any) -> None:
    room = f"call-sip-_{STRANGER}_x7Yz"
    with TestClient(build_app(encryption_keys=["k" * 32]), headers=BEARER) as client:
        told = ring(client, room, line_id=make_line(client)).json()
        body = {"conversation_id": told["conversation_id"], "user_id": told["user_id"]}
        body |= {"channel": "sip", "started_at": "2026-11-21T12:00:00Z", "room": room}
        assert client.post("/internal/conversations", json=body).is_success
        assert the_calls(client)[0]["caller"] == STRANGER
    async with database.engines.readers.connect() as connection:
        for table in ("calls", "conversations"):
            rows = (await connection.exec_driver_sql(f"SELECT * FROM {table}")).all()
            assert len(rows) == 1
            assert STRANGER not in str(rows)
