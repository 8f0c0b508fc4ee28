"""The sound of a call: sent in pieces, kept once, played from any place, gone when deleted."""

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from backend.accounts.tables import AuditRow
from backend.conversations.recording_routes import RangeNotSatisfiable, part_of
from backend.conversations.recordings import CHUNK_BYTES
from backend.conversations.tables import RecordingChunkRow
from backend.data.db import Database
from tests.backend.apps import SERVICE_KEY, BuildApp
from tests.backend.conversations.history import at, begin, listed

BEARER = {"authorization": f"Bearer {SERVICE_KEY}"}
RECORDING = "0123456789abcdef" * 2
CHUNKS = [bytes([i]) * CHUNK_BYTES for i in (1, 2)] + [b"the end"]
SOUND = b"".join(CHUNKS)
PLAYED = f"/api/conversations/c1/recordings/{RECORDING}"


def sent(agent: TestClient, *, conversation: str = "c1") -> None:
    """All of a recording, the third chunk twice."""
    assert keep(agent, conversation).json() == {"chunks": 0, "chunk_bytes": CHUNK_BYTES}
    for number, chunk in [*enumerate(CHUNKS), (1, CHUNKS[1])]:
        assert put(agent, number, chunk, conversation).status_code == 204
    assert keep(agent, conversation, ended_at=at(5), duration_s=300).json()["chunks"] == 3


def keep(agent: TestClient, conversation: str = "c1", **fields: Any) -> Any:
    path = f"/internal/conversations/{conversation}/recordings/{RECORDING}"
    return agent.put(path, json={"started_at": at(0)} | fields)


def put(agent: TestClient, number: int, sound: bytes, conversation: str = "c1") -> Any:
    path = f"/internal/conversations/{conversation}/recordings/{RECORDING}/chunks/{number}"
    return agent.put(path, content=sound)


@pytest.fixture
def recorder(build_app: BuildApp) -> Any:
    app = build_app(recording="allowed", encryption_keys=["k" * 32])
    with TestClient(app, headers=BEARER) as agent:
        begin(agent, "c1")
        yield agent


def test_a_recording_is_played_whole_or_in_part(recorder: TestClient, database_url: str) -> None:
    sent(recorder)
    assert listed(recorder)["conversations"][0]["recorded"] is True
    assert recorder.get("/api/conversations/c1").json()["recordings"] == [
        {
            "id": RECORDING,
            "started_at": "2026-01-02T12:00:00Z",
            "duration_s": 300.0,
            "size_bytes": len(SOUND),
            "content_type": "audio/ogg",
        }
    ]
    whole = recorder.get(PLAYED)
    assert (whole.status_code, whole.content) == (200, SOUND)
    assert whole.headers["content-type"] == "audio/ogg"
    assert whole.headers["cache-control"] == "private, no-store"
    assert whole.headers["accept-ranges"] == "bytes"
    part = recorder.get(PLAYED, headers={"range": f"bytes={CHUNK_BYTES - 2}-{CHUNK_BYTES + 1}"})
    assert (part.status_code, part.content) == (206, b"\1\1\2\2")
    assert part.headers["content-range"] == (
        f"bytes {CHUNK_BYTES - 2}-{CHUNK_BYTES + 1}/{len(SOUND)}"
    )
    assert recorder.get(PLAYED, headers={"range": "bytes=-3"}).content == b"end"
    beyond = recorder.get(PLAYED, headers={"range": f"bytes={len(SOUND)}-"})
    assert beyond.status_code == 416
    assert beyond.json()["error"]["code"] == "range_not_satisfiable"
    assert beyond.headers["content-range"] == f"bytes */{len(SOUND)}"
    assert asyncio.run(_audited(database_url))[:1] == [("recording_read", "local", RECORDING)]


def test_a_deleted_recording_is_gone_and_what_comes_late_of_it_refused(
    recorder: TestClient, database_url: str
) -> None:
    sent(recorder)
    assert recorder.delete(PLAYED).status_code == 204
    assert recorder.get(PLAYED).status_code == 404
    assert asyncio.run(_chunks(database_url)) == 0
    for late in (keep(recorder), put(recorder, 3, b"late")):
        assert (late.status_code, late.json()["error"]["code"]) == (404, "forgotten")
    assert listed(recorder)["conversations"][0]["recorded"] is False


def test_a_conversation_takes_its_sound_with_it(recorder: TestClient, database_url: str) -> None:
    sent(recorder)
    assert recorder.delete("/api/conversations/c1").status_code == 204
    assert asyncio.run(_chunks(database_url)) == 0
    assert put(recorder, 3, b"late").json()["error"]["code"] == "forgotten"


def test_anothers_recording_is_as_unknown_as_none(recorder: TestClient) -> None:
    begin(recorder, "hers", user_id="ann")
    sent(recorder, conversation="hers")
    for path in (f"/api/conversations/hers/recordings/{RECORDING}", PLAYED, f"{PLAYED[:-1]}0"):
        for method in ("GET", "DELETE"):
            answer = recorder.request(method, path)
            assert (answer.status_code, answer.json()["error"]["param"]) == (404, "recording_id")
    assert keep(recorder, "c1").status_code == 409


@pytest.mark.parametrize(
    ("number", "sound", "status"),
    [
        (1, b"x", 409),
        (0, b"x" * (CHUNK_BYTES + 1), 413),
        (0, b"", 400),
        (-1, b"x", 400),
        (10_000, b"x", 400),
    ],
)
def test_a_chunk_that_cannot_be_next_is_refused(
    recorder: TestClient, number: int, sound: bytes, status: int
) -> None:
    assert put(recorder, 0, b"x").status_code == 404  # not begun
    keep(recorder)
    assert put(recorder, number, sound).status_code == status


def test_nothing_follows_a_short_chunk(recorder: TestClient) -> None:
    keep(recorder)
    assert put(recorder, 0, b"short").status_code == 204
    assert put(recorder, 1, b"more").status_code == 409


def test_nothing_is_taken_where_calls_are_not_recorded(agent: TestClient) -> None:
    for answer in (keep(agent), put(agent, 0, b"x")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "recording_off")


@given(st.text(max_size=20) | st.from_regex(r"bytes=[0-9]{0,3}-[0-9]{0,3}"), st.integers(0, 200))
def test_any_range_is_within_what_is_there(wanted: str, size: int) -> None:
    try:
        part = part_of(wanted, size)
    except RangeNotSatisfiable:
        return
    assert part is None or 0 <= part[0] < part[1] <= size


async def _audited(url: str) -> list[tuple[str, str | None, str | None]]:
    async with Database(url) as database, database.reading() as session:
        rows = await session.scalars(select(AuditRow).order_by(AuditRow.id))
        return [(row.action, row.user_id, row.target) for row in rows]


async def _chunks(url: str) -> int:
    async with Database(url) as database, database.reading() as session:
        return await session.scalar(select(func.count()).select_from(RecordingChunkRow)) or 0
