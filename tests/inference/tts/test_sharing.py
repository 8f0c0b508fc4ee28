"""Who comes first when many want to be spoken, and how long their phrases are."""

import asyncio
import threading
from contextlib import AsyncExitStack

import pytest

from chassis.errors import RateLimited, Unavailable
from inference.slots import BATCH, LIVE, NORMAL
from inference.tts.pace import FIRST_CHARS
from inference.tts.phrases import Reading
from tests.fakes.tone_engine import VOICE, ToneEngine, say, speaking, whole


async def order_of(*asked: tuple[str, int, float]) -> list[str]:
    """In which order requests of (name, priority, seconds ago) are begun once there is room."""
    gate = threading.Event()
    engine = ToneEngine(gate)
    async with speaking(slots=8) as speaker, AsyncExitStack() as held:
        speeches = [
            await held.enter_async_context(
                speaker.speak(engine, say(f"{name} 1"), VOICE, 1.0, priority=priority)
            )
            for name, priority, _ in (("plug", LIVE, 0.0), *asked)
        ]
        for speech, (_, _, ago_s) in zip(speeches[1:], asked, strict=True):
            speech.opened_at_s -= ago_s
            speech.runs_dry_at_s -= ago_s
        gate.set()
        await asyncio.gather(*map(whole, speeches))
    return engine.spoken[1:]


async def test_of_those_who_wait_the_urgent_are_served_first() -> None:
    asked = (("batch", BATCH, 0.0), ("normal", NORMAL, 0.0), ("live", LIVE, 0.0))
    assert await order_of(*asked) == ["live", "normal", "batch"]


async def test_nobody_waits_for_ever_behind_the_urgent() -> None:
    assert await order_of(("live", LIVE, 0.0), ("batch", BATCH, 30.0)) == ["batch", "live"]


async def test_who_hears_nothing_goes_before_an_urgent_one_who_does() -> None:
    gate = threading.Event()
    engine = ToneEngine(gate)
    async with (
        speaking() as speaker,
        speaker.speak(engine, say("live 5", "more 1"), VOICE, 1.0, priority=LIVE) as live,
        speaker.speak(engine, say("batch 1"), VOICE, 1.0, priority=BATCH) as batch,
    ):
        gate.set()
        await asyncio.gather(whole(live), whole(batch))
    assert engine.spoken == ["live", "batch", "more"]


@pytest.mark.parametrize(
    ("served_ago_s", "order"), [(0.0, ["new", "ahead"]), (60.0, ["ahead", "new"])]
)
async def test_newcomers_go_before_who_is_far_ahead_but_not_for_ever(
    served_ago_s: float, order: list[str]
) -> None:
    gate = threading.Event()
    engine = ToneEngine(gate)
    async with (
        speaking() as speaker,
        speaker.speak(engine, say("plug 1"), VOICE, 1.0) as plug,
        speaker.speak(engine, say("ahead 1"), VOICE, 1.0) as ahead,
        speaker.speak(engine, say("new 1"), VOICE, 1.0) as new,
    ):
        ahead.runs_dry_at_s += 1000.0
        ahead.served_at_s -= served_ago_s
        gate.set()
        await asyncio.gather(whole(plug), whole(ahead), whole(new))
    assert engine.spoken[1:] == order


async def test_who_gets_no_turn_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.tts.speech.CHUNK_WITHIN_S", 0.05)
    gate = threading.Event()
    engine = ToneEngine(gate)
    async with (
        speaking(slots=1) as speaker,
        speaker.speak(engine, say("busy 1"), VOICE, 1.0) as busy,
        speaker.speak(engine, say("waits 1"), VOICE, 1.0) as waits,
    ):
        with pytest.raises(RateLimited) as refused:
            await waits.take()
        with pytest.raises(Unavailable) as slow:
            await busy.take()
        gate.set()
    assert refused.value.error_code == "queue_timeout"
    assert slow.value.error_code == "engine_timeout"


LONG = "This is a sentence of which the first clause is long, while others wait for it to end."


async def test_what_is_made_as_a_whole_begins_short() -> None:
    engine = ToneEngine(is_incremental=False)
    async with speaking() as speaker, speaker.speak(engine, say(LONG), VOICE, 1.0) as speech:
        await whole(speech)
    assert len(engine.spoken[0]) < 56
    assert " ".join(engine.spoken) == LONG


async def test_the_first_pieces_are_shorter_the_more_wait_for_theirs() -> None:
    gate = threading.Event()
    engine = ToneEngine(gate, is_incremental=False)
    async with speaking() as speaker, AsyncExitStack() as held:
        speeches = [
            await held.enter_async_context(speaker.speak(engine, say(LONG), VOICE, 1.0))
            for _ in range(4)
        ]
        gate.set()
        await asyncio.gather(*map(whole, speeches))
    first = engine.spoken[:4]
    assert all(LONG.startswith(piece) for piece in first)
    alone = Reading(say(LONG)).first(FIRST_CHARS).text
    assert sum(map(len, first)) <= 2 * len(alone)
