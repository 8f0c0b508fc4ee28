"""How long somebody has been waiting."""

import asyncio

from livekit_agent.silence import Phase, Silence
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s


async def lasted_s(silence: Silence, phase: Phase = "hearing") -> float:
    await silence.lasts(2.0, phase)
    return round(now_s(), 3)


@in_virtual_time
async def test_it_is_counted_from_when_speech_ended() -> None:
    silence = Silence()
    waiting = asyncio.create_task(lasted_s(silence))
    await asyncio.sleep(5)
    silence.begins()
    await asyncio.sleep(1)
    silence.begins()  # no second beginning
    assert await waiting == 7.0


@in_virtual_time
async def test_sound_ends_it() -> None:
    silence = Silence()
    waiting = asyncio.create_task(lasted_s(silence))
    silence.begins()
    await asyncio.sleep(1)
    silence.ends()
    await asyncio.sleep(5)
    assert not waiting.done()
    silence.begins()
    assert await waiting == 8.0


@in_virtual_time
async def test_the_two_phases_are_one_silence() -> None:
    silence = Silence()
    waiting = asyncio.create_task(lasted_s(silence, "thinking"))
    silence.begins()
    await asyncio.sleep(1.5)
    silence.turn_taken()
    assert await waiting == 2.0


@in_virtual_time
async def test_patience_is_asked_for_once() -> None:
    silence = Silence()
    assert not silence.told()
    silence.begins()
    assert silence.told()
    assert not silence.told()
    waiting = asyncio.create_task(lasted_s(silence))
    await asyncio.sleep(10)
    assert not waiting.done()
    silence.ends()
    silence.begins()
    assert await waiting == 12.0
    assert silence.told()


@in_virtual_time
async def test_a_reply_that_never_sounded_ends_it() -> None:
    silence = Silence()
    silence.turn_taken()
    silence.reply_over()
    assert not silence.is_waiting


@in_virtual_time
async def test_who_waits_to_be_heard_goes_on_waiting() -> None:
    silence = Silence()
    silence.begins()
    silence.reply_over()  # of the turn before
    assert silence.is_waiting
