"""How a call ends."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import CloseReason

from chassis.ended import EndedReason
from livekit_agent.call_end import LAST_WORDS_WITHIN_S, CallEnd, left_reason, reason_of
from livekit_agent.lines import LineKey
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s


class Mouth:
    def __init__(self, seconds: float = 2.0) -> None:
        self.said: list[LineKey] = []
        self._seconds = seconds

    async def say(self, key: LineKey) -> None:
        self.said.append(key)
        await asyncio.sleep(self._seconds)


@in_virtual_time
async def test_it_ends_at_once_where_nothing_is_owed() -> None:
    mouth = Mouth()
    end = CallEnd(mouth.say)
    end.end(EndedReason.USER_HUNG_UP)
    assert await end.reason() is EndedReason.USER_HUNG_UP
    assert mouth.said == []
    assert end.is_over


@in_virtual_time
async def test_last_words_are_heard_first() -> None:
    mouth = Mouth()
    end = CallEnd(mouth.say)
    end.end(EndedReason.NO_LLM, "must_end")
    assert not end.is_over
    assert await end.reason() is EndedReason.NO_LLM
    assert (now_s(), mouth.said) == (2.0, ["must_end"])


@in_virtual_time
async def test_the_first_reason_counts_and_words_are_said_once() -> None:
    mouth = Mouth()
    end = CallEnd(mouth.say)
    end.end(EndedReason.NO_LLM, "must_end")
    end.end(EndedReason.USER_SILENT, "going_silent")
    assert await end.reason() is EndedReason.NO_LLM
    end.end(EndedReason.ERROR)
    assert await end.reason() is EndedReason.NO_LLM
    assert mouth.said == ["must_end"]


@in_virtual_time
async def test_words_that_cannot_be_said_hold_nothing_up() -> None:
    end = CallEnd(Mouth(seconds=3600).say)
    end.end(EndedReason.NO_TTS, "must_end")
    assert await end.reason() is EndedReason.NO_TTS
    assert now_s() == LAST_WORDS_WITHIN_S


@in_virtual_time
async def test_a_session_that_is_gone_holds_nothing_up() -> None:
    async def gone(_: LineKey) -> None:
        raise RuntimeError("AgentSession isn't running")

    end = CallEnd(gone)
    end.end(EndedReason.MAX_DURATION, "must_end")
    assert await end.reason() is EndedReason.MAX_DURATION


@in_virtual_time
async def test_closing_in_mid_word_leaves_nothing_behind() -> None:
    end = CallEnd(Mouth(seconds=3600).say)
    end.end(EndedReason.NO_TTS, "must_end")
    await asyncio.sleep(1)
    await end.aclose()
    assert now_s() == 1.0
    assert await end.reason() is EndedReason.NO_TTS


@in_virtual_time
async def test_who_stops_waiting_ends_nothing() -> None:
    end = CallEnd(Mouth().say)
    waiting = asyncio.create_task(end.reason())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    end.end(EndedReason.USER_LEFT)
    assert await end.reason() is EndedReason.USER_LEFT


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (rtc.DisconnectReason.CLIENT_INITIATED, EndedReason.USER_HUNG_UP),
        (rtc.DisconnectReason.USER_REJECTED, EndedReason.USER_HUNG_UP),
        (rtc.DisconnectReason.ROOM_DELETED, EndedReason.ROOM_CLOSED),
        (rtc.DisconnectReason.CONNECTION_TIMEOUT, EndedReason.USER_LEFT),
        (None, EndedReason.USER_LEFT),
    ],
)
def test_a_hang_up_is_told_from_a_lost_connection(how: int | None, reason: EndedReason) -> None:
    assert left_reason(how) is reason


@pytest.mark.parametrize(
    ("closed", "reason"),
    [
        (CloseReason.PARTICIPANT_DISCONNECTED, EndedReason.USER_HUNG_UP),
        (CloseReason.JOB_SHUTDOWN, EndedReason.WORKER_STOPPED),
        (CloseReason.ERROR, EndedReason.ERROR),
        (CloseReason.USER_INITIATED, EndedReason.WORKER_STOPPED),
    ],
)
def test_a_closed_session_has_a_reason(closed: CloseReason, reason: EndedReason) -> None:
    event: Any = SimpleNamespace(reason=closed)
    assert reason_of(event, int(rtc.DisconnectReason.CLIENT_INITIATED)) is reason
