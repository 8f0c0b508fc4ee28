"""What is said when a stage fails or nobody speaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from livekit import rtc

from chassis.ended import EndedReason
from livekit_agent.budgets import Budgets
from livekit_agent.call_end import CallEnd
from livekit_agent.lines import LineKey
from livekit_agent.rescue import DEAF_AGAIN_S, Rescue, Watched
from livekit_agent.silence import Silence
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s


class Bed:
    def __init__(self) -> None:
        self.said: list[LineKey] = []
        self.session: Any = rtc.EventEmitter()
        self.stt = SimpleNamespace(state="recovered")
        self.thinking = SimpleNamespace(failed_replies=0)
        self.speaking = SimpleNamespace(failed_replies=0)
        self.silence = Silence()
        self.has_timer = False
        self.end = CallEnd(self._last_words)
        self.rescue: Rescue

    async def _last_words(self, key: LineKey) -> None:
        self.said.append(key)

    async def somebody_waits(self) -> bool:
        return self.has_timer

    def user(self, state: str) -> None:
        self.session.emit("user_state_changed", SimpleNamespace(new_state=state))


@asynccontextmanager
async def bed() -> AsyncIterator[Bed]:
    it = Bed()
    parts: dict[str, Any] = {
        "session": it.session,
        "stt": it.stt,
        "thinking": it.thinking,
        "speaking": it.speaking,
    }
    watched = Watched(
        **parts,
        silence=it.silence,
        budgets=Budgets(filler_s=2.0),
        silence_hangup_s=30.0,
        somebody_waits=it.somebody_waits,
    )
    async with Rescue(watched, it.said.append, it.end) as it.rescue:
        yield it


@in_virtual_time
async def test_a_late_transcript_is_asked_patience_for_once() -> None:
    async with bed() as it:
        it.silence.begins()
        await asyncio.sleep(10)
        assert it.said == ["one_moment"]


@in_virtual_time
async def test_a_transcript_in_time_is_not() -> None:
    async with bed() as it:
        it.silence.begins()
        await asyncio.sleep(1.5)
        it.silence.turn_taken()
        await asyncio.sleep(10)
        assert it.said == []


@in_virtual_time
async def test_the_deaf_say_so_at_once_but_not_all_the_time() -> None:
    async with bed() as it:
        it.stt.state = "down"
        for _ in range(5):
            it.rescue.speech_ended()
            await asyncio.sleep(1)
        assert it.said == ["lost_stt"]


@in_virtual_time
async def test_who_stays_deaf_hangs_up() -> None:
    async with bed() as it:
        it.stt.state = "down"
        for _ in range(4):
            it.rescue.speech_ended()
            await asyncio.sleep(DEAF_AGAIN_S)
        assert it.said == ["lost_stt"] * 3 + ["must_end"]
        assert await it.end.reason() is EndedReason.NO_STT


@in_virtual_time
async def test_who_hears_again_begins_to_count_anew() -> None:
    async with bed() as it:
        for _ in range(6):
            it.stt.state = "down"
            it.rescue.speech_ended()
            it.rescue.heard()
            await asyncio.sleep(DEAF_AGAIN_S)
        assert not it.end.is_over


@in_virtual_time
async def test_a_call_without_replies_ends_after_the_last_apology() -> None:
    for stage, reason in (("thinking", EndedReason.NO_LLM), ("speaking", EndedReason.NO_TTS)):
        async with bed() as it:
            getattr(it, stage).failed_replies = 2
            it.rescue.reply_done()
            assert not it.end.is_over
            getattr(it, stage).failed_replies = 3
            it.rescue.reply_done()
            assert await it.end.reason() is reason


@in_virtual_time
async def test_the_silent_are_asked_for_and_let_go() -> None:
    async with bed() as it:
        it.user("away")
        assert await it.end.reason() is EndedReason.USER_SILENT
        assert (it.said, now_s()) == (["still_there", "going_silent"], 30.0)


@in_virtual_time
async def test_who_comes_back_is_not() -> None:
    async with bed() as it:
        it.user("away")
        await asyncio.sleep(29)
        it.user("speaking")
        await asyncio.sleep(60)
        assert it.said == ["still_there"]
        assert not it.end.is_over


@in_virtual_time
async def test_who_waits_for_a_timer_is_asked_for_after_it() -> None:
    async with bed() as it:
        it.has_timer = True
        it.user("away")
        await asyncio.sleep(100)
        assert it.said == []
        it.has_timer = False
        await asyncio.sleep(25)
        assert it.said == ["still_there"]


@in_virtual_time
async def test_nothing_is_said_after_the_call() -> None:
    async with bed() as it:
        it.user("away")
        it.silence.begins()
    await asyncio.sleep(100)
    assert it.said == []
