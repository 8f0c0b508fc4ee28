"""The SFU, the person's connection or the person's voice fails.

The numbers of the rows are those of docs/faults.md.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
from livekit import rtc

from chassis.ended import EndedReason
from livekit_agent.lines import LINES
from parley.caller import Caller
from tests.fakes.chat_chunks import pieces
from tests.fakes.faults import Refuse
from tests.fakes.openai_backend import Pause, Reply
from tests.faults.calls import (
    MAIN_REPLY,
    QUESTION,
    TRUTHS,
    Moment,
    calling,
    hears,
    is_answered,
    is_told,
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
ASKED_EVERY_S = 4.0
NOTICED_WITHIN_S = 25.0  # the SFU itself notices a killed participant after 21 s
ENDED_WITHIN_S = 30.0  # it keeps the room for 20 s: people come back
NOISE_S = 4.0


@pytest.mark.timeout(120)
async def test_a_call_goes_on_after_the_sfu_was_killed(rig: Rig) -> None:
    """Rows 20 and 31: both sides rejoin, or an agent comes that knows what was said."""
    async with calling(rig) as caller:
        await is_answered(caller, "before")
        spoken = len(rig.main.spoken)
        rig.sfu.kill()
        await asyncio.sleep(SFU_AWAY_S)
        rig.sfu.start()
        await asyncio.to_thread(rig.sfu.wait_ready)
        back = Moment.now(caller)
        answered_at_s = await answered_again(caller, back)
        note("20: SFU killed, from its return", answered_at_s - back.at_s)
        assert GREETING not in rig.main.spoken[spoken:], "greeted a second time"
        assert ("user", QUESTION) in rig.main.conversation(), "what was said is forgotten"
    await asyncio.to_thread(rig.ready)  # row 31: the worker registered again, by itself


async def answered_again(caller: Caller, back: Moment) -> float:
    """Ask again and again, as people do, until an answer is heard; its instant."""
    while time.perf_counter() - back.at_s < BACK_WITHIN_S:
        since = Moment.now(caller)
        with contextlib.suppress(AssertionError, RuntimeError, rtc.ConnectError):
            await write(caller, "are you there")
            await hears(caller, since, {MAIN_REPLY, *TRUTHS}, ASKED_EVERY_S, "an answer")
            return time.perf_counter()
        assert not caller.record.disconnected, "the client gave up"
        await asyncio.sleep(0.2)
    raise AssertionError(f"no answer within {BACK_WITHIN_S:g} s; {caller.summary()}")


@pytest.mark.timeout(120)
async def test_nobody_there_is_noticed_and_ends_the_call(rig: Rig) -> None:
    """Rows 26 and 27, side by side: one caller is killed in mid-reply, one says nothing."""
    await asyncio.gather(who_vanishes(rig), who_says_nothing(rig))


async def who_vanishes(rig: Rig) -> None:
    mark = rig.worker.mark()
    rig.main.llm.reply = lambda _: Reply(steps=[*pieces("On and on. "), Pause()])
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

    def logged(event: str, **fields: object) -> Callable[[], bool]:
        return lambda: was_logged(rig, mark, event, room=room, **fields)

    noticed_s = await asyncio.to_thread(until, logged("caller_left"), NOTICED_WITHIN_S)
    note("26: caller killed, until it is noticed", noticed_s)
    await asyncio.to_thread(until, lambda: not rig.main.llm.active, ENDED_WITHIN_S)
    ended = logged("call_ended", reason=EndedReason.USER_LEFT)
    ended_s = await asyncio.to_thread(until, ended, ENDED_WITHIN_S)
    note("26: noticed, until the call is ended", ended_s)
    await asyncio.to_thread(until, lambda: room not in rig.rooms(), 5)


async def who_says_nothing(rig: Rig) -> None:
    mark = rig.worker.mark()
    async with calling(rig) as caller:
        since = Moment.now(caller)
        await hears(caller, since, {LINES["en"]["still_there"]}, SILENCE_S + 5, "is anybody there")
        await caller.until(
            lambda r: LINES["en"]["going_silent"] in " ".join(since.said_since(r)), 15, "goodbye"
        )
        await caller.until(lambda r: r.disconnected, 15, "the end")
        told = [e["reason"] for e in caller.record.events if e["type"] == "ended"]
        assert told == [EndedReason.USER_SILENT]
    ended = EndedReason.USER_SILENT
    await asyncio.to_thread(
        until, lambda: was_logged(rig, mark, "call_ended", reason=ended), ENDED_WITHIN_S
    )


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


@pytest.mark.parametrize(
    ("sound", "recogniser"), [(hiss, "scripted"), (hiss, "real"), (music, "real")]
)
async def test_what_is_no_speech_makes_no_turn(
    rig: Rig, sound: Callable[[float], Pcm], recogniser: str
) -> None:
    """Row 27. To the scripted STT whatever is loud is a sentence: none of it may get there."""
    async with calling(rig) as caller:
        if recogniser == "real":
            rig.inject("stt", Refuse())
            await is_told(caller, Moment.start(), "stt")
        since, asked = Moment.now(caller), len(rig.main.llm.requests)
        await caller.say(sound(NOISE_S), RATE_HZ)
        await asyncio.sleep(1.0)  # what could follow from it would have begun
        assert since.understood_since(caller.record) == ""
        assert len(rig.main.llm.requests) == asked
        await is_answered(caller, "after noise", aloud=True)
