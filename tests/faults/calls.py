"""Calls into the rig: what is asked, what counts as an answer, what counts as the truth."""

import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from livekit_agent.lines import LINES
from parley.caller import LOUD_DBFS, Caller, CallRecord
from tests.faults.rig import Rig
from tests.processes import LOGS
from tests.speech import RATE_HZ, Pcm, speak, trimmed

QUESTION = "what is twelve times seven"
# The standby's LLM; the scripted one says something else.
STANDBY_REPLY = "My main model is away"  # said once in a call
STANDBY_REPLIES = frozenset({STANDBY_REPLY, "84"})
MAIN_REPLY = "All is well"
SPOKEN: Pcm = trimmed(speak(QUESTION, "slt"))
GREETED_WITHIN_S = 30.0
ANSWERED_WITHIN_S = 10.0
# 3 s after the fault; that a turn is over is known half a second after its last sample.
HEARD_WITHIN_S = 3.5
TOLD_WITHIN_S = 8.0  # the LLM's budget is 5 s
TONE_HZ = 1000.0  # of ScriptedEngines
TONE_WITHIN_HZ = 100.0
TRUTHS = frozenset(line for lines in LINES.values() for line in lines.values())
MEASURED = LOGS / "faults-measured.jsonl"


@dataclass(frozen=True, slots=True)
class Moment:
    """How much of a call there was at an instant."""

    at_s: float
    lines: int
    events: int

    @classmethod
    def start(cls) -> "Moment":
        """Before everything."""
        return cls(0.0, 0, 0)

    @classmethod
    def now(cls, caller: Caller) -> "Moment":
        record = caller.record
        return cls(time.perf_counter(), len(record.lines), len(record.events))

    def said_since(self, record: CallRecord) -> list[str]:
        """The agent's lines, also unfinished ones."""
        lines = list(record.lines.values())[self.lines :]
        return [line.text for line in lines if line.role == "agent" and line.text]

    def understood_since(self, record: CallRecord) -> str:
        lines = list(record.lines.values())[self.lines :]
        return " ".join(line.text for line in lines if line.role == "user" and line.is_final)

    def states_since(self, record: CallRecord, stage: str) -> list[str]:
        """What the screen was told about `stage`."""
        events = record.events[self.events :]
        return [e["state"] for e in events if e["type"] == "status" and e["stage"] == stage]


@asynccontextmanager
async def calling(rig: Rig, *, greeted: bool = True) -> AsyncIterator[Caller]:
    """A call of its own, past its greeting."""
    async with Caller(rig.url) as caller:
        if greeted:
            await caller.until(lambda r: r.finals("agent"), GREETED_WITHIN_S, "the greeting")
            await caller.until_quiet()
        yield caller


async def ask(caller: Caller, samples: Pcm = SPOKEN) -> Moment:
    """Ask aloud; the moment the last sample was sent, with lines counted from before."""
    before = Moment.now(caller)
    said_at_s = await caller.say(samples, RATE_HZ)
    return Moment(said_at_s, before.lines, before.events)


async def write(caller: Caller, text: str = QUESTION) -> Moment:
    """Ask in writing."""
    before = Moment.now(caller)
    await caller.type(text)
    return before


async def hears(
    caller: Caller, since: Moment, words: Iterable[str], within_s: float, what: str
) -> float:
    """Until a sound and a line of the agent with one of `words` came; seconds to the sound."""
    wanted = tuple(words)
    loud_at_s = await caller.until(
        lambda r: r.first_loud_after(since.at_s), within_s, f"a sound: {what}"
    )
    await caller.until(
        lambda r: any(word in said for said in since.said_since(r) for word in wanted),
        ANSWERED_WITHIN_S,
        f"the words: {what}",
    )
    return float(loud_at_s) - since.at_s


async def hears_the_truth(caller: Caller, since: Moment, what: str) -> float:
    """The standby's answer or one of the fixed lines, in time; seconds to the sound."""
    seconds = await hears(
        caller, since, {MAIN_REPLY, *STANDBY_REPLIES, *TRUTHS}, HEARD_WITHIN_S, what
    )
    note(what, seconds)
    return seconds


async def is_told(
    caller: Caller, since: Moment, stage: str, within_s: float = TOLD_WITHIN_S
) -> None:
    """The screen learns that `stage` has fallen back or is down."""
    await caller.until(
        lambda r: {"fallback", "down"} & set(since.states_since(r, stage)),
        within_s,
        f"the screen is told of {stage}",
    )


async def is_answered(caller: Caller, what: str, *, aloud: bool = False) -> Moment:
    """A healthy turn."""
    since = await (ask(caller) if aloud else write(caller))
    await hears(caller, since, {MAIN_REPLY, *STANDBY_REPLIES}, ANSWERED_WITHIN_S, what)
    await caller.until_quiet()
    return since


def tone_share(record: CallRecord, since_s: float) -> float:
    """How much of the loud sound after `since_s` is the main engine's tone."""
    loud = [h for h in record.heard if h.at_s > since_s and h.dbfs > LOUD_DBFS]
    return sum(abs(h.hz - TONE_HZ) < TONE_WITHIN_HZ for h in loud) / max(1, len(loud))


def note(what: str, seconds: float) -> None:
    """Keep a measured silence for docs/faults.md."""
    with MEASURED.open("a") as file:
        file.write(json.dumps({"what": what, "heard_after_s": round(seconds, 2)}) + "\n")


def was_logged(rig: Rig, since: int, event: str, **fields: object) -> bool:
    """The worker wrote a line of that event with those fields after `since`."""
    return any(
        line.get("event") == event and all(line.get(k) == v for k, v in fields.items())
        for line in rig.worker.events(since)
    )
