"""Nothing leaves this machine: in a call, and in the private mode not even on purpose."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.compose import report
from tests.compose.calls import a_typed_question, calling
from tests.compose.egress import counting, outside, overhearing, try_to_leave
from tests.compose.project import Project

UP_WITHIN_S = 180.0

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def private(stack: Project) -> Iterator[Project]:
    """The same stack and data with the overlay that closes it; as it was, afterwards."""
    private = replace(stack, overlays=("docker-compose.private.yml",))
    stack.compose("down", "--timeout", "5")
    try:
        report.note("private mode, to healthy", private.up(within_s=UP_WITHIN_S))
        private.wait_ready(UP_WITHIN_S)
        yield private
    finally:
        private.compose("down", "--timeout", "5")
        stack.up(within_s=UP_WITHIN_S)


async def test_a_call_sends_nothing_beyond_this_machine(stack: Project) -> None:
    with outside(), counting(stack) as counter:
        with overhearing(stack) as heard:
            async with calling(stack) as caller:
                await a_typed_question(caller)
            packets = counter.packets()
        try_to_leave(stack, "backend")
        assert counter.packets() > packets, "the counter does not count"
    report.say("packets beyond this machine in a call", str(packets))
    assert packets == 0, f"to {heard.strangers}"


async def test_the_private_mode_lets_nothing_out(private: Project) -> None:
    with outside(), counting(private) as counter, overhearing(private) as heard:
        async with calling(private) as caller:
            await a_typed_question(caller)
            for service in private.running():
                try_to_leave(private, service)
        packets = counter.packets()
    report.say("packets beyond this machine, private, on purpose too", str(packets))
    assert packets == 0, f"to {heard.strangers}"
    assert heard.canaries == [], "a name to be looked up, or a packet, left"
