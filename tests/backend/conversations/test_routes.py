"""The history as a browser sees it: listed, read, named, kept as a file, deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.backend.conversations.history import NOON, at, begin, end, forged, listed, say

UNKNOWN = {"message": "there is no such conversation", "code": "not_found"}


def test_a_history_that_is_empty_is_one_page(client: TestClient) -> None:
    assert listed(client) == {"conversations": [], "next_cursor": None}


def test_a_line_of_the_history_says_what_one_looks_for(agent: TestClient) -> None:
    begin(agent, "c1", persona_id="atlas", channel="sip")
    say(agent, "c1", "Hello, this is Parley.", role="assistant", minute=0.1)
    say(agent, "c1", "  what is\nthe weather?", minute=1)
    say(agent, "c1", "Rain.", role="assistant", minute=2, timing={"e2e_latency_s": 0.5})
    say(agent, "c1", "thanks", minute=3)
    say(agent, "c1", "Bye.", role="assistant", minute=4, timing={"e2e_latency_s": 0.75})
    end(agent, "c1", minute=5)
    assert listed(agent)["conversations"] == [
        {
            "id": "c1",
            "title": None,
            "preview": "what is the weather?",
            "channel": "sip",
            "persona": {"id": "atlas", "name": "Atlas"},
            "started_at": "2026-01-02T12:00:00Z",
            "ended_at": "2026-01-02T12:05:00Z",
            "ended_reason": "user_left",
            "duration_s": 300.0,
            "turn_count": 5,
            "recorded": False,
            "live": False,
            "latencies_s": [0.5, 0.75],
            "match": None,
        }
    ]


def test_latencies_are_of_the_first_forty_replies(agent: TestClient) -> None:
    for i in range(45):
        timing = {"e2e_latency_s": i / 10, "llm_ttft_s": None}
        say(agent, "c1", "ok", role="assistant", minute=i, timing=timing)
    assert listed(agent)["conversations"][0]["latencies_s"] == [i / 10 for i in range(40)]


def test_a_long_preview_is_cut(agent: TestClient) -> None:
    say(agent, "c1", "word " * 100)
    preview = listed(agent)["conversations"][0]["preview"]
    assert preview.endswith("word…")
    assert len(preview) <= 160


def test_the_days_between_two_calls_are_not_talked(agent: TestClient) -> None:
    begin(agent, "c1")
    end(agent, "c1", minute=10)
    begin(agent, "c1", minute=60 * 24)
    assert listed(agent)["conversations"][0]["duration_s"] is None
    end(agent, "c1", minute=60 * 24 + 5)
    assert listed(agent)["conversations"][0]["duration_s"] == 900.0


def test_a_call_is_live_from_its_start_to_its_end(agent: TestClient) -> None:
    now = datetime.now(UTC)
    begin(agent, "now", started_at=now.isoformat())
    begin(agent, "never ended", started_at=(now - timedelta(hours=5)).isoformat())
    assert {c["id"]: c["live"] for c in listed(agent)["conversations"]} == {
        "now": True,
        "never ended": False,
    }
    begin(agent, "never ended", started_at=now.isoformat())
    assert listed(agent, limit=1)["conversations"][0]["live"] is True


def test_conversations_are_chosen_by_channel_and_day(agent: TestClient) -> None:
    for i in range(4):
        begin(agent, f"c{i}", minute=i, channel="sip" if i % 2 else "web")
    assert ids(listed(agent, channel="sip")) == ["c3", "c1"]
    assert ids(listed(agent, after=at(1), before=at(3))) == ["c2", "c1"]
    assert ids(listed(agent, after="2026-01-02T13:01:00+01:00", channel="web")) == ["c2"]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"cursor": "WyIyMDI2IiwgMV0"}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"cursor": forged(["2026-01-02T00:00:00+00:00", "\ud800"])}, "cursor"),
        ({"cursor": forged(["2026-01-02T00:00:00+00:00", 1])}, "cursor"),
        ({"cursor": "x" * 301}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"channel": "fax"}, "channel"),
        ({"after": "yesterday"}, "after"),
        ({"before": "0001-01-01T00:00:00+14:00"}, "before"),
    ],
)
def test_a_bad_question_names_the_field(
    client: TestClient, query: dict[str, Any], param: str
) -> None:
    response = client.get("/api/conversations", params=query)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


def test_a_conversation_is_read_with_all_its_turns(agent: TestClient) -> None:
    begin(agent, "c1")
    tools = [{"name": "calc", "arguments": {"e": "1+1"}, "result": {"value": 2}}]
    last = say(
        agent,
        "c1",
        "Two. And so on",
        minute=2,
        role="assistant",
        heard_text="Two.",
        interrupted=True,
        timing={"total_s": 2.0, "llm_ttft_s": None},
        tools=tools,
    )
    say(agent, "c1", "one and one?", minute=1, confidence=0.9)
    agent.put("/internal/conversations/c1/summary", json={"text": "Sums."})
    told = agent.get("/api/conversations/c1").json()
    assert (told["summary"], told["recordings"], told["preview"]) == ("Sums.", [], "one and one?")
    assert [turn["text"] for turn in told["turns"]] == ["one and one?", "Two. And so on"]
    assert told["turns"][1] == {
        "id": last,
        "role": "assistant",
        "text": "Two. And so on",
        "heard_text": "Two.",
        "started_at": "2026-01-02T12:02:00Z",
        "interrupted": True,
        "confidence": None,
        "timing": {"total_s": 2.0},
        "tools": tools,
    }


def test_a_conversation_is_given_a_title_and_loses_it(agent: TestClient) -> None:
    say(agent, "c1", "hello")
    named = agent.patch("/api/conversations/c1", json={"title": "  Été \U0001f600 "})
    assert (named.status_code, named.json()["title"]) == (200, "Été \U0001f600")
    assert listed(agent)["conversations"][0]["title"] == "Été \U0001f600"
    assert agent.patch("/api/conversations/c1", json={"title": " "}).json()["title"] is None
    refused = agent.patch("/api/conversations/c1", json={"title": "x" * 201})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "title")


def test_what_is_deleted_is_gone_and_does_not_come_back(agent: TestClient) -> None:
    begin(agent, "c1")
    say(agent, "c1", "hello")
    assert agent.delete("/api/conversations/c1").status_code == 204
    assert listed(agent)["conversations"] == []
    path = "/internal/conversations/c1"
    turn = {"role": "user", "text": "late", "started_at": at(1)}
    for answer in (
        agent.post(f"{path}/turns", json=turn, headers={"idempotency-key": "late"}),
        agent.put(f"{path}/summary", json={"text": "late"}),
        agent.post(f"{path}/end", json={"reason": "user_left", "ended_at": at(1)}),
        agent.post(
            "/internal/conversations",
            json={"conversation_id": "c1", "channel": "web", "started_at": at(1)},
        ),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "forgotten")
    assert listed(agent)["conversations"] == []
    assert agent.delete("/api/conversations/c1").status_code == 404


def test_anothers_conversation_is_as_unknown_as_none(agent: TestClient) -> None:
    begin(agent, "c1", user_id="ann")
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"title": "mine"}),
        ("DELETE", "", None),
        ("GET", "/export?format=txt", None),
    ):
        answers = [
            agent.request(method, f"/api/conversations/{id_}{path}", json=body)
            for id_ in ("c1", "never was")
        ]
        told = [{k: a.json()["error"][k] for k in UNKNOWN} for a in answers]
        assert (told, answers[0].status_code) == ([UNKNOWN, UNKNOWN], 404)
    assert listed(agent)["conversations"] == []


def test_a_conversation_is_exported_under_a_safe_name(agent: TestClient) -> None:
    say(agent, "c1", "hello")
    agent.patch("/api/conversations/c1", json={"title": 'Café / "..\\x"\r\nSet-Cookie: a=b'})
    for form, kind in (
        ("json", "application/json"),
        ("txt", "text/plain; charset=utf-8"),
        ("srt", "application/x-subrip; charset=utf-8"),
    ):
        answer = agent.get("/api/conversations/c1/export", params={"format": form})
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        name = f"{NOON.date()} Cafe .. x Set-Cookie a b.{form}"
        said = answer.headers["content-disposition"]
        assert said.startswith(f"attachment; filename=\"{name}\"; filename*=UTF-8''")
        assert "Caf%C3%A9" in said
    assert agent.get("/api/conversations/c1/export?format=pdf").status_code == 400


def ids(page: Any) -> list[str]:
    return [conversation["id"] for conversation in page["conversations"]]
