"""Who of several backends leads: real leases in one database, a clock the tests turn."""

import asyncio

import pytest
from sqlalchemy import text

from backend.data.db import Database
from backend.rooms.leader import BEAT_S, LEASE_S, Leader
from chassis.errors import Unavailable
from tests.backend.rooms.test_watcher import eventually


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_one_leads_as_long_as_it_renews(
    database: Database, another: Database, clock: Clock
) -> None:
    first, other = Leader(database, "rooms", clock), Leader(another, "rooms", clock)
    assert not first.leads
    for _ in range(20):
        await first.beat()
        await other.beat()
        assert first.leads
        assert not other.leads
        clock.now_s += BEAT_S


async def test_of_those_who_come_together_one_leads(
    database: Database, another: Database, clock: Clock
) -> None:
    leaders = [Leader(d, "rooms", clock) for d in (database, another) * 4]
    await asyncio.gather(*(leader.beat() for leader in leaders))
    assert [leader.leads for leader in leaders].count(True) == 1


async def test_a_dead_leader_is_followed_within_five_seconds(
    database: Database, clock: Clock
) -> None:
    dead, other = Leader(database, "rooms", clock), Leader(database, "rooms", clock)
    await other.beat()
    await other.release()
    await dead.beat()
    died_s = clock.now_s
    while not other.leads:
        assert not dead.leads or clock.now_s - died_s < LEASE_S
        clock.now_s += BEAT_S
        await other.beat()
    assert not dead.leads
    assert clock.now_s - died_s <= 5.0


async def test_a_leader_that_cannot_renew_stops_before_another_may_start(
    database: Database, clock: Clock
) -> None:
    stuck, other = Leader(database, "rooms", clock), Leader(database, "rooms", clock)
    await stuck.beat()
    await other.beat()
    clock.now_s += LEASE_S
    assert not stuck.leads
    await other.beat()
    assert other.leads
    await stuck.beat()
    assert not stuck.leads


async def test_a_leader_that_leaves_is_followed_at_once(database: Database, clock: Clock) -> None:
    leaving, other = Leader(database, "rooms", clock), Leader(database, "rooms", clock)
    await leaving.beat()
    await other.beat()
    await leaving.release()
    await other.beat()
    assert other.leads
    await leaving.release()  # what is another's stays the other's
    await other.beat()
    assert other.leads


async def test_without_the_database_nobody_leads(database: Database, clock: Clock) -> None:
    leader = Leader(database, "rooms", clock)
    await leader.beat()
    async with database.engines.writers.begin() as connection:
        await connection.execute(text("DROP TABLE leases"))
    clock.now_s += BEAT_S
    with pytest.raises(Unavailable):
        await leader.beat()
    assert leader.leads  # until its lease has run out
    clock.now_s += LEASE_S
    assert not leader.leads


async def test_it_leads_by_itself_while_entered(database: Database) -> None:
    async with Leader(database, "rooms") as leader:
        await eventually(lambda: leader.leads)
    assert not leader.leads
    async with Leader(database, "rooms") as next_one:
        await eventually(lambda: next_one.leads)
