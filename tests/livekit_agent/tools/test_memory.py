"""What is remembered, recalled and forgotten."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from livekit_agent.tools.database import Database
from livekit_agent.tools.memory import LocalMemory, memory_tools
from tests.livekit_agent.tools.calls import call, code_of


def memory(folder: Path, owner: str = "local") -> LocalMemory:
    return LocalMemory(Database(folder), owner)


async def test_notes_outlive_the_call(tmp_path: Path) -> None:
    tools = memory_tools(memory(tmp_path))
    await call(tools, "remember", text="my keys are in the kitchen")
    await call(tools, "remember", text="the wifi password is swordfish")
    tools = memory_tools(memory(tmp_path))
    found = await call(tools, "recall", query="where are my keys")
    assert found == {"notes": ["my keys are in the kitchen"]}
    assert len((await call(tools, "recall"))["notes"]) == 2
    assert await call(tools, "recall", query="bicycle") == {"notes": []}


async def test_the_note_that_fits_best_comes_first(tmp_path: Path) -> None:
    tools = memory_tools(memory(tmp_path))
    await call(tools, "remember", text="the garage code is 1234")
    await call(tools, "remember", text="the garage is green")
    found = await call(tools, "recall", query="code of the garage")
    assert found["notes"] == ["the garage code is 1234", "the garage is green"]


async def test_what_is_forgotten_is_gone_and_nothing_else(tmp_path: Path) -> None:
    tools = memory_tools(memory(tmp_path))
    for text in ("the key is under the mat", "the bike key is in the shed", "tea at five"):
        await call(tools, "remember", text=text)
    assert await call(tools, "forget", query="that the bike key is in the shed") == {
        "forgotten": ["the bike key is in the shed"]
    }
    assert await code_of(tools, "forget", query="the dentist") == "nothing_found"
    assert await code_of(tools, "forget", query="the") == "nothing_found"
    assert len((await call(tools, "recall"))["notes"]) == 2


async def test_memories_are_of_one_user(tmp_path: Path) -> None:
    await call(memory_tools(memory(tmp_path, "ann")), "remember", text="the pin is 1234")
    tools = memory_tools(memory(tmp_path, "bob"))
    assert await call(tools, "recall") == {"notes": []}
    assert await code_of(tools, "forget", query="pin") == "nothing_found"


async def test_notes_of_two_calls_at_once(tmp_path: Path) -> None:
    one, two = memory(tmp_path), memory(tmp_path)
    await asyncio.gather(*(m.add(f"note {i}") for i, m in enumerate([one, two] * 10)))
    assert len(await one.find(None, 100)) == 20


async def test_notes_from_before_users_are_the_local_users(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "notes.db")) as db, db:
        db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT, created_at TEXT)")
        db.execute("INSERT INTO notes (text) VALUES ('the key is under the mat')")
    assert await memory(tmp_path).find("key", 5) == ["the key is under the mat"]


async def test_a_memory_out_of_reach_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    tools = memory_tools(memory(tmp_path / "file"))
    for name, arguments in (
        ("remember", {"text": "x"}),
        ("recall", {}),
        ("forget", {"query": "x"}),
    ):
        assert await code_of(tools, name, **arguments) == "memory_unavailable"
