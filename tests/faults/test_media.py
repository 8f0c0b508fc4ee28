"""The SFU, the person's connection or the person's voice fails.

The numbers of the rows are those of docs/faults.md.
"""

import asyncio
import sys
from collections.abc import Callable

import numpy as np
import pytest

from chassis.ended import EndedReason
from livekit_agent.lines import LINES
from tests.fakes.chat_chunks import delta, pieces
from tests.fakes.openai_backend import Pause, Reply
from tests.faults.calls import (
    QUESTION,
    Moment,
    calling,
    hears,
    is_answered,
    note,
    was_logged,
    write,
)
from tests.faults.rig import GREETING, SILENCE_S, Rig
from tests.processes import ROOT, clean_env, until
from tests.speech import RATE_HZ, Pcm

pytestmark = pytest.mark.e2e

SFU_AWAY_S = 5.0
BACK_WITHIN_S = 20.0
GONE_WITHIN_S = 25.0  # the SFU itself notices a killed participant after 21 s
NOISE_S = 4.0


@pytest.mark.timeout(120)
async def test_a_call_goes_on_after_the_sfu_was_killed(rig: Rig) -> None:
    """Rows 20 and 31: the person's client rejoins, an agent that knows what was said comes."""
    async with calling(rig) as caller:
        await is_answered(caller, "before")
        spoken, since = len(rig.main.spoken), Moment.now(caller)
        rig.sfu.kill()
        await asyncio.sleep(SFU_AWAY_S)
        rig.sfu.start()
        await asyncio.to_thread(rig.sfu.wait_ready)
        back = Moment.now(caller)
        await caller.until(
            lambda r: since.said_since(r) or r.disconnected, BACK_WITHIN_S, "the agent is back"
        )
        assert not caller.record.disconnected, "the client gave up"
        again = await write(caller, "and again: what is twelve times seven")
        await hears(caller, again, {"All is well"}, BACK_WITHIN_S, "an answer")
        note("20: SFU killed, from its return", again.at_s - back.at_s)
        assert GREETING not in rig.main.spoken[spoken:], "greeted a second time"
        assert ("user", QUESTION) in rig.main.conversation(), "what was said is forgotten"
    await asyncio.to_thread(rig.ready)  # row 31: the worker registered again, by itself


@pytest.mark.timeout(120)
async def test_who_vanishes_is_noticed_and_nothing_is_left_running(rig: Rig) -> None:
    """Row 26: kill -9 of the caller in the middle of a reply."""
    rig.main.llm.reply = lambda _: Reply(
        steps=[*pieces(), *[delta(content="on and on it goes. ")] * 20, Pause()]
    )
    mark = rig.worker.mark()
    person = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.faults.lone_caller", rig.url),
        cwd=ROOT,
        env=clean_env({}),
        stdout=asyncio.subprocess.PIPE,
    )
    assert person.stdout is not None
    room = (await person.stdout.readline()).decode().strip()
    person.kill()
    await person.wait()

    def noticed() -> bool:
        return was_logged(rig, mark, "call_ended", reason=EndedReason.USER_LEFT)

    gone_s = await asyncio.to_thread(until, noticed, GONE_WITHIN_S)
    note("26: caller killed, until the call is ended", gone_s)
    await asyncio.to_thread(until, lambda: not rig.main.llm.active and not rig.main.tts.active, 5)
    await asyncio.to_thread(until, lambda: room not in rig.rooms(), GONE_WITHIN_S)


def hiss(seconds: float) -> Pcm:
    """White noise as loud as speech."""
    noise = np.random.default_rng(1).normal(0, 2000, int(seconds * RATE_HZ))
    return noise.astype(np.int16)


def music(seconds: float) -> Pcm:
    """Chords, a new one each half second."""
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    roots = 220 * 2 ** (np.array([0, 5, 7, 3])[(times * 2).astype(int) % 4] / 12)
    chord = [np.sin(2 * np.pi * roots * ratio * times) for ratio in (1, 1.26, 1.5)]
    return np.asarray(np.sum(chord, axis=0) * 3000, dtype=np.int16)


@pytest.mark.parametrize("sound", [hiss, music])
async def test_what_is_no_speech_makes_no_turn(rig: Rig, sound: Callable[[float], Pcm]) -> None:
    """Row 27: whatever is loud is a sentence to this STT; none of it may be answered."""
    async with calling(rig) as caller:
        since, asked = Moment.now(caller), len(rig.main.llm.requests)
        await caller.say(sound(NOISE_S), RATE_HZ)
        await asyncio.sleep(1.0)  # what could follow from it would have begun
        assert since.understood_since(caller.record) == ""
        assert len(rig.main.llm.requests) == asked
        await is_answered(caller, "after noise", aloud=True)


async def test_who_says_nothing_is_asked_and_then_told_goodbye(rig: Rig) -> None:
    """Row 27."""
    mark = rig.worker.mark()
    async with calling(rig) as caller:
        since = Moment.now(caller)
        await hears(caller, since, {LINES["en"]["still_there"]}, SILENCE_S + 5, "is anybody there")
        await hears(caller, since, {LINES["en"]["going_silent"]}, SILENCE_S + 20, "goodbye")
        await caller.until(lambda r: r.disconnected, 10, "the end")
        told = [e["reason"] for e in caller.record.events if e["type"] == "ended"]
        assert told == [EndedReason.USER_SILENT]
    until(lambda: was_logged(rig, mark, "call_ended", reason=EndedReason.USER_SILENT), 5)
