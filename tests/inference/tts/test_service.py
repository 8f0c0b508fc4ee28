"""One request's way from text to sound: voice, language, words, and an engine that breaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from chassis.errors import InvalidRequest, RateLimited, Unavailable
from chassis.health import Health
from chassis.metrics import Metrics
from chassis.weights.settings import ModelStoreSettings
from inference.candidates import Candidate
from inference.model_status import Phase
from inference.serving import Choice
from inference.tts import normalise, service
from inference.tts.engine import Engine, Sink, Voice
from inference.tts.script import Script
from inference.tts.service import MAX_FAILURES, Tts
from inference.tts.settings import TtsSettings
from inference.tts.speech import BYTES_PER_S
from tests.fakes.tone_engine import VOICE, ToneEngine, whole

FRENCH = Voice(id="jeanne", name="Jeanne", language="fr-fr")
ALLOY = replace(VOICE, id="alloy", name="Alloy")


class Talker(ToneEngine):
    """Speaks anything but `broken`; everything, while it `is_broken`."""

    def __init__(self, model: str, voices: tuple[Voice, ...] = (ALLOY, FRENCH)) -> None:
        super().__init__()
        self.model = model
        self.is_broken = False
        self.said_in: list[str] = []
        self._voices = {voice.id: voice for voice in voices}

    def find_voice(self, voice_id: str) -> Voice | None:
        return self._voices.get(voice_id)

    def in_language(self, voice: Voice, language: str) -> Voice | None:
        return replace(voice, language=language) if language in ("en", "fr-fr") else None

    def synthesize(self, phrase: str, voice: Voice, speed: float, sink: Sink) -> None:
        self.said_in.append(voice.language)
        broken = self.is_broken or phrase.startswith("broken")
        super().synthesize("broken 1" if broken else phrase, voice, speed, sink)


class Talkers:
    """A chooser of these."""

    def __init__(self, *engines: Talker) -> None:
        self._engines = {engine.model: engine for engine in engines}

    def choose(self) -> Choice[Engine]:
        return Choice([self.candidate(model) for model in self._engines], ["as the test wants"])

    def candidate(self, model_id: str) -> Candidate[Engine]:
        return Candidate(model=model_id, build=lambda: self._engines[model_id])

    def ids(self) -> list[str]:
        return list(self._engines)


@asynccontextmanager
async def serving(*engines: Talker, **settings: Any) -> AsyncIterator[tuple[Tts, Health]]:
    metrics = Metrics("tts")
    health = Health("tts", metrics)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "Chooser", lambda *_: Talkers(*engines))
        tts = Tts(TtsSettings(**settings), ModelStoreSettings(), metrics)
    tts.watched_by(health)
    async with asyncio.timeout(30), tts.opened():
        await until_ready(tts)
        yield tts, health


async def until_ready(tts: Tts) -> None:
    while tts.serving.lifecycle.status.phase is not Phase.READY:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.001)


async def spoken(tts: Tts, text: str, voice: str | None = None, **more: Any) -> bytes:
    async with tts.speech(text, voice, 1.0, **more) as speech:
        return await whole(speech)


async def test_text_becomes_sound() -> None:
    engine = Talker("a")
    async with serving(engine) as (tts, _):
        assert await spoken(tts, "Hello there")
        assert engine.spoken[-1] == "Hello there"


@pytest.mark.parametrize("text", ["", "  \n ", "...", "🙂"])
async def test_nothing_to_say_is_told(text: str) -> None:
    async with serving(Talker("a")) as (tts, _):
        with pytest.raises(InvalidRequest) as refused:
            await spoken(tts, text)
        assert refused.value.param == "input"


@pytest.mark.parametrize(
    ("more", "param"), [({"voice": "nobody"}, "voice"), ({"language": "xx"}, "language")]
)
async def test_what_the_engine_cannot_do_is_named(more: dict[str, str], param: str) -> None:
    async with serving(Talker("a")) as (tts, _):
        with pytest.raises(InvalidRequest) as refused:
            await spoken(tts, "Hello", **more)
        assert refused.value.param == param


async def test_a_voice_speaks_its_own_language_or_the_one_asked_for() -> None:
    engine = Talker("a")
    async with serving(engine) as (tts, _):
        await spoken(tts, "Bonjour", "jeanne")
        await spoken(tts, "Hello", "jeanne", language="en")
    assert engine.said_in[-2:] == ["fr-fr", "en"]


async def test_captions_show_the_words_as_they_were_written() -> None:
    async with serving(Talker("a")) as (tts, _):
        text = "**Hello** there"
        async with tts.speech(text, None, 1.0, with_words=True) as speech:
            await whole(speech)
            (word,) = speech.words()
    assert text[word.start : word.end] == word.text


# --- the default voice


async def test_an_engine_that_stands_in_speaks_in_a_voice_of_its_own() -> None:
    first, second = Talker("first"), Talker("second", voices=(ALLOY,))
    first.is_broken = True
    async with serving(first, second, voice="jeanne") as (tts, _):
        assert tts.serving.known is second
        assert await spoken(tts, "Hello")


async def test_a_default_voice_the_chosen_engine_has_not_is_told() -> None:
    first, second = Talker("first"), Talker("second")
    async with serving(first, second, voice="nobody") as (tts, health):
        assert tts.serving.known is second
        reason = health.report()["model"]["failed"]["first"]
        assert reason == "TTS_VOICE: there is no voice 'nobody' in first"


# --- an engine that breaks


async def engine_state(health: Health) -> str:
    """As a probe finds it now."""
    await health.check(health.dependencies["engine"])
    return health.dependencies["engine"].state


async def test_a_phrase_that_fails_leaves_the_server_ready() -> None:
    async with serving(Talker("a")) as (tts, health):
        for _ in range(MAX_FAILURES + 1):
            with pytest.raises(Unavailable) as failed:
                await spoken(tts, "broken")
            assert failed.value.error_code == "engine_failed"
        await health.refresh()
        assert health.ready
        assert await spoken(tts, "Hello")


async def test_an_engine_that_fails_again_and_again_is_not_ready_until_it_speaks() -> None:
    engine = Talker("a")
    async with serving(engine) as (tts, health):
        engine.is_broken = True
        for _ in range(MAX_FAILURES):
            with pytest.raises(Unavailable):
                await spoken(tts, "Hello")
        assert await engine_state(health) == "unready"
        engine.is_broken = False
        assert await engine_state(health) == "ready"


async def test_what_comes_from_memory_does_not_hide_a_broken_engine() -> None:
    engine = Talker("a")
    async with serving(engine) as (tts, health):
        assert await spoken(tts, "Hello")
        engine.is_broken = True
        for _ in range(MAX_FAILURES):
            with pytest.raises(Unavailable):
                await spoken(tts, "Goodbye")
        assert await spoken(tts, "Hello")
        assert await engine_state(health) == "unready"


# --- another model


async def test_a_switch_lets_a_speech_end_on_its_engine_and_forgets_its_phrases() -> None:
    first, second = Talker("first"), Talker("second")
    async with serving(first, second) as (tts, _):
        async with tts.speech("Hello. It goes on.", None, 1.0) as speech:
            assert await speech.take()
            await tts.serving.load("second")
            await until_ready(tts)
            assert await whole(speech) or speech.ended
        assert first.spoken[-2:] == ["Hello.", "It goes on."]
        assert await spoken(tts, "Hello.")
        assert second.spoken[-1] == "Hello."


async def test_a_full_queue_does_not_keep_another_engine_out() -> None:
    first, second = Talker("first"), Talker("second")
    async with (
        serving(first, second, slots=1, queue_limit=0) as (tts, _),
        tts.speech("Hello. It goes on.", None, 1.0) as speech,
    ):
        assert await speech.take()
        assert tts.speaker.full
        await tts.serving.load("second")
        await until_ready(tts)
        assert tts.serving.known is second
        with pytest.raises(RateLimited):
            await spoken(tts, "One more.")


async def test_a_long_text_is_heard_before_all_of_it_is_looked_at() -> None:
    engine = Talker("a")
    sentence = "This is a sentence, and there are many more of the same sort."
    text = f"{sentence} " * 30
    async with serving(engine, cache_bytes=0) as (tts, _):
        with pytest.MonkeyPatch.context() as patch:
            seen: list[int] = []

            def script_of(source: str, *more: Any) -> Script:
                seen.append(len(source))
                return normalise.script_of(source, *more)

            patch.setattr("inference.tts.stretches.script_of", script_of)
            async with tts.speech(text, None, 1.0, with_words=True) as speech:
                assert seen[0] < 300
                assert len(seen) < 3
                sound = await whole(speech)
                words = speech.words()
    assert sum(seen) == len(text)
    assert engine.spoken.count(sentence) == 30
    assert len(sound) / BYTES_PER_S > 15
    assert [text[word.start : word.end] for word in words] == [word.text for word in words]
    assert len({word.start for word in words}) == 30
