"""What to do about one room, from what was seen of it: pure rules, time comes in as a value.

A room with a person in it has exactly one agent that answers. An agent is asked every look whether
it lives, since the SFU itself notices a killed process only after 21 s.
"""

import enum
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from chassis.room_names import is_phone_room

# Looks are a second apart and wait a second for an answer: dead within 4 s of its last word. Two
# would do on a good network; over a bad one a lost packet costs the transport a whole second.
SILENT_LOOKS = 3
DEAF_S = 10.0  # its process lives but its event loop stands: a busy machine is given this long
JOINING_S = 10.0  # from its first sign to its connection
JOIN_WITHIN_S = 15.0  # from a worker's yes to the agent in the room, on a loaded machine
# The SFU tells up to 5 s late that a worker took a job.
TAKEN_WITHIN_S = 6.0
# When no worker was there: one that came in the same moment shows its agent within this.
NOBODY_AFTER_S = 2.0
ABSENT_LOOKS = 2  # an agent that leaves on purpose closes the room in the next moment
SETTLED_S = 60.0  # an agent that lived this long was no crash loop
BACK_OFF_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # before another try, by agents lost in a row

Loss = Literal["silent", "deaf", "left", "never_came"]


class Answer(enum.Enum):
    """What came back when an agent was asked whether it lives."""

    ANSWERED = enum.auto()
    DEAF = enum.auto()  # its connection answered, its event loop did not
    SILENT = enum.auto()
    JOINING = enum.auto()  # not connected yet: nothing could be asked


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSeen:
    """An agent in the room. Instants are the SFU's, seconds since the epoch."""

    identity: str
    sid: str  # a new one each time it joins
    joined_at_s: float
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSeen:
    """An order for an agent, as the SFU keeps it."""

    id: str
    created_at_s: float
    metadata: str
    agents: frozenset[str] = frozenset()  # identities promised by the workers that took it


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSeen:
    """One look at a room. `dispatches` may be left out when every agent answered."""

    name: str
    people: int
    agents: tuple[AgentSeen, ...] = ()
    dispatches: tuple[DispatchSeen, ...] = ()
    told: tuple[str, ...] = ()  # metadata of the people, written by the server into their tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An agent that did not answer in the last look."""

    silent_looks: int = 0
    deaf_since_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomMemory:
    """What earlier looks left behind."""

    doubts: Mapping[str, Doubt] = field(default_factory=dict)  # by sid
    known: frozenset[str] = frozenset()  # identities of agents that were in the room
    joined_at_s: float = 0.0  # when the last of them came
    absent_looks: int = 0
    lost: int = 0  # agents in a row that did not stay
    loss: Loss = "never_came"  # what became of the last one
    alive_since_s: float | None = None
    next_try_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do, in this order: remove, dispatch, cancel."""

    memory: RoomMemory
    without_agent: bool = False
    dead: tuple[tuple[str, Loss], ...] = ()  # identities
    surplus: tuple[str, ...] = ()  # identities
    dispatch: str | None = None  # metadata
    cancel: tuple[str, ...] = ()  # ids of dispatches
    why: Loss | None = None  # the dispatch is needed


def decide(
    seen: RoomSeen, memory: RoomMemory, now_s: float, worker_ready_at_s: float | None = None
) -> Decision:
    """`now_s`: seconds since the epoch. `worker_ready_at_s`: since when a worker can take calls."""
    memory = replace(
        memory,
        doubts={a.sid: _doubt(a, memory, now_s) for a in seen.agents if _in_doubt(a)},
        known=memory.known | {a.identity for a in seen.agents},
        joined_at_s=max((a.joined_at_s for a in seen.agents), default=memory.joined_at_s),
    )
    if not seen.people:
        return Decision(memory=_with_nobody(memory))
    dead = tuple((a.identity, loss) for a in seen.agents if (loss := _loss(a, memory, now_s)))
    gone = {identity for identity, _ in dead}
    living = sorted(
        (a for a in seen.agents if a.identity not in gone), key=lambda a: (a.joined_at_s, a.sid)
    )
    if living:
        # Who came first has talked already; the other is one more than needed, late or back.
        first = next((a for a in living if a.answer is Answer.ANSWERED), living[0])
        surplus = tuple(a.identity for a in living if a is not first)
        return Decision(memory=_with_agent(memory, now_s), dead=dead, surplus=surplus)
    memory = _without_agent(memory, now_s, dead[0][1] if dead else "left")
    if not _may_try(seen, memory, now_s, worker_ready_at_s, at_once=bool(dead)):
        return Decision(memory=memory, without_agent=True, dead=dead)
    had_one = bool(memory.known or any(d.agents for d in seen.dispatches))
    return Decision(
        memory=memory,
        without_agent=True,
        dead=dead,
        dispatch=metadata_of(seen, resume=had_one),
        cancel=tuple(d.id for d in seen.dispatches),
        why=memory.loss,
    )


def metadata_of(seen: RoomSeen, *, resume: bool) -> str:
    """What the next agent is told: what the first was, and whether it takes over.

    The SFU forgets dispatches when it restarts; what it was told by the people's tokens comes back
    with them. With neither, the room's name stands for the conversation.
    """
    newest_first = sorted(seen.dispatches, key=lambda d: d.created_at_s, reverse=True)
    told = _first_told([*(d.metadata for d in newest_first), *seen.told])
    if told is None and is_phone_room(seen.name):
        told = {"channel": "sip"}  # the agent asks the backend whose call the room's is
    metadata = told or {
        "conversation_id": seen.name,
        "user_id": None,
        "channel": "web",
        "persona_id": None,
    }
    return json.dumps(metadata | {"resume": resume or metadata.get("resume") is True})


def _first_told(texts: Iterable[str]) -> dict[str, object] | None:
    for text in texts:
        try:
            told = json.loads(text)
        except ValueError:
            continue
        if not isinstance(told, dict):
            continue
        if isinstance(told.get("conversation_id"), str) or told.get("channel") == "sip":
            return told
    return None


def _in_doubt(agent: AgentSeen) -> bool:
    return agent.answer in (Answer.DEAF, Answer.SILENT)


def _doubt(agent: AgentSeen, memory: RoomMemory, now_s: float) -> Doubt:
    before = memory.doubts.get(agent.sid, Doubt())
    since_s = now_s if before.deaf_since_s is None else before.deaf_since_s
    if agent.answer is Answer.DEAF:
        return Doubt(deaf_since_s=since_s)
    return Doubt(silent_looks=before.silent_looks + 1, deaf_since_s=since_s)


def _loss(agent: AgentSeen, memory: RoomMemory, now_s: float) -> Loss | None:
    if agent.answer is Answer.JOINING:
        return "silent" if now_s - agent.joined_at_s > JOINING_S else None
    doubt = memory.doubts.get(agent.sid, Doubt())
    if doubt.silent_looks >= SILENT_LOOKS:
        return "silent"
    if doubt.deaf_since_s is not None and now_s - doubt.deaf_since_s >= DEAF_S:
        return "deaf"
    return None


def _with_nobody(memory: RoomMemory) -> RoomMemory:
    """An agent that leaves now is not lost: it has nobody to serve."""
    loss: Loss = "left" if memory.known else "never_came"
    return replace(memory, absent_looks=0, alive_since_s=None, loss=loss)


def _with_agent(memory: RoomMemory, now_s: float) -> RoomMemory:
    since_s = now_s if memory.alive_since_s is None else memory.alive_since_s
    settled = now_s - since_s >= SETTLED_S
    return replace(
        memory, alive_since_s=since_s, absent_looks=0, lost=0 if settled else memory.lost
    )


def _without_agent(memory: RoomMemory, now_s: float, loss: Loss) -> RoomMemory:
    memory = replace(memory, absent_looks=memory.absent_looks + 1)
    if memory.alive_since_s is None:
        return memory
    wait_s = BACK_OFF_S[min(memory.lost, len(BACK_OFF_S) - 1)]
    return replace(
        memory,
        alive_since_s=None,
        loss=loss,
        lost=memory.lost + 1,
        next_try_s=now_s + wait_s,
    )


def _may_try(
    seen: RoomSeen,
    memory: RoomMemory,
    now_s: float,
    worker_ready_at_s: float | None,
    *,
    at_once: bool,
) -> bool:
    if now_s < memory.next_try_s or not (at_once or memory.absent_looks >= ABSENT_LOOKS):
        return False
    return not any(_is_coming(d, memory, now_s, worker_ready_at_s) for d in seen.dispatches)


def _is_coming(
    dispatch: DispatchSeen, memory: RoomMemory, now_s: float, worker_ready_at_s: float | None
) -> bool:
    """Whether an agent may yet come of it."""
    age_s = now_s - dispatch.created_at_s
    if not dispatch.agents and dispatch.created_at_s <= memory.joined_at_s:
        return False  # that one came of it
    if dispatch.agents:
        return age_s < JOIN_WITHIN_S and bool(dispatch.agents - memory.known)
    nobody_took_it = (
        worker_ready_at_s is not None
        and dispatch.created_at_s < worker_ready_at_s
        and age_s > NOBODY_AFTER_S
    )
    return age_s < TAKEN_WITHIN_S and not nobody_took_it
