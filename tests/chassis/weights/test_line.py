"""Who may download into a models folder, and who waits."""

import asyncio
import multiprocessing
import multiprocessing.synchronize
import os
import signal
from pathlib import Path

import pytest

from chassis.weights import line
from chassis.weights.catalogue import Kind, Model
from chassis.weights.errors import StoreUnusable
from chassis.weights.line import turn_to_fetch
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore

WITHIN_S = 20.0


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "POLL_S", 0.01)


def store_in(folder: Path) -> ModelStore:
    return ModelStore(ModelStoreSettings(models_dir=folder))


def model(kind: Kind | None) -> Model:
    return Model(id=f"any-{kind}", kind=kind, repo="owner/any")


async def test_those_who_wait_go_in_the_order_a_call_needs(tmp_path: Path) -> None:
    store, went = store_in(tmp_path), list[str]()
    free = asyncio.Event()

    async def fetch(kind: Kind | None, began: asyncio.Event, may_end: asyncio.Event) -> None:
        async with turn_to_fetch(store, model(kind)):
            went.append(str(kind))
            began.set()
            await may_end.wait()

    free.set()
    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as tasks:
        first, may_end = asyncio.Event(), asyncio.Event()
        tasks.create_task(fetch("stt", first, may_end))
        await first.wait()
        for kind in (None, "llm", "tts"):
            tasks.create_task(fetch(kind, asyncio.Event(), free))
        await asyncio.sleep(5 * line.POLL_S)  # all of them stand in the line
        assert went == ["stt"]
        may_end.set()
    assert went == ["stt", "tts", "llm", "None"]


async def test_who_has_the_turn_learns_of_one_that_goes_first(tmp_path: Path) -> None:
    store = store_in(tmp_path)

    async def ears() -> None:
        async with turn_to_fetch(store, model("stt")):
            pass

    async with asyncio.timeout(WITHIN_S), turn_to_fetch(store, model("llm")) as turn:
        given_up = asyncio.create_task(turn.given_up())
        await asyncio.sleep(2 * line.POLL_S)
        assert not given_up.done()
        waiting = asyncio.create_task(ears())
        await given_up
    await asyncio.wait_for(waiting, WITHIN_S)


async def test_who_waits_can_stop_waiting(tmp_path: Path) -> None:
    store = store_in(tmp_path)

    async def wait() -> None:
        async with turn_to_fetch(store, model("tts")):
            raise AssertionError("the turn is another's")

    async with asyncio.timeout(WITHIN_S):
        async with turn_to_fetch(store, model("stt")):
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(2 * line.POLL_S)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with turn_to_fetch(store, model("llm")):
            pass  # nobody speaks for the one that left


async def test_a_killed_server_leaves_the_line(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    has_it = context.Event()
    other = context.Process(target=_hold, args=(tmp_path, has_it))
    other.start()
    try:
        assert await asyncio.to_thread(has_it.wait, WITHIN_S)
        assert other.pid is not None
        os.kill(other.pid, signal.SIGKILL)
        async with asyncio.timeout(WITHIN_S), turn_to_fetch(store_in(tmp_path), model("llm")):
            pass
    finally:
        other.kill()
        other.join()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match="file/models"):
        async with turn_to_fetch(store_in(tmp_path / "file" / "models"), model("stt")):
            pass


def _hold(folder: Path, has_it: "multiprocessing.synchronize.Event") -> None:
    async def hold() -> None:
        async with turn_to_fetch(store_in(folder), model("stt")):
            has_it.set()
            await asyncio.sleep(WITHIN_S)

    asyncio.run(hold())
