"""An event loop whose time jumps to the next timer: a talk of a minute is over at once."""

import asyncio
import functools
import itertools
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

import pytest
from livekit.agents import llm
from livekit.agents.voice import events
from pydantic import BaseModel

from livekit_agent.tools.schedule import Schedule

BEGAN_AT_S = 1_800_000_000.0  # what the wall clock says when a test begins
STUCK_AFTER_S = 20.0  # of real time in which nothing happens

P = ParamSpec("P")


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for real only while a thread works for the loop; otherwise it moves the time on."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> Any:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if self.loop.working_threads:
            return super().select(0.05)
        if timeout is None:
            events = super().select(STUCK_AFTER_S)
            if not events:
                raise RuntimeError("everything waits for something that never comes")
            return events
        self.loop.now_s += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only while everything sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.working_threads = 0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now_s

    def run_in_executor(  # type: ignore[override]  # without its type variables
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        self.working_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: object) -> None:
        self.working_threads -= 1


@functools.cache
def _stamp_late() -> None:
    """Models that took `time.time` as it was at their making ask for it each time."""
    for module in (llm.chat_context, events):
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, BaseModel):
                field = model.model_fields.get("created_at")
                if field is not None and field.default_factory is not None:
                    field.default_factory = lambda: time.time()  # looked up late
                    model.model_rebuild(force=True)


def bend_time(monkeypatch: pytest.MonkeyPatch, loop: VirtualLoop) -> None:
    """Let all clocks of the standard library follow the loop's."""
    _stamp_late()
    monkeypatch.setattr(time, "time", lambda: BEGAN_AT_S + loop.now_s)
    monkeypatch.setattr(time, "monotonic", lambda: loop.now_s)
    ticks = itertools.count(1)  # two readings are never the same: some divide by what lies between
    monkeypatch.setattr(time, "perf_counter", lambda: loop.now_s + next(ticks) * 1e-9)
    # It took `time.time` as it was at its making.
    defaults = Schedule.__init__.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "now", lambda: BEGAN_AT_S + loop.now_s)


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Runs a test outside this folder on such a loop. Only the loop's own clock is bent."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def now_s() -> float:
    """Seconds since the test began."""
    return asyncio.get_running_loop().time()
