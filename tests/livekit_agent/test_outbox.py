import asyncio
import json
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from livekit_agent.outbox import FILE, Letter, Outbox, OutboxUnavailable
from tests.processes import ROOT, clean_env

PUTTER = """
import asyncio, sys
from pathlib import Path
from livekit_agent.outbox import Outbox

async def main():
    name = sys.argv[2]
    async with Outbox(Path(sys.argv[1])) as outbox:
        for i in range(int(sys.argv[3])):
            await outbox.put("POST", "/x", {"i": i}, f"{name}:{i}", lane=name)
            print(i, flush=True)

asyncio.run(main())
"""


def putter(folder: Path, name: str, count: int = 1_000_000) -> subprocess.Popen[bytes]:
    """A process that puts letters and prints the number of each that is put."""
    return subprocess.Popen(
        [sys.executable, "-c", PUTTER, str(folder), name, str(count)],
        env=clean_env({"PYTHONPATH": str(ROOT)}),
        stdout=subprocess.PIPE,
    )


async def everything(outbox: Outbox) -> list[Letter]:
    """In the order of delivery, one lane after another."""
    letters = []
    while heads := await outbox.heads(frozenset(), 100):
        letters += heads
        for letter in heads:
            await outbox.remove(letter)
    return letters


async def put(outbox: Outbox, key: str, lane: str | None = None, *, is_last: bool = False) -> None:
    await outbox.put("POST", "/x", {"text": key}, key, lane=lane, is_last=is_last)


async def test_letters_of_a_lane_come_one_at_a_time_in_order(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        for key, lane in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("alone", None)):
            await put(outbox, key, lane)
        heads = await outbox.heads(frozenset(), 10)
        assert [letter.key for letter in heads] == ["a1", "b1", "alone"]
        await outbox.remove(heads[0])
        assert [h.key for h in await outbox.heads(frozenset({"b"}), 10)] == ["a2", "alone"]
        assert len(await outbox.heads(frozenset(), 1)) == 1


async def test_a_key_is_put_once(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        await put(outbox, "same")
        await put(outbox, "same")
        assert await outbox.count() == 1


async def test_a_letter_survives_the_outbox(tmp_path: Path) -> None:
    body = {"text": "Ça va ? 👍 \ud83d", "tools": [{"result": [1, None]}]}
    async with Outbox(tmp_path) as outbox:
        await outbox.put("POST", "/x", body, "1")
    async with Outbox(tmp_path) as outbox:
        (letter,) = await everything(outbox)
    assert (letter.method, letter.path, letter.key) == ("POST", "/x", "1")
    assert json.loads(letter.body) == body | {"text": "Ça va ? 👍 ?"}  # half a character is none


async def test_what_people_said_is_for_this_user_only(tmp_path: Path) -> None:
    async with Outbox(tmp_path / "made") as outbox:
        await put(outbox, "1")
        modes = {stat.S_IMODE(f.stat().st_mode) for f in (tmp_path / "made").iterdir()}
    assert modes == {0o600}


@pytest.mark.parametrize("after", [1, 7, 20])
async def test_what_was_put_survives_a_kill(tmp_path: Path, after: int) -> None:
    with putter(tmp_path, "c") as process:
        assert process.stdout is not None
        printed = [int(process.stdout.readline()) for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split(b"\n")  # put meanwhile
        printed += [int(line) for line in rest[:-1]]
    async with Outbox(tmp_path) as outbox:
        keys = [letter.key for letter in await everything(outbox)]
    assert keys[: len(printed)] == [f"c:{i}" for i in printed]
    assert len(keys) <= len(printed) + 1  # one more may be on disk and not said yet


async def test_several_processes_put_at_once(tmp_path: Path) -> None:
    names = ("a", "b", "c")
    processes = [putter(tmp_path, name, 30) for name in names]
    for process in processes:
        output, _ = await asyncio.to_thread(process.communicate, timeout=60)
        assert process.returncode == 0
        assert len(output.split()) == 30
    async with Outbox(tmp_path) as outbox:
        letters = await everything(outbox)
    for name in names:
        assert [x.key for x in letters if x.lane == name] == [f"{name}:{i}" for i in range(30)]


async def test_the_oldest_of_what_is_over_goes_first(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        for i in range(4):
            await put(outbox, f"live{i}", "live")
        for i in range(4):
            await put(outbox, f"over{i}", "over", is_last=i == 3)
        assert await outbox.trim(5, 10) == 3
        keys = {letter.key for letter in await everything(outbox)}
    assert keys == {"live0", "live1", "live2", "live3", "over3"}


async def test_it_is_bounded_though_nothing_is_over(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        for i in range(6):
            await put(outbox, str(i), "live")
        assert await outbox.trim(4, 10) == 2
        assert await outbox.trim(4, 10) == 0
        assert [letter.key for letter in await everything(outbox)] == ["2", "3", "4", "5"]


async def test_a_refused_letter_is_kept_aside_within_bounds(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        for i in range(5):
            await put(outbox, str(i))
        for letter in await outbox.heads(frozenset(), 10):
            await outbox.bury(letter, 400, "no")
        assert (await outbox.count(), await outbox.dead()) == (0, 5)
        await outbox.trim(10, 2)
        assert await outbox.dead() == 2


async def test_a_folder_that_cannot_be_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    async with Outbox(tmp_path / "file") as outbox:
        with pytest.raises(OutboxUnavailable):
            await put(outbox, "1")


async def test_a_full_disk_is_unavailable_until_there_is_room(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        await put(outbox, "1")
        await outbox._run("PRAGMA max_page_count = 1", ())
        with pytest.raises(OutboxUnavailable, match="full"):
            await outbox.put("POST", "/x", {"text": "x" * 1_000_000}, "big")
        await put(outbox, "2")
        assert await outbox.count() == 2


async def test_a_broken_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all" * 100)
    async with Outbox(tmp_path) as outbox:
        with pytest.raises(OutboxUnavailable):
            await put(outbox, "1")
        assert await outbox.mend()
        await put(outbox, "1")
        assert not await outbox.mend()
        assert await outbox.count() == 1
    assert (tmp_path / f"{FILE}.broken").exists()


async def test_a_locked_file_is_not_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livekit_agent.outbox.BUSY_TIMEOUT_S", 0.1)
    async with Outbox(tmp_path) as outbox:
        await put(outbox, "1")
        other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OutboxUnavailable, match="locked"):
            await put(outbox, "2")
        assert not await outbox.mend()
        other.execute("ROLLBACK")
        other.close()
        await put(outbox, "2")
        assert await outbox.count() == 2


async def test_what_was_delivered_is_nowhere_in_the_files(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        for i in range(50):
            await put(outbox, f"{i}: the secret of Ann" * 40, "ann")
        assert b"secret of Ann" in bytes_in(tmp_path)
        await everything(outbox)
        assert await outbox.scrub()
        assert b"secret of Ann" not in bytes_in(tmp_path)


async def test_a_lane_is_forgotten_with_what_of_it_was_refused(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox:
        for lane in ("ann", "anna"):
            for i in range(3):
                await put(outbox, f"{lane}:{i}", lane)
            refused = (await outbox.heads(frozenset(), 2))[-1]
            await outbox.bury(refused, 400, "no")
        await outbox.forget((await outbox.heads(frozenset(), 1))[0])
        assert [letter.key for letter in await everything(outbox)] == ["anna:1", "anna:2"]
        assert await outbox.dead() == 1
        await outbox.scrub()
    assert b"ann:" not in bytes_in(tmp_path)


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())
