import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.conversations.tables import ConversationRow
from backend.data.db import Database
from tests.backend.apps import SERVICE_KEY, BuildApp, app_with

BEARER = {"authorization": f"Bearer {SERVICE_KEY}"}
NOON = "2026-01-02T12:00:00Z"


def begin(agent: TestClient, conversation: str = "c1", **fields: Any) -> int:
    body = {"conversation_id": conversation, "channel": "web", "started_at": NOON} | fields
    return agent.post("/internal/conversations", json=body).status_code


def say(
    agent: TestClient, text: str, key: str, *, conversation: str = "c1", **fields: Any
) -> tuple[int, str]:
    body = {"role": "user", "text": text, "started_at": NOON, "interrupted": False} | fields
    response = agent.post(
        f"/internal/conversations/{conversation}/turns",
        json=body,
        headers={"idempotency-key": key},
    )
    return response.status_code, response.json()["turn_id"]


def context(agent: TestClient, conversation: str = "c1", **query: str) -> Any:
    response = agent.get(f"/internal/conversations/{conversation}/context", params=query)
    assert response.status_code == 200
    return response.json()


def remember(agent: TestClient, text: str, **fields: Any) -> tuple[int, str]:
    body = {"text": text, "kind": "fact"} | fields
    response = agent.post(
        "/internal/memories", json=body, headers={"idempotency-key": f"key of {text} {fields}"}
    )
    return response.status_code, response.json()["id"]


def recall(agent: TestClient, **query: Any) -> list[str]:
    response = agent.get("/internal/memories", params=query)
    assert response.status_code == 200
    return [memory["text"] for memory in response.json()["memories"]]


# Who is let in


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {SERVICE_KEY}"}],
    ids=["none", "wrong", "scheme"],
)
def test_only_the_service_key_lets_in(client: TestClient, headers: dict[str, str]) -> None:
    # Not even the body of a stranger is looked at.
    for request in (
        ("GET", "/internal/conversations/c1/context", None),
        ("POST", "/internal/conversations", "{not json"),
        ("DELETE", "/internal/memories", None),
        ("GET", "/internal/personas/lumina", None),
    ):
        method, path, content = request
        response = client.request(method, path, content=content, headers=headers)
        assert response.status_code == 401
        assert response.json()["error"]["code"] == "invalid_api_key"


def test_without_a_key_set_nobody_is_let_in(tmp_path: Path) -> None:
    with TestClient(app_with(tmp_path, service_key=None)) as client:
        response = client.get("/internal/personas/lumina", headers=BEARER)
    assert response.status_code == 401
    assert "PARLEY_SERVICE_KEY" in response.json()["error"]["message"]


@pytest.mark.parametrize("origin", ["http://localhost:8080", "null", "https://evil.example"])
def test_no_web_page_is_let_in_not_even_ours(agent: TestClient, origin: str) -> None:
    response = agent.get("/internal/personas/lumina", headers={"origin": origin})
    assert response.status_code == 403
    assert response.json()["error"]["param"] == "Origin"


# Conversations


def test_a_conversation_begins_once(agent: TestClient) -> None:
    assert begin(agent) == 201
    assert begin(agent) == 200


def test_an_unknown_conversation_has_the_default_persona_and_nothing_else(
    agent: TestClient,
) -> None:
    told = context(agent, "never-heard-of")
    assert told["persona"]["name"] == "Lumina"
    assert told["resumed"] is False
    nobody = {"preferred_name": None, "language": None, "memory_policy": "auto"}
    assert told["user"] == {"id": "local"} | nobody
    assert (told["summary"], told["turns"], told["memories"]) == (None, [], [])
    assert [p["name"] for p in told["personas"]] == ["Atlas", "Lumina", "Pepper"]


def test_what_was_said_is_told_when_a_call_goes_on(agent: TestClient) -> None:
    begin(agent, persona_id="atlas")
    say(agent, "hello", "1", started_at="2026-01-02T12:00:01Z")
    say(
        agent,
        "hi there, how are you",
        "2",
        role="assistant",
        heard_text="hi there",
        interrupted=True,
        started_at="2026-01-02T12:00:02Z",
    )
    say(agent, "never heard", "3", role="assistant", heard_text="")
    agent.put("/internal/conversations/c1/summary", json={"text": "They met."})
    told = context(agent)
    assert told["resumed"] is True
    assert told["persona"]["id"] == "atlas"
    assert told["summary"] == "They met."
    assert [(t["role"], t["text"], t["at"]) for t in told["turns"]] == [
        ("user", "hello", "2026-01-02T12:00:01Z"),
        ("assistant", "hi there", "2026-01-02T12:00:02Z"),
    ]


def test_the_last_twenty_turns_are_told_oldest_first(agent: TestClient) -> None:
    for i in reversed(range(30)):  # delivered in any order
        say(agent, str(i), f"key {i}", started_at=f"2026-01-02T12:00:{i:02}Z")
    assert [t["text"] for t in context(agent)["turns"]] == [str(i) for i in range(10, 30)]


def test_the_user_is_called_as_they_wish(build_app: BuildApp) -> None:
    with TestClient(build_app(user_name="Sam"), headers=BEARER) as agent:
        assert context(agent)["user"]["preferred_name"] == "Sam"
        assert context(agent, user_id="another")["user"]["preferred_name"] is None


def test_a_first_call_is_told_of_its_persona_and_user(agent: TestClient) -> None:
    remember(agent, "Likes tea", user_id="ann")
    told = context(agent, user_id="ann", persona_id="pepper")
    assert told["persona"]["id"] == "pepper"
    assert told["user"]["id"] == "ann"
    assert [m["text"] for m in told["memories"]] == ["Likes tea"]
    assert context(agent, persona_id="retired")["persona"]["id"] == "lumina"


def test_a_turn_delivered_again_is_kept_once(agent: TestClient) -> None:
    first = say(agent, "hello", "same")
    again = say(agent, "hello", "same")
    assert (first[0], again[0]) == (201, 200)
    assert first[1] == again[1]
    assert len(context(agent)["turns"]) == 1


def test_a_turn_delivered_many_times_at_once_is_kept_once(agent: TestClient) -> None:
    together = threading.Barrier(8)

    def deliver(_: int) -> tuple[int, str]:
        together.wait(10)
        return say(agent, "hello", "same")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(deliver, range(8)))
    assert sorted(status for status, _ in answers) == [200] * 7 + [201]
    assert len({turn for _, turn in answers}) == 1


def test_a_turn_of_an_unknown_conversation_makes_it(agent: TestClient) -> None:
    assert say(agent, "hello", "1", conversation="c9")[0] == 201
    assert begin(agent, "c9", channel="sip") == 200
    assert context(agent, "c9")["resumed"] is True


def test_a_turn_keeps_its_timing_and_tools(agent: TestClient) -> None:
    tools = [{"name": "calc", "arguments": {"e": "1+1"}, "result": {"value": 2}}]
    assert say(agent, "2", "1", role="assistant", timing={"llm_ttft_s": 0.2}, tools=tools)[0] == 201


def test_a_call_that_goes_on_is_not_over_until_its_last_end(
    agent: TestClient, database_url: str
) -> None:
    def ended(reason: str, at: str) -> int:
        body = {"reason": reason, "ended_at": f"2026-01-02T{at}:00Z"}
        return agent.post("/internal/conversations/c1/end", json=body).status_code

    begin(agent)
    assert ended("user_hung_up", "13:00") == 204
    # An older word, late out of the outbox of a worker that died.
    assert ended("agent_lost", "12:30") == 204
    assert row(database_url) == ("2026-01-02T13:00:00+00:00", "user_hung_up")
    begin(agent, started_at="2026-01-02T14:00:00Z")
    assert row(database_url) == (None, None)
    ended("user_silent", "15:00")
    begin(agent)  # late too
    assert row(database_url) == ("2026-01-02T15:00:00+00:00", "user_silent")


def row(database_url: str) -> Any:
    """As another process reads it."""

    async def read() -> Any:
        async with Database(database_url) as database, database.reading() as session:
            found = await session.get_one(ConversationRow, "c1")
            return found.ended_at and found.ended_at.isoformat(), found.ended_reason

    return asyncio.run(read())


# Personas


@pytest.mark.parametrize("wanted", ["lumina", "Lumina", "LUMINA", "%20lumina%20"])
def test_a_persona_is_found_by_id_or_name(agent: TestClient, wanted: str) -> None:
    persona = agent.get(f"/internal/personas/{wanted}").json()
    assert persona["id"] == "lumina"
    assert persona["prompt"].startswith("You are Lumina")
    assert persona["tools"] is None
    assert persona["interruption_mode"] == "normal"


def test_an_unknown_persona_is_not_found(agent: TestClient) -> None:
    response = agent.get("/internal/personas/nobody")
    assert response.status_code == 404
    assert response.json()["error"]["param"] == "persona"


def test_the_personas_differ_in_what_is_heard(agent: TestClient) -> None:
    told = [agent.get(f"/internal/personas/{n}").json() for n in ("lumina", "atlas", "pepper")]
    for field in ("prompt", "style", "voice"):
        assert len({persona[field] for persona in told}) == 3


# Memories


def test_memories_come_newest_first_and_by_relevance_when_asked(agent: TestClient) -> None:
    for text in ("Has a dog called Rex", "Sister's birthday is in May", "Plays chess on Sundays"):
        assert remember(agent, text)[0] == 201
    assert recall(agent)[0] == "Plays chess on Sundays"
    assert recall(agent, query="when is my sister's birthday?") == ["Sister's birthday is in May"]
    assert recall(agent, query="dogs") == ["Has a dog called Rex"]
    assert recall(agent, query="what is it?") == []
    assert len(recall(agent, limit=2)) == 2


def test_a_memory_told_twice_is_kept_once(agent: TestClient) -> None:
    first = remember(agent, "Likes tea")
    assert remember(agent, "Likes tea")[1] == first[1]
    assert remember(agent, "Likes tea", kind="preference") == (200, first[1])  # another key
    assert recall(agent) == ["Likes tea"]


def test_memories_of_users_do_not_mix(agent: TestClient) -> None:
    remember(agent, "Likes tea", user_id="ann")
    remember(agent, "Likes coffee")
    assert recall(agent, query="likes") == ["Likes coffee"]
    assert recall(agent, user_id="ann") == ["Likes tea"]
    agent.delete("/internal/memories", params={"query": "likes"})
    assert recall(agent, user_id="ann") == ["Likes tea"]


def test_what_matches_best_is_forgotten(agent: TestClient) -> None:
    for text in ("Likes tea", "Likes coffee", "Owns a red car"):
        remember(agent, text)
    answer = agent.delete("/internal/memories", params={"query": "that I like tea"}).json()
    assert [memory["text"] for memory in answer["deleted"]] == ["Likes tea"]
    assert sorted(recall(agent)) == ["Likes coffee", "Owns a red car"]
    nothing = agent.delete("/internal/memories", params={"query": "my pilot licence"})
    assert nothing.json() == {"deleted": []}


def test_to_forget_one_must_say_what(agent: TestClient) -> None:
    for query in ({}, {"query": " "}):
        response = agent.delete("/internal/memories", params=query)
        assert response.status_code == 400
        assert response.json()["error"]["param"] == "query"


# Bad input


GOOD_TURN = {"role": "user", "text": "hello", "started_at": NOON, "interrupted": False}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"role": "system"}, "role"),
        ({"text": None}, "text"),
        ({"text": "x" * 100_001}, "text"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": "2026-01-02T12:00:00"}, "started_at"),
        ({"started_at": "0001-01-01T00:00:00+14:00"}, "started_at"),
        ({"confidence": 2}, "confidence"),
        ({"timing": {"total_s": "fast"}}, "timing.total_s"),
        ({"timing": {"total\0": 1.0}}, "timing.total\0.[key]"),
        ({"timing": {"total_s": float("nan")}}, "timing.total_s"),
        ({"tools": [{}]}, "tools.0.name"),
    ],
)
def test_a_bad_turn_is_refused_by_its_field(
    agent: TestClient, change: dict[str, Any], param: str
) -> None:
    response = agent.post(
        "/internal/conversations/c1/turns",
        content=json.dumps(GOOD_TURN | change),
        headers={"idempotency-key": "1", "content-type": "application/json"},
    )
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


def test_odd_but_possible_words_are_kept(agent: TestClient) -> None:
    for i, text in enumerate(["", "\0", "𝄞 \u202e 👩‍👩‍👧", "'; DROP TABLE turns; --"]):
        assert say(agent, text, str(i), tools=[{"name": "t", "result": [10**30, 1e308]}])[0] == 201
    assert [t["text"] for t in context(agent)["turns"]] == [
        "\0",
        "𝄞 \u202e 👩‍👩‍👧",
        "'; DROP TABLE turns; --",
    ]
    assert recall(agent, query="'; DROP 👩‍👩‍👧 *") == []


@pytest.mark.parametrize("key", [None, "", "k" * 256])
def test_what_is_recorded_needs_a_key(agent: TestClient, key: str | None) -> None:
    headers = {} if key is None else {"idempotency-key": key}
    for path, body in (
        ("/internal/conversations/c1/turns", GOOD_TURN),
        ("/internal/memories", {"text": "Likes tea", "kind": "fact"}),
    ):
        response = agent.post(path, json=body, headers=headers)
        assert response.status_code == 400
        assert response.json()["error"]["param"] == "Idempotency-Key"


@pytest.mark.parametrize(
    ("method", "path", "body", "param"),
    [
        ("POST", "/conversations", {"conversation_id": "", "channel": "web"}, "conversation_id"),
        ("POST", "/conversations/c1/end", {"reason": "bored", "ended_at": NOON}, "reason"),
        ("PUT", "/conversations/c1/summary", {}, "text"),
        ("GET", f"/conversations/{'c' * 65}/context", None, "conversation_id"),
        ("GET", "/memories?limit=0", None, "limit"),
        ("GET", "/memories?limit=all", None, "limit"),
        ("GET", f"/memories?query={'q' * 2001}", None, "query"),
    ],
)
def test_bad_requests_name_the_field(
    agent: TestClient, method: str, path: str, body: Any, param: str
) -> None:
    response = agent.request(method, f"/internal{path}", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
