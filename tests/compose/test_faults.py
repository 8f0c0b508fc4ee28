"""Each service killed and restarted while somebody is in a call: what that person notices."""

import asyncio
import time

import pytest

from parley.caller import Caller
from tests.compose import report
from tests.compose.calls import a_spoken_question, calling, talks_again
from tests.compose.project import Container, Project

# deploy-reliability: a sound within 3 s of the fault; that a turn is over takes half a second.
HEARD_WITHIN_S = 3.5
TALKS_AGAIN_WITHIN_S = 20.0
WHOLE_WITHIN_S = 90.0
GO_ON_WITHOUT = ("stt", "llm", "tts", "embedded", "backend")
CARRY_THE_CALL = ("agent", "livekit")

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(autouse=True)
def whole(stack: Project) -> None:
    """Nothing is left of the test before."""
    stack.wait_ready(WHOLE_WITHIN_S)


@pytest.mark.parametrize("service", GO_ON_WITHOUT)
async def test_a_call_goes_on_while_a_service_is_killed(stack: Project, service: str) -> None:
    before = stack.container(service)
    async with calling(stack) as caller:
        stack.kill(service)
        await goes_on(caller, f"{service} killed")
        await is_whole_again(stack, service, before, "killed")


@pytest.mark.parametrize("service", GO_ON_WITHOUT)
async def test_a_call_goes_on_while_a_service_restarts(stack: Project, service: str) -> None:
    before = stack.container(service)
    async with calling(stack) as caller:
        restarting = asyncio.create_task(asyncio.to_thread(stack.compose, "restart", service))
        await goes_on(caller, f"{service} restarted")
        await restarting
        await is_whole_again(stack, service, before, "restarted")


@pytest.mark.parametrize("service", CARRY_THE_CALL)
async def test_a_call_comes_back_after_what_carries_it_was_killed(
    stack: Project, service: str
) -> None:
    before = stack.container(service)
    async with calling(stack) as caller:
        killed_at_s = time.perf_counter()
        stack.kill(service)
        again_s = await talks_again(caller, killed_at_s, WHOLE_WITHIN_S)
        report.note(f"{service} killed: talks again", again_s)
        await is_whole_again(stack, service, before, "killed")
        assert again_s <= TALKS_AGAIN_WITHIN_S


@pytest.mark.parametrize("service", CARRY_THE_CALL)
async def test_a_call_comes_back_after_what_carries_it_restarted(
    stack: Project, service: str
) -> None:
    before = stack.container(service)
    async with calling(stack) as caller:
        # Asked to end it waits for its calls, as long as PARLEY_GRACE says; then it is made to.
        restarting = asyncio.create_task(asyncio.to_thread(stack.compose, "restart", service))
        await restarting
        restarted_at_s = time.perf_counter()
        again_s = await talks_again(caller, restarted_at_s, WHOLE_WITHIN_S)
        report.note(f"{service} restarted: talks again", again_s)
        await is_whole_again(stack, service, before, "restarted")
        assert again_s <= TALKS_AGAIN_WITHIN_S


async def goes_on(caller: Caller, what: str) -> None:
    """A question asked now is met with a sound in time."""
    heard_s, _ = await a_spoken_question(caller)
    report.note(f"{what}: a sound after the question", heard_s)
    assert heard_s <= HEARD_WITHIN_S


async def is_whole_again(stack: Project, service: str, before: Container, how: str) -> None:
    back_s = await asyncio.to_thread(stack.wait_replaced, service, before, WHOLE_WITHIN_S)
    report.note(f"{service} {how}: healthy again, from there", back_s)
