"""The watcher's loop over scripted rooms; the rules themselves are tested without it."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from backend.rooms.room_rules import SILENT_LOOKS, AgentSeen, Answer, DispatchSeen, RoomSeen
from backend.rooms.watcher import RoomWatcher
from backend.rooms.watcher_sfu import NotThere, SfuFailed
from chassis.metrics import Metrics

METADATA = json.dumps({"conversation_id": "c1", "resume": False})


async def eventually(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        await asyncio.sleep(0.01)  # between two polls of a deadline


@dataclass
class ScriptedRooms:
    """Rooms with one person each; what the watcher does to them happens at once."""

    agents: dict[str, list[AgentSeen]]
    dispatches: dict[str, list[DispatchSeen]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    nobody_comes: bool = False
    people: int = 1
    looks: int = 0
    down: bool = False
    broken: set[str] = field(default_factory=set)

    async def rooms(self) -> list[str]:
        self.looks += 1
        if self.down:
            raise SfuFailed("down")
        return list(self.agents)

    async def look(self, room: str, doubted: frozenset[str]) -> RoomSeen:
        if room in self.broken:
            raise SfuFailed("broken")
        return RoomSeen(
            name=room,
            people=self.people,
            agents=tuple(self.agents[room]),
            dispatches=tuple(self.dispatches.get(room, [])),
        )

    async def remove(self, room: str, identity: str) -> None:
        if not any(a.identity == identity for a in self.agents[room]):
            raise NotThere(identity)
        self.agents[room] = [a for a in self.agents[room] if a.identity != identity]

    async def dispatch(self, room: str, metadata: str) -> None:
        self.told.append(metadata)
        if self.nobody_comes:
            return
        self.agents[room].append(an_agent(f"new{len(self.told)}"))

    async def cancel(self, room: str, dispatch: str) -> None:
        self.dispatches[room] = [d for d in self.dispatches[room] if d.id != dispatch]


@dataclass
class Leadership:
    leads: bool = True


def an_agent(name: str, answer: Answer = Answer.ANSWERED) -> AgentSeen:
    return AgentSeen(identity=name, sid=f"PA_{name}", joined_at_s=time.time() - 50, answer=answer)


def an_order() -> DispatchSeen:
    return DispatchSeen(id="d", created_at_s=time.time() - 60, metadata=METADATA)


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"parley_backend_{name}", labels) or 0.0


def a_watcher(
    rooms: ScriptedRooms, leadership: Leadership | None = None, metrics: Metrics | None = None
) -> RoomWatcher:
    async def lost(conversation_id: str) -> None:
        rooms.lost.append(conversation_id)

    return RoomWatcher(
        rooms, leadership or Leadership(), metrics or Metrics("backend"), lambda: None, lost
    )


async def test_a_silent_agent_is_replaced_with_the_same_conversation() -> None:
    rooms = ScriptedRooms({"call-1": [an_agent("old", Answer.SILENT)]}, {"call-1": [an_order()]})
    metrics = Metrics("backend")
    watcher = a_watcher(rooms, metrics=metrics)
    for _ in range(SILENT_LOOKS):
        await watcher.look()
    assert [a.identity for a in rooms.agents["call-1"]] == ["new1"]
    assert [json.loads(m) for m in rooms.told] == [{"conversation_id": "c1", "resume": True}]
    assert rooms.dispatches["call-1"] == []
    assert value(metrics, "agents_removed_total", why="silent") == 1
    assert value(metrics, "agents_dispatched_total", why="silent") == 1
    assert value(metrics, "rooms_without_agent") == 1
    await watcher.look()
    assert value(metrics, "rooms_without_agent") == 0


async def test_of_two_agents_one_stays() -> None:
    rooms = ScriptedRooms({"call-1": [an_agent("one"), an_agent("two")]})
    await a_watcher(rooms).look()
    assert len(rooms.agents["call-1"]) == 1
    assert rooms.told == []


async def test_who_does_not_lead_touches_nothing() -> None:
    rooms = ScriptedRooms({"call-1": []}, {"call-1": [an_order()]})
    leadership = Leadership(leads=False)
    async with a_watcher(rooms, leadership) as watcher:
        watcher.look_early()
        await asyncio.sleep(0.5)  # time in which a leader would have looked
        assert rooms.looks == 0
        leadership.leads = True
        await eventually(lambda: len(rooms.told) == 1)


async def test_leadership_lost_during_a_look_is_noticed_before_acting() -> None:
    leadership = Leadership()

    class Slow(ScriptedRooms):
        async def look(self, room: str, doubted: frozenset[str]) -> RoomSeen:
            leadership.leads = False
            return await super().look(room, doubted)

    rooms = Slow({"call-1": [an_agent("one"), an_agent("two")]})
    await a_watcher(rooms, leadership).look()
    assert len(rooms.agents["call-1"]) == 2


async def test_a_room_that_cannot_be_seen_does_not_hide_the_others() -> None:
    rooms = ScriptedRooms(
        {"call-1": [], "call-2": [an_agent("one"), an_agent("two")]}, broken={"call-1"}
    )
    await a_watcher(rooms).look()
    assert len(rooms.agents["call-2"]) == 1


async def test_the_watcher_waits_for_an_sfu_that_is_down() -> None:
    rooms = ScriptedRooms({"call-1": [an_agent("one"), an_agent("two")]}, down=True)
    async with a_watcher(rooms):
        await eventually(lambda: rooms.looks >= 2)
        assert len(rooms.agents["call-1"]) == 2
        rooms.down = False
        await eventually(lambda: len(rooms.agents["call-1"]) == 1)


async def test_a_hint_makes_it_look_before_its_time() -> None:
    rooms = ScriptedRooms({})
    async with a_watcher(rooms) as watcher:
        await eventually(lambda: rooms.looks == 1)
        for looks in range(2, 6):
            hinted_s = time.monotonic()
            watcher.look_early()
            await eventually(lambda looks=looks: rooms.looks >= looks)  # type: ignore[misc]
            assert time.monotonic() - hinted_s < 0.9  # its own next look is a second away


@pytest.mark.parametrize("closed", [True, False])
async def test_a_person_who_left_before_an_agent_came_is_on_record(closed: bool) -> None:
    rooms = ScriptedRooms({"call-1": []}, {"call-1": [an_order()]}, nobody_comes=True)
    watcher = a_watcher(rooms)
    while not rooms.told:
        await watcher.look()
    assert rooms.lost == []
    if closed:
        rooms.agents.clear()
    rooms.people = 0
    for _ in range(3):
        await watcher.look()
    assert rooms.lost == ["c1"]


async def test_a_person_who_leaves_a_replaced_agent_lost_none() -> None:
    rooms = ScriptedRooms({"call-1": []}, {"call-1": [an_order()]})
    watcher = a_watcher(rooms)
    for _ in range(3):
        await watcher.look()
    rooms.agents.clear()
    await watcher.look()
    assert rooms.lost == []


async def test_a_bug_in_one_room_leaves_the_others_watched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rooms = ScriptedRooms({"call-1": [an_agent("one")], "call-2": [an_agent("a"), an_agent("b")]})
    metrics = Metrics("backend")
    look = rooms.look

    async def buggy(room: str, doubted: frozenset[str]) -> RoomSeen:
        if room == "call-1":
            raise KeyError(room)
        return await look(room, doubted)

    monkeypatch.setattr(rooms, "look", buggy)
    await a_watcher(rooms, metrics=metrics).look()
    assert len(rooms.agents["call-2"]) == 1
    assert value(metrics, "rooms_look_crashes_total") == 1


async def test_it_goes_on_after_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = ScriptedRooms({"call-1": [an_agent("one"), an_agent("two")]})
    metrics = Metrics("backend")
    names, bugs = rooms.rooms, 2

    async def buggy() -> list[str]:
        nonlocal bugs
        bugs -= 1
        if bugs >= 0:
            raise RuntimeError("a bug")
        return await names()

    monkeypatch.setattr(rooms, "rooms", buggy)
    async with a_watcher(rooms, metrics=metrics):
        await eventually(lambda: len(rooms.agents["call-1"]) == 1)
    assert value(metrics, "rooms_look_crashes_total") == 2


async def test_who_was_given_up_is_recorded_once_the_database_is_back() -> None:
    rooms = ScriptedRooms({"call-1": []}, {"call-1": [an_order()]}, nobody_comes=True)
    recorded: list[str] = []
    failures = 1

    async def lost(conversation_id: str) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise OSError("no database")
        recorded.append(conversation_id)

    watcher = RoomWatcher(rooms, Leadership(), Metrics("backend"), lambda: None, lost)
    while not rooms.told:
        await watcher.look()
    rooms.agents.clear()
    with pytest.raises(OSError, match="no database"):
        await watcher.look()
    await watcher.look()
    assert recorded == ["c1"]
