"""An engine that is being loaded is let go of only when no thread uses it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from inference.candidates import Candidate, load
from inference.stt.service import warmed
from tests.fakes.recogniser import Recogniser

WITHIN_S = 10.0


class Watched(Recogniser):
    """Tells when it is entered and left, and enters only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.entering = threading.Event()
        self.may_enter = threading.Event()
        self.may_enter.set()
        self.left_while_held = False

    def __enter__(self) -> "Watched":
        self.entering.set()
        assert self.may_enter.wait(WITHIN_S)
        super().__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.left_while_held = not self.hold.is_set()
        super().__exit__(None, None, None)


async def cancelled_twice(
    engine: Watched,
    warm: Callable[[Watched], Awaitable[None]],
    busy: threading.Event,
    gate: threading.Event,
) -> None:
    """Cancel its loading twice while `busy` tells that a thread uses it, then open the `gate`."""
    loading = asyncio.create_task(load(Candidate(model=engine.model, build=lambda: engine), warm))
    assert await asyncio.to_thread(busy.wait, WITHIN_S)
    for _ in range(2):
        loading.cancel()
        await asyncio.sleep(0.01)
    assert not loading.done()
    gate.set()
    async with asyncio.timeout(WITHIN_S):
        with pytest.raises(asyncio.CancelledError):
            await loading


async def test_one_cancelled_twice_as_it_comes_into_memory_is_let_go() -> None:
    engine = Watched()
    engine.may_enter.clear()

    async def warm(_: Watched) -> None:
        raise AssertionError("it was cancelled before")

    await cancelled_twice(engine, warm, engine.entering, engine.may_enter)
    assert not engine.is_loaded


async def test_one_cancelled_twice_as_it_is_warmed_is_left_when_its_thread_is_done() -> None:
    engine = Watched()
    engine.hold.clear()
    await cancelled_twice(engine, warmed, engine.holding, engine.hold)
    assert not engine.is_loaded
    assert not engine.left_while_held
