"""Sees to it that every room with a person in it has exactly one agent that answers.

The SFU never replaces a dead agent. The leader of the backends looks at every call's room each
second and acts by the rules of `room_rules`; webhooks only make it look sooner.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, get_args

from backend.background import Background, Leads
from backend.rooms.room_rules import Decision, Loss, RoomMemory, RoomSeen, decide
from backend.rooms.watcher_sfu import NotThere, SfuFailed
from chassis.logs import get_logger
from chassis.metrics import Metrics
from chassis.room_names import kept_name

LOOK_EVERY_S = 1.0
EARLIEST_LOOK_S = 0.1  # a burst of webhooks is one look
DOWN_BACK_OFF_S = 2.0
ROOMS_AT_ONCE = 64  # a room whose agent is dead takes a whole second
FORGET_AFTER_S = 300.0  # a room of a restarted SFU comes back with its people
SURPLUS = "surplus"  # why an agent beside a better one is removed

log = get_logger(__name__)


class Rooms(Protocol):
    """What the watcher asks of the SFU; `watcher_sfu.Sfu` in life. Methods raise SfuFailed."""

    async def rooms(self) -> list[str]: ...
    async def look(self, room: str, doubted: frozenset[str]) -> RoomSeen: ...
    async def remove(self, room: str, identity: str) -> None: ...
    async def dispatch(self, room: str, metadata: str) -> None: ...
    async def cancel(self, room: str, dispatch: str) -> None: ...


class RoomWatcher(Background):
    """Enter it for the service's life."""

    def __init__(
        self,
        sfu: Rooms,
        leader: Leads,
        metrics: Metrics,
        worker_ready_at_s: Callable[[], float | None],
        on_agent_lost: Callable[[str], Awaitable[None]],
    ) -> None:
        """`worker_ready_at_s`: since when a worker takes calls, seconds since the epoch.

        `on_agent_lost` is told the conversation whose person left before an agent was there.
        """
        self._sfu = sfu
        self._leader = leader
        self._worker_ready_at_s = worker_ready_at_s
        self._on_agent_lost = on_agent_lost
        self._memories: dict[str, RoomMemory] = {}
        self._seen_at_s: dict[str, float] = {}
        self._lacking: set[str] = set()
        self._sent_for: dict[str, str] = {}  # by room: the conversation that waits for an agent
        self._given_up: list[str] = []  # conversations
        self._reachable = True
        self._early = asyncio.Event()
        self._rooms_without_agent = metrics.gauge(
            "rooms_without_agent", "rooms with a person and no agent"
        )
        self._dispatched = metrics.counter(
            "agents_dispatched_total",
            "agents sent for by the room watcher",
            {"why": get_args(Loss)},
        )
        self._removed = metrics.counter(
            "agents_removed_total", "agents taken out of rooms", {"why": (*get_args(Loss), SURPLUS)}
        )
        self._crashes = metrics.counter("rooms_look_crashes_total", "looks that failed by a bug")
        self._leads = metrics.gauge("leads_rooms", "1 when this backend watches the rooms")
        self._look_seconds = metrics.histogram("rooms_look_seconds", "one look at every room")

    def look_early(self) -> None:
        """Something may have changed."""
        self._early.set()

    async def _run(self) -> None:
        wait_s = LOOK_EVERY_S
        while True:
            began_s = time.monotonic()
            self._early.clear()
            self._leads.set(self._leader.leads)
            if self._leader.leads:
                wait_s = LOOK_EVERY_S if await self._looked() else min(2 * wait_s, DOWN_BACK_OFF_S)
            else:
                self._forget_all()
            await asyncio.sleep(EARLIEST_LOOK_S)
            with contextlib.suppress(TimeoutError):
                left_s = began_s + wait_s - time.monotonic()
                await asyncio.wait_for(self._early.wait(), max(0.0, left_s))

    async def _looked(self) -> bool:
        try:
            with self._look_seconds.time():
                await self.look()
        except SfuFailed as exc:
            if self._reachable:
                log.warning("rooms_not_seen", reason=str(exc))
            self._reachable = False
            return False
        except Exception:  # whatever it was, the other calls still need somebody who watches
            self._crashed(room="")
            return False
        if not self._reachable:
            log.info("rooms_seen_again")
        self._reachable = True
        return True

    async def look(self) -> None:
        """Look at every room once and do what the rules say. Raises SfuFailed when none is seen."""
        rooms = await self._sfu.rooms()
        at_once = asyncio.Semaphore(ROOMS_AT_ONCE)

        async def one(room: str) -> None:
            async with at_once:
                await self._look_at(room)

        async with asyncio.TaskGroup() as tasks:
            for room in rooms:
                tasks.create_task(one(room))
        self._forget(rooms)
        self._rooms_without_agent.set(len(self._lacking))
        while self._given_up:
            await self._on_agent_lost(self._given_up[-1])
            self._given_up.pop()

    async def _look_at(self, room: str) -> None:
        memory = self._memories.get(room, RoomMemory())
        try:
            seen = await self._sfu.look(room, frozenset(memory.doubts))
            decision = decide(seen, memory, time.time(), self._worker_ready_at_s())
            self._memories[room] = decision.memory
            self._note(seen, decision)
            if self._leader.leads:  # a look takes a while
                await self._act(seen, decision)
        except NotThere:  # it closed meanwhile
            return
        except SfuFailed as exc:
            log.warning("room_not_seen", room=kept_name(room), reason=str(exc))
        except Exception:  # of one room: the others are looked at all the same
            self._crashed(room)

    def _crashed(self, room: str) -> None:
        log.exception("room_watcher_crashed", room=kept_name(room))
        self._crashes.inc()

    async def _act(self, seen: RoomSeen, decision: Decision) -> None:
        removals: Mapping[str, str] = dict(decision.dead) | dict.fromkeys(decision.surplus, SURPLUS)
        for identity, why in removals.items():
            log.warning("agent_removed", room=kept_name(seen.name), agent=identity, why=why)
            self._removed.labels(why).inc()
            with contextlib.suppress(NotThere):
                await self._sfu.remove(seen.name, identity)
        if decision.dispatch is None:
            return
        log.info("agent_dispatched", room=kept_name(seen.name), why=decision.why)
        self._dispatched.labels(decision.why).inc()
        conversation = json.loads(decision.dispatch).get("conversation_id")
        if conversation is not None:  # of a telephone call `phone.keeper` tells how it ends
            self._sent_for[seen.name] = conversation
        await self._sfu.dispatch(seen.name, decision.dispatch)
        for dispatch in decision.cancel:
            with contextlib.suppress(NotThere):
                await self._sfu.cancel(seen.name, dispatch)

    def _note(self, seen: RoomSeen, decision: Decision) -> None:
        room = seen.name
        if decision.without_agent:
            if room not in self._lacking:
                log.warning("room_without_agent", room=kept_name(room))
            self._lacking.add(room)
            return
        if room in self._lacking and seen.people:
            log.info("room_has_agent", room=kept_name(room))
        self._lacking.discard(room)
        conversation = self._sent_for.pop(room, None)
        if conversation is not None and not seen.people:
            self._given_up.append(conversation)

    def _forget(self, rooms: list[str]) -> None:
        now_s = time.monotonic()
        self._seen_at_s |= dict.fromkeys(rooms, now_s)
        self._lacking &= set(rooms)
        self._given_up += [self._sent_for.pop(room) for room in self._sent_for.keys() - set(rooms)]
        for room, seen_at_s in list(self._seen_at_s.items()):
            if now_s - seen_at_s > FORGET_AFTER_S:
                del self._seen_at_s[room]
                self._memories.pop(room, None)

    def _forget_all(self) -> None:
        """What was remembered is of another time when this backend leads again."""
        self._memories.clear()
        self._seen_at_s.clear()
        self._lacking.clear()
        self._sent_for.clear()
        self._rooms_without_agent.set(0)
