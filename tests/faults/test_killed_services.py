"""kill -9 of any one service: it is back within 10 s and the next call works."""

import os
import signal
import time

import psutil
import pytest

from parley.caller import Caller
from tests.stack import Stack, start, stop

pytestmark = pytest.mark.e2e

BACK_WITHIN_S = 10.0
GREETING_WITHIN_S = 30.0
ANSWER_WITHIN_S = 12.0


async def a_call_works(stack: Stack) -> None:
    async with Caller(stack.url) as caller:
        await caller.until(lambda r: r.finals("agent"), GREETING_WITHIN_S, "the greeting")
        await caller.type("What is 6 times 7?")
        await caller.until(
            lambda r: "42" in " ".join(r.finals("agent")), ANSWER_WITHIN_S, "the answer"
        )
        assert caller.record.last_loud() is not None


@pytest.mark.parametrize("service", ["stt", "llm", "tts", "embedded", "agent", "backend", "sfu"])
async def test_a_killed_service_is_back_and_the_next_call_works(stack: Stack, service: str) -> None:
    (before,) = stack.pids(service)
    os.kill(before, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(before)] if psutil.pid_exists(before) else [], timeout=5)
    killed_at_s = time.monotonic()
    stack.wait_restarted(service, before, BACK_WITHIN_S)
    stack.wait_service_ready(service, BACK_WITHIN_S - (time.monotonic() - killed_at_s))
    stack.wait_ready(BACK_WITHIN_S - (time.monotonic() - killed_at_s))
    await a_call_works(stack)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
async def test_stopping_leaves_no_process_behind(signum: int) -> None:
    stack = start(f"stop-{signal.Signals(signum).name}")
    try:
        stack.wait_ready()
        left = stop(stack, signum)
        assert [p.cmdline() for p in left] == []
        assert stack.process.returncode == 0
    finally:
        stop(stack, signal.SIGKILL)
