"""One engine, many requests: bounded, in order, and free again as soon as a client leaves."""

import asyncio
import threading
import time

import numpy as np
import pytest

from chassis.errors import RateLimited, Unavailable
from inference.tts.engine import SAMPLE_RATE_HZ, Mark, Sink
from inference.tts.speech import AHEAD_S, BYTES_PER_S
from tests.fakes.tone_engine import VOICE, ToneEngine, hear, say, speaking, whole


async def test_a_request_is_spoken_whole_and_in_order() -> None:
    engine = ToneEngine()
    async with (
        speaking() as speaker,
        speaker.speak(engine, say("a 0.5", "b 0.5"), VOICE, 1.0) as speech,
    ):
        sound = await whole(speech)
    assert engine.spoken == ["a", "b"]
    assert 1.0 < len(sound) / BYTES_PER_S < 1.4


async def test_a_newcomer_does_not_wait_for_a_long_request() -> None:
    gate = threading.Event()
    engine = ToneEngine(gate)
    async with (
        speaking() as speaker,
        speaker.speak(engine, say(*["long 2"] * 5), VOICE, 1.0) as long,
        speaker.speak(engine, say("new 1"), VOICE, 1.0) as new,
    ):
        gate.set()
        await asyncio.gather(whole(long), whole(new))
    assert engine.spoken.index("new") <= 1


async def test_leaving_frees_the_engine_at_once() -> None:
    engine = ToneEngine()
    async with speaking() as speaker:
        async with speaker.speak(engine, say("endless 1e9"), VOICE, 1.0) as speech:
            assert await speech.take()
            left_at_s = time.monotonic()
        async with speaker.speak(engine, say("next 0.1"), VOICE, 1.0) as speech, asyncio.timeout(2):
            assert await whole(speech)
    assert engine.stopped_at_s - left_at_s < 0.1


async def test_work_ends_with_the_speaker() -> None:
    engine = ToneEngine()
    async with speaking() as speaker:
        opened = speaker.speak(engine, say("endless 1e9"), VOICE, 1.0)
        speech = await opened.__aenter__()
        await speech.take()
    await opened.__aexit__(None, None, None)


async def test_who_does_not_listen_does_not_hold_up_the_rest() -> None:
    engine = ToneEngine()
    async with (
        speaking(slots=1) as speaker,
        speaker.speak(engine, say(*["deaf 5"] * 50), VOICE, 1.0) as deaf,
    ):
        async with speaker.speak(engine, say("next 1"), VOICE, 1.0) as speech, asyncio.timeout(5):
            assert await whole(speech)
        async with asyncio.timeout(5):
            while deaf.wants_more:  # noqa: ASYNC110 - the engine's thread has no event to wait for
                await asyncio.sleep(0.01)
        assert deaf.made_bytes / BYTES_PER_S < AHEAD_S + 6
        async with asyncio.timeout(10):
            assert len(await whole(deaf)) / BYTES_PER_S > 250


async def test_a_full_queue_refuses() -> None:
    engine = ToneEngine()
    async with speaking(slots=1, queue_limit=1) as speaker:
        async with (
            speaker.speak(engine, say("a 1"), VOICE, 1.0),
            speaker.speak(engine, say("b 1"), VOICE, 1.0),
        ):
            assert speaker.full
            with pytest.raises(RateLimited):
                async with speaker.speak(engine, say("c 1"), VOICE, 1.0):
                    pass
        assert not speaker.full


async def test_a_failed_phrase_fails_its_request_only() -> None:
    engine = ToneEngine()
    async with speaking() as speaker:
        async with speaker.speak(engine, say("broken 1", "a 1"), VOICE, 1.0) as speech:
            with pytest.raises(Unavailable):
                await whole(speech)
        async with speaker.speak(engine, say("a 1"), VOICE, 1.0) as speech:
            assert await whole(speech)


async def test_a_failure_comes_after_the_sound_that_was_made() -> None:
    engine = ToneEngine()
    async with (
        speaking() as speaker,
        speaker.speak(engine, say("a 1", "broken 1"), VOICE, 1.0) as speech,
    ):
        heard: list[bytes] = []
        with pytest.raises(Unavailable) as failed:
            await hear(speech, heard)
    assert len(b"".join(heard)) / BYTES_PER_S > 0.9
    assert failed.value.error_code == "engine_failed"


async def test_an_engine_works_on_as_many_phrases_as_it_can() -> None:
    both = threading.Barrier(2)

    class Meeting(ToneEngine):
        def _speak(self, phrase: str, sink: Sink) -> None:
            both.wait(5)  # broken where the other phrase does not come
            super()._speak(phrase, sink)

    engine = Meeting(concurrency=2)
    async with (
        speaking() as speaker,
        speaker.speak(engine, say("a 1", "b 1"), VOICE, 1.0) as first,
        speaker.speak(engine, say("c 1", "d 1"), VOICE, 1.0) as second,
        asyncio.timeout(10),
    ):
        await asyncio.gather(whole(first), whole(second))
    assert engine.most_at_once == 2


async def test_the_phrases_of_one_request_are_made_one_by_one() -> None:
    engine = ToneEngine(concurrency=4)
    async with (
        speaking() as speaker,
        speaker.speak(engine, say(*[f"p{n} 0.1" for n in range(9)]), VOICE, 1.0) as speech,
    ):
        await whole(speech)
    assert engine.most_at_once == 1
    assert engine.spoken == [f"p{n}" for n in range(9)]


async def test_two_engines_do_not_wait_for_each_other() -> None:
    gate = threading.Event()
    stuck, free = ToneEngine(gate), ToneEngine()
    async with (
        speaking() as speaker,
        speaker.speak(stuck, say("a 1"), VOICE, 1.0) as old,
        speaker.speak(free, say("b 1"), VOICE, 1.0) as new,
        asyncio.timeout(4),
    ):
        assert await whole(new)
        gate.set()
        assert await whole(old)


async def test_the_engine_is_done_with_a_speech_when_its_block_ends() -> None:
    engine = ToneEngine()
    async with speaking() as speaker:
        for _ in range(50):
            async with speaker.speak(engine, say("endless 1e9"), VOICE, 1.0):
                pass
            assert engine.at_once == 0


async def test_work_that_waits_goes_with_its_request() -> None:
    gate = threading.Event()
    engine = ToneEngine(gate)
    async with speaking() as speaker, speaker.speak(engine, say("now 1"), VOICE, 1.0) as now:
        async with speaker.speak(engine, say("never 1"), VOICE, 1.0):
            pass
        gate.set()
        await whole(now)
    assert engine.spoken == ["now"]


async def test_words_are_told_with_their_sound() -> None:
    engine = ToneEngine()
    async with (
        speaking() as speaker,
        speaker.speak(engine, say("a 0.5", "b 0.5"), VOICE, 1.0, with_words=True) as speech,
    ):
        sound, words = b"", []
        while piece := await speech.take():
            sound += piece
            words += speech.words()
            assert all(word.ended_at_s <= len(sound) / BYTES_PER_S for word in words)
        words += speech.words()
    assert [(word.text, word.start, word.end) for word in words] == [("a", 0, 1), ("b", 0, 1)]
    assert [word.started_at_s for word in words] == pytest.approx([0.0, 0.6])


async def test_the_silence_that_goes_is_no_part_of_a_words_time() -> None:
    class Late(ToneEngine):
        def _speak(self, phrase: str, sink: Sink) -> None:
            sink.push(np.zeros(SAMPLE_RATE_HZ, np.float32))
            sink.push(np.full(SAMPLE_RATE_HZ, 0.5, np.float32))
            sink.mark(Mark(start=0, end=1, started_at_s=1.0, ended_at_s=2.0))

    async with (
        speaking() as speaker,
        speaker.speak(Late(), say("a 1"), VOICE, 1.0, with_words=True) as speech,
    ):
        await whole(speech)
        (word,) = speech.words()
    assert word.started_at_s == pytest.approx(0.0, abs=0.02)
    assert word.ended_at_s == pytest.approx(1.0, abs=0.02)


async def test_a_phrase_spoken_lately_needs_no_engine() -> None:
    engine = ToneEngine()
    async with speaking() as speaker:
        told = []
        for _ in range(2):
            async with speaker.speak(
                engine, say("a 0.5", "b 0.5"), VOICE, 1.0, with_words=True
            ) as speech:
                told.append((await whole(speech), speech.words()))
        assert engine.spoken == ["a", "b"]
        assert told[0] == told[1]
        async with speaker.speak(engine, say("b 0.5", "c 0.5"), VOICE, 1.0) as speech:
            await whole(speech)
        assert engine.spoken == ["a", "b", "c"]
        async with speaker.speak(engine, say("a 0.5"), VOICE, 1.5) as speech:
            await whole(speech)
        assert engine.spoken[3:] == ["a"]


async def test_a_hit_does_not_wait_for_a_busy_engine() -> None:
    gate = threading.Event()
    gate.set()
    engine = ToneEngine(gate)
    async with speaking() as speaker:
        async with speaker.speak(engine, say("known 0.5"), VOICE, 1.0) as speech:
            await whole(speech)
        gate.clear()
        async with (
            speaker.speak(engine, say("busy 0.5"), VOICE, 1.0),
            speaker.speak(engine, say("known 0.5"), VOICE, 1.0) as speech,
            asyncio.timeout(4),
        ):
            assert await whole(speech)
            gate.set()


async def test_half_a_phrase_is_not_kept() -> None:
    engine = ToneEngine()
    async with speaking() as speaker:
        async with speaker.speak(engine, say("a 600"), VOICE, 1.0) as speech:
            assert await speech.take()
        async with speaker.speak(engine, say("a 600"), VOICE, 1.0) as speech:
            assert await speech.take()
    assert engine.spoken == ["a", "a"]


async def test_joins_do_not_click() -> None:
    class Sines(ToneEngine):
        def _speak(self, phrase: str, sink: Sink) -> None:
            at = np.arange(SAMPLE_RATE_HZ // 2) * 2 * np.pi * 200 / SAMPLE_RATE_HZ
            sink.push((0.5 * np.cos(at)).astype(np.float32))  # begins and ends while loud

    engine = Sines(is_incremental=False)
    async with (
        speaking() as speaker,
        speaker.speak(engine, say("One, and one, " * 10), VOICE, 1.0) as speech,
    ):
        sound = np.frombuffer(await whole(speech), "<i2").astype(int)
    loud = np.abs(sound) > 3000
    assert np.abs(np.diff(sound)).max() < 2_000  # of 32,768; the sine's own steepest is 860
    gaps = np.diff(np.flatnonzero(loud))
    assert gaps.max() / SAMPLE_RATE_HZ < 0.2  # a clause's pause, no more
