"""The worker or one of its jobs dies, stands still, leaks, is full or has to leave.

The numbers of the rows are those of docs/faults.md.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import psutil
import pytest

from livekit_agent.lines import LINES
from parley.caller import Caller
from tests.faults.breakage import BLOCK, LEAK
from tests.faults.calls import (
    QUESTION,
    Moment,
    calling,
    hears,
    is_answered,
    note,
)
from tests.faults.processes import Service, connected_to, send
from tests.faults.rig import GREETING, Rig
from tests.processes import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

GIVES_UP_WITHIN_S = 180  # of the SDK: 16 tries
LINES_THERE_ARE = 2
BACK_AGAIN = LINES["en"]["back_again"]
REPLACED_WITHIN_S = {
    "killed": 15.0,
    "frozen": 15.0,
    "blocked": 20.0,  # its connection lives, so it is given ten seconds
    "leaking": 25.0,  # its memory is looked at every five
}
SIGNALS = {
    "killed": signal.SIGKILL,
    "frozen": signal.SIGSTOP,
    "blocked": BLOCK,
    "leaking": LEAK,
}


def jobs(rig: Rig) -> set[int]:
    """Processes of the worker that are in a room."""
    return connected_to(rig.worker, rig.ports["sfu"])


@asynccontextmanager
async def two_calls(rig: Rig) -> AsyncIterator[tuple[Caller, int, Caller]]:
    """A call, the process of its job, and a call beside it."""
    async with calling(rig) as other:
        before = jobs(rig)
        async with calling(rig) as caller:
            (pid,) = jobs(rig) - before
            yield caller, pid, other


@pytest.mark.parametrize("how", ["killed", "frozen", "blocked", "leaking"])
async def test_a_lost_job_is_replaced_and_the_talk_goes_on(rig: Rig, how: str) -> None:
    """Rows 29 and 30: with what was said before, without a greeting; the other call is as ever."""
    mark = rig.backend.mark()
    async with two_calls(rig) as (caller, pid, other):
        await asyncio.gather(is_answered(caller, "before"), is_answered(other, "before"))
        spoken, since = len(rig.main.spoken), Moment.now(caller)
        send(pid, SIGNALS[how])
        try:
            await is_answered(other, "beside a lost job")
            seconds = await hears(
                caller, since, {BACK_AGAIN}, REPLACED_WITHIN_S[how], "the apology"
            )
            note(f"29: job {how}", seconds)
            await caller.until_quiet()
            await is_answered(caller, "from the new agent")
            assert ("user", QUESTION) in rig.main.conversation()[:-1], "what was said is forgotten"
            assert GREETING not in rig.main.spoken[spoken:], "greeted a second time"
            assert len(caller.room.remote_participants) == 1, "two agents in the room"
            dispatched = [e for e in rig.backend.events(mark) if e["event"] == "agent_dispatched"]
            assert dispatched, "the reason was not recorded"
            assert await asyncio.to_thread(gone, pid) or how in ("frozen", "blocked")
        finally:
            if psutil.pid_exists(pid):
                send(pid, signal.SIGKILL)


def gone(pid: int) -> bool:
    try:
        until(lambda: not psutil.pid_exists(pid), 10)
    except AssertionError:
        return False
    return True


async def test_a_killed_worker_loses_no_call(rig: Rig) -> None:
    """Row 29: with all its jobs; another one, here the restarted, takes over."""
    async with calling(rig) as caller:
        await is_answered(caller, "before")
        spoken, since = len(rig.main.spoken), Moment.now(caller)
        rig.worker.kill()
        rig.worker.start()
        seconds = await hears(caller, since, {BACK_AGAIN}, 20, "the apology")
        note("29: worker killed and started again", seconds)
        await caller.until_quiet()
        await is_answered(caller, "from the new worker")
        assert ("user", QUESTION) in rig.main.conversation()[:-1], "what was said is forgotten"
        assert GREETING not in rig.main.spoken[spoken:], "greeted a second time"


class Rush:
    """Many who call in the same instant; whoever is greeted stays until the last one knows."""

    def __init__(self, rig: Rig, callers: int) -> None:
        self.outcomes: list[str] = []
        self._rig = rig
        self._callers = callers
        self._all_know = asyncio.Event()

    async def call(self) -> None:
        """Greeted, refused in words, or left in a silent room."""
        try:
            async with calling(self._rig):
                self._knows("greeted")
                await self._all_know.wait()
        except httpx2.HTTPStatusError as exc:
            refused = exc.response.status_code == 503 and "retry-after" in exc.response.headers
            self._knows("refused" if refused else repr(exc))
        except AssertionError:
            self._knows("silent")

    def _knows(self, outcome: str) -> None:
        self.outcomes.append(outcome)
        if len(self.outcomes) == self._callers:
            self._all_know.set()


async def test_who_finds_all_lines_busy_is_refused_before_the_call(rig: Rig) -> None:
    """Row 32."""
    with rig.worker.with_settings(AGENT_MAX_CALLS=str(LINES_THERE_ARE)):
        await asyncio.to_thread(until, lambda: rig.token().status_code == 201, 15)
        async with AsyncExitStack() as stack:
            for _ in range(LINES_THERE_ARE):
                await stack.enter_async_context(calling(rig))
            await asyncio.to_thread(until, lambda: rig.token().status_code == 503, 10)
            assert float(rig.token().headers["retry-after"]) > 0
        await asyncio.to_thread(until, lambda: rig.token().status_code == 201, 15)


async def test_three_times_as_many_callers_as_lines_at_once_leave_nobody_in_silence(
    rig: Rig,
) -> None:
    """Row 32."""
    with rig.worker.with_settings(AGENT_MAX_CALLS=str(LINES_THERE_ARE)):
        await asyncio.to_thread(until, lambda: rig.token().status_code == 201, 15)
        rush = Rush(rig, 3 * LINES_THERE_ARE)
        await asyncio.gather(*(rush.call() for _ in range(3 * LINES_THERE_ARE)))
    assert set(rush.outcomes) <= {"greeted", "refused"}
    assert "greeted" in rush.outcomes


async def test_a_worker_that_is_told_to_leave_finishes_its_call_first(rig: Rig) -> None:
    """Row 33."""
    process = rig.worker.process
    assert process is not None
    try:
        async with calling(rig) as caller:
            rig.worker.terminate()
            await asyncio.to_thread(until, lambda: rig.token().status_code == 503, 10)
            await is_answered(caller, "while draining", aloud=True)
            assert process.poll() is None
        assert await asyncio.to_thread(process.wait, 20) == 0
        assert not rig.worker.family(), "a job was left behind"
    finally:
        rig.worker.stop()


async def test_a_slow_start_of_a_process_is_no_crash_loop(rig: Rig) -> None:
    """Row 33: an idle process is stopped for twelve seconds while it starts."""
    before = {p.pid for p in rig.worker.family()}
    async with calling(rig):
        pid = await asyncio.to_thread(new_process, rig, before)
        send(pid, signal.SIGSTOP)
        await asyncio.sleep(12)
        send(pid, signal.SIGCONT)
    mark = rig.worker.pid
    async with calling(rig) as caller:
        await is_answered(caller, "after a slow start")
    assert rig.worker.pid == mark


def new_process(rig: Rig, before: set[int]) -> int:
    """The next process the worker starts."""
    found: list[int] = []

    def seen() -> bool:
        found.extend({p.pid for p in rig.worker.family()} - before)
        return bool(found)

    until(seen, 15)
    return found[0]


@pytest.mark.timeout(GIVES_UP_WITHIN_S + 20)
def test_a_worker_that_cannot_register_is_not_ready_and_ends_with_an_error(
    hopeless_worker: Service,
) -> None:
    """Row 31: so that what supervises it starts it again. It began with this folder's tests."""
    process = hopeless_worker.process
    assert process is not None
    if process.poll() is None:
        assert httpx2.get(hopeless_worker.ready_url, trust_env=False).status_code == 503
    assert process.wait(GIVES_UP_WITHIN_S) not in (0, None)
