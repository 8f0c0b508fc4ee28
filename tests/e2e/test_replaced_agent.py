"""An agent that died is replaced with the same conversation, one at a time: a real SFU and worker,
whose agent only joins, and real backends."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from tests.house import Guest, House, ask_for_token, dispatched, open_house

pytestmark = pytest.mark.e2e

NOTICED_WITHIN_S = 18.0  # 4 s on a machine that is not loaded; the SFU itself takes 21 s


@pytest.fixture(scope="module")
def built() -> Iterator[House]:
    with open_house("replaced") as house:
        yield house


@pytest.fixture
def house(built: House) -> House:
    built.make_whole()
    return built


async def lost(guest: Guest, identity: str, within_s: float = NOTICED_WITHIN_S) -> None:
    """Until this agent is out of the room."""
    await guest.until(
        lambda agents: identity not in [a.identity for a in agents], within_s, "it is noticed"
    )


async def counted(guest: Guest, house: House, rooms: int) -> None:
    """Until so many rooms without an agent are reported."""
    await guest.until(
        lambda _: house.metric("parley_backend_rooms_without_agent") == rooms, 20, f"{rooms} rooms"
    )


async def stays_one(guest: Guest, identity: str, looks: int = 4) -> None:
    """For some looks of the watcher, this agent is the only one."""
    for _ in range(looks):
        await asyncio.sleep(1.0)  # a look of the watcher: what must not happen has no event
        agents = await guest.until(bool, 20, "the SFU answers")
        assert [a.identity for a in agents] == [identity]


async def test_the_sfu_says_what_happens_in_rooms(house: House) -> None:
    count = "parley_backend_http_request_seconds_count"
    route = f'{count}{{method="POST",route="/internal/livekit/webhook"'
    async with Guest(house) as guest:
        await guest.until(
            lambda _: house.metric(f'{route},status="204"') > 0, 20, "the backend hears"
        )
    assert house.metric(f'{route},status="401"') == 0


async def test_a_dead_agent_is_replaced_with_its_conversation(house: House) -> None:
    async with Guest(house) as guest:
        agent = await guest.agent()
        assert dispatched(agent)["resume"] is False
        for signum in (signal.SIGKILL, signal.SIGSTOP):
            os.kill(int(agent.attributes["pid"]), signum)
            await lost(guest, agent.identity)
            stopped, agent = agent, await guest.agent(other_than=agent.identity)
            told = dispatched(agent)
            assert told["conversation_id"] == guest.conversation_id
            assert told["resume"] is True
        os.kill(int(stopped.attributes["pid"]), signal.SIGCONT)  # back, but not into the call
        await stays_one(guest, agent.identity)


async def test_an_agent_with_a_blocked_loop_is_replaced(house: House) -> None:
    async with Guest(house) as guest:
        agent = await guest.agent()
        blocked = asyncio.create_task(
            guest.room.local_participant.perform_rpc(
                destination_identity=agent.identity, method="test.block", payload="40"
            )
        )
        await lost(guest, agent.identity, within_s=30.0)
        replaced = await guest.agent(other_than=agent.identity)
        assert dispatched(replaced)["resume"] is True
        blocked.cancel()
        await asyncio.gather(blocked, return_exceptions=True)


async def test_a_dead_worker_is_replaced_when_it_is_back(house: House) -> None:
    async with Guest(house) as first, Guest(house) as second:
        agents = [await guest.agent() for guest in (first, second)]
        house.kill("worker")
        house.start_worker(wait=False)
        for guest, agent in zip((first, second), agents, strict=True):
            await lost(guest, agent.identity)
        for guest, agent in zip((first, second), agents, strict=True):
            replaced = await guest.agent(other_than=agent.identity)
            assert dispatched(replaced)["conversation_id"] == guest.conversation_id
            await stays_one(guest, replaced.identity, looks=2)


async def test_a_room_opened_before_any_worker_gets_its_agent(house: House) -> None:
    token = ask_for_token(house)  # none is given out once the worker is known to be gone
    house.kill("worker")
    async with Guest(house, token) as guest:
        await counted(guest, house, 1)
        house.start_worker()
        agent = await guest.agent()
        assert dispatched(agent)["conversation_id"] == guest.conversation_id
        assert dispatched(agent)["resume"] is False  # nobody has greeted this person yet
        await counted(guest, house, 0)


async def test_a_call_survives_a_restart_of_the_sfu(house: House) -> None:
    async with Guest(house) as guest:
        agent = await guest.agent()
        house.kill("sfu")
        house.start_sfu()
        again = await guest.agent()  # the old one comes back by itself, or a new one is sent
        assert dispatched(again)["conversation_id"] == guest.conversation_id
        await stays_one(guest, again.identity)
        os.kill(int(again.attributes["pid"]), signal.SIGKILL)  # now the SFU knows no dispatch
        await lost(guest, again.identity)
        replaced = await guest.agent(other_than=again.identity)
        assert dispatched(replaced)["conversation_id"] == guest.conversation_id
        assert dispatched(replaced)["resume"] is True
        assert agent.identity != replaced.identity


async def test_an_agent_that_dies_with_the_sfu_is_replaced(house: House) -> None:
    async with Guest(house) as guest:
        agent = await guest.agent()
        house.kill("sfu")
        house.kill("worker")
        house.start_sfu()
        house.start_worker()
        replaced = await guest.agent(other_than=agent.identity)
        assert dispatched(replaced)["conversation_id"] == guest.conversation_id
        await stays_one(guest, replaced.identity)


async def test_an_agent_that_dies_with_the_backend_is_replaced(house: House) -> None:
    async with Guest(house) as guest:
        agent = await guest.agent()
        house.kill("backend")
        os.kill(int(agent.attributes["pid"]), signal.SIGKILL)
        house.start_backend()
        replaced = await guest.agent(other_than=agent.identity)
        assert dispatched(replaced)["conversation_id"] == guest.conversation_id
        assert dispatched(replaced)["resume"] is True


async def test_of_two_backends_one_watches_and_the_other_takes_over(house: House) -> None:
    house.start_backend("second")
    async with Guest(house) as guest:
        agent = await guest.agent()
        assert house.metric("parley_backend_leads_rooms", "second") == 0
        os.kill(int(agent.attributes["pid"]), signal.SIGKILL)
        agent = await guest.agent(other_than=agent.identity)
        assert house.metric("parley_backend_agents_dispatched_total", "second") == 0
        house.kill("backend")
        await guest.until(
            lambda _: house.metric("parley_backend_leads_rooms", "second") == 1, 20, "it leads"
        )
        os.kill(int(agent.attributes["pid"]), signal.SIGKILL)
        await lost(guest, agent.identity)
        replaced = await guest.agent(other_than=agent.identity)
        await stays_one(guest, replaced.identity)


async def test_a_second_agent_in_a_room_is_sent_away(house: House) -> None:
    async with Guest(house) as guest:
        agent = await guest.agent()
        removed = house.metric("parley_backend_agents_removed_total")
        await guest.send_for_another()
        await guest.until(
            lambda _: house.metric("parley_backend_agents_removed_total") > removed, 60, "one goes"
        )
        await stays_one(guest, agent.identity)
