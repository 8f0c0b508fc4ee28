"""Speaking: every phrase once, by whichever voice there is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from livekit_agent.lines import LINES
from tests.livekit_agent.tts_bed import CHARS_PER_S, Step, bed, fails, seconds, sound, well
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s


@pytest.fixture(autouse=True)
def no_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@in_virtual_time
async def test_every_phrase_is_spoken_once_and_in_order(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        frames = await it.speak("It is a very ", "old moon. ", "And it is ", "far away from us.")
        assert " ".join(text for _, text in it.texts) == (
            "It is a very old moon. And it is far away from us."
        )
        assert all(frame.sample_rate == 24_000 and frame.num_channels == 1 for frame in frames)
        assert it.speaking.failed_replies == 0


@in_virtual_time
async def test_the_first_phrase_does_not_wait_for_the_last(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:

        async def text() -> AsyncIterator[str]:
            yield "It is very old. "
            await asyncio.sleep(10)
            yield "And far away."

        frames = it.speaking.speak(text())
        await anext(frames)
        assert now_s() < 0.2
        await frames.aclose()


@in_virtual_time
async def test_a_line_is_a_clip_and_asks_no_engine(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        frames = await it.speak(LINES["en"]["lost_llm"])
        assert frames
        assert it.asked == []


@in_virtual_time
async def test_nothing_to_say_is_no_failure(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        assert await it.speak("", " ", "…") == []
        assert it.speaking.failed_replies == 0


@in_virtual_time
async def test_the_standby_speaks_with_a_voice_of_its_own(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        it.main = fails
        await it.speak("It is very old. ")
        await it.speak("And far away. ")
        assert it.texts == [
            ("main", "It is very old."),
            ("standby", "It is very old."),
            ("standby", "And far away."),
        ]
        assert it.voices == ["alloy", "spare", "spare"]
        assert it.changes == ["fallback"]


@pytest.mark.parametrize("cut_s", [0.5, 1.0, 2.0])
def test_a_cut_phrase_goes_on_with_a_whole_word(tmp_path: Path, cut_s: float) -> None:
    text = "The moon is about four and a half thousand million years old."

    @in_virtual_time
    async def check() -> None:
        async with bed(tmp_path) as it:
            it.main = lambda said: [*sound(said, up_to_s=cut_s), httpx2.ReadError("reset")]
            frames = await it.speak(text)
            whole = it.texts[0][1]
            rest = it.texts[1][1]
            assert whole.endswith(rest)
            assert (whole[: -len(rest)] or " ")[-1] == " "
            assert abs(len(whole) - len(rest) - cut_s * CHARS_PER_S) < 12
            assert seconds(frames) >= round(len(text) / CHARS_PER_S) - 1

    check()


@in_virtual_time
async def test_a_phrase_that_was_cut_at_once_is_said_whole(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        it.main = lambda said: [*sound(said, up_to_s=0.1), httpx2.ReadError("reset")]
        await it.speak("It is very old indeed.")
        assert it.texts[1] == ("standby", "It is very old indeed.")


@in_virtual_time
async def test_without_any_voice_it_is_said_once_a_reply(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        it.main = it.standby = fails
        frames = await it.speak("It is very old. And it is far away. ", "And it is cold there.")
        assert frames  # the clip
        assert len(it.asked) == 2
        assert it.speaking.failed_replies == 1
        it.main = well
        await it.speak("Here I am.")
        assert it.speaking.failed_replies == 0
        assert it.changes[-1] == "recovered"


@in_virtual_time
async def test_patience_is_asked_for_while_somebody_waits(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        it.main = lambda said: [2.8, *sound(said)]
        plain_s = seconds(await it.speak("It is very old."))
        it.silence.turn_taken()
        assert seconds(await it.speak("It is very old.")) > plain_s
        assert it.changes == []


@in_virtual_time
async def test_after_asking_for_patience_no_word_is_lost(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        it.main = lambda _: [60.0]
        it.silence.turn_taken()
        await it.speak("All is well.")
        assert it.texts == [("main", "All is well."), ("standby", "All is well.")]


@in_virtual_time
async def test_a_slow_voice_is_not_heard_to_stop_in_mid_phrase(tmp_path: Path) -> None:
    """Later phrases of an engine slower than speech come whole."""
    async with bed(tmp_path) as it:

        def slow(said: str) -> list[Step]:
            return [step for piece in sound(said) for step in (0.15, piece)]

        it.main = slow
        await it.speak("It is a very old moon and it is far.")
        arrived: list[float] = []

        async def text() -> AsyncIterator[str]:
            yield "It is very old. It is also far away from all of us here."

        async for _ in it.speaking.speak(text()):
            arrived.append(now_s())
        second = arrived[len(sound("It is very old.")) :]
        assert second
        assert max(second) - min(second) < 0.01


@in_virtual_time
async def test_the_language_is_told_where_it_is_not_the_usual_one(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        await it.speak("It is very old.")
        it.voice.language = "fr"
        await it.speak("Elle est vieille.")
        assert [language for _, _, language in it.asked] == [None, "fr"]


@in_virtual_time
async def test_a_voice_changes_from_the_next_phrase_on(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        await it.speak("It is very old.")
        it.voice.id = "echo"
        await it.speak("It is very old.")
        assert it.voices == ["alloy", "echo"]


@in_virtual_time
async def test_who_stops_listening_leaves_nothing_behind(tmp_path: Path) -> None:
    async with bed(tmp_path) as it:
        it.main = lambda said: [step for piece in sound(said) for step in (piece, 1.0)]

        async def text() -> AsyncIterator[str]:
            yield "It is very old. "
            await asyncio.sleep(3600)
            yield "never"

        frames = it.speaking.speak(text())
        await anext(frames)
        await frames.aclose()
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in others if "livekit_agent" in str(task.get_coro())]
        assert it.changes == []
