"""The text-to-speech parts of a process: engine, readiness, numbers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.errors import InvalidRequest
from chassis.health import Health
from chassis.metrics import Metrics
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from inference.model_status import EngineFailed
from inference.service import watch_queue
from inference.serving import Serving
from inference.slots import LIVE, NORMAL
from inference.tts.cache import PhraseCache
from inference.tts.choice import Chooser
from inference.tts.engine import Engine, Voice
from inference.tts.lexicon import Lexicon
from inference.tts.measures import Measures
from inference.tts.phrases import Reading, phrases
from inference.tts.script import Script
from inference.tts.settings import TtsSettings
from inference.tts.speaker import Speaker
from inference.tts.speech import Speech
from inference.tts.stretches import stretches_of

WARM_UP_TEXT = "Ready."
ANY_VOICE = "alloy"  # OpenAI's names are aliases in every engine
MAX_FAILURES = 3


class Tts:
    """Everything that speaks. `async with tts.opened()`."""

    def __init__(
        self, settings: TtsSettings, store_settings: ModelStoreSettings, metrics: Metrics
    ) -> None:
        self.settings = settings
        self.measures = Measures(metrics)
        self.lexicon = Lexicon(settings.lexicon)
        self.cache = PhraseCache(settings.cache_bytes, metrics)
        self.speaker = Speaker(
            slots=settings.slots,
            queue_limit=settings.queue_limit,
            cache=self.cache,
            measures=self.measures,
            on_phrase=self._spoke,
        )
        self._failures = 0  # phrases in a row
        store = ModelStore(store_settings)
        metrics.watch_disk("models", store.root)
        self.serving: Serving[Engine] = Serving(
            settings,
            Chooser(settings, store),
            store=store,
            warm=self._warm,
            infer=self._say_something,
            on_ready=self._begins,
            metrics=metrics,
        )

    def watched_by(self, health: Health) -> None:
        self.serving.watched_by(health)
        watch_queue(health, lambda: self.speaker.full)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self.speaker, self.serving.opened():
            yield

    @asynccontextmanager
    async def speech(
        self,
        text: str,
        voice_id: str | None,
        speed: float,
        *,
        language: str | None = None,
        priority: int = NORMAL,
        with_words: bool = False,
    ) -> AsyncIterator[Speech]:
        """The sound of `text` while the block lasts. `priority`: of inference/slots.py.

        Raises InvalidRequest for `input`, `voice` and `language`; RateLimited, Unavailable.
        """
        self.serving.memory.check()
        async with self.serving.lifecycle.lease() as engine:
            voice = self.voice(engine, voice_id, language)
            reading = Reading([], stretches_of(text, voice.language, self.lexicon))
            await asyncio.to_thread(reading.look_further)
            if not reading:
                raise InvalidRequest("there is nothing in input that can be spoken", param="input")
            async with self.speaker.speak(
                engine, reading, voice, speed, priority=priority, with_words=with_words
            ) as speech:
                yield speech

    def voice(self, engine: Engine, asked: str | None, language: str | None = None) -> Voice:
        """The voice of that id, or the default one, speaking `language`. Raises InvalidRequest."""
        found = engine.find_voice(asked) if asked else self._default_voice(engine)
        if found is None:
            raise InvalidRequest(
                f"there is no voice {asked!r} here: GET /v1/audio/voices lists them",
                param="voice",
                code="voice_not_found",
            )
        if language is None:
            return found
        in_language = engine.in_language(found, language)
        if in_language is None:
            raise InvalidRequest(
                f"the voice {found.id} does not speak {language[:40]!r}",
                param="language",
                code="unsupported_language",
            )
        return in_language

    def _default_voice(self, engine: Engine) -> Voice | None:
        """TTS_VOICE where the engine has it: one that stands in may not."""
        return engine.find_voice(self.settings.voice) or engine.find_voice(ANY_VOICE)

    def _begins(self, _engine: Engine) -> None:
        self._failures = 0
        self.cache.clear()

    async def _warm(self, engine: Engine) -> None:
        """The first inference. Raises EngineFailed, also where TTS_VOICE names nothing it has."""
        choice = self.serving.choice
        is_first_choice = engine.model == (choice.wanted or choice.candidates[0]).model
        if is_first_choice and engine.find_voice(self.settings.voice) is None:
            raise EngineFailed(
                f"TTS_VOICE: there is no voice {self.settings.voice!r} in {engine.model}"
            )
        await self._say_something(engine, is_warm_up=True)

    async def _say_something(self, engine: Engine, *, is_warm_up: bool = False) -> None:
        voice = self.voice(engine, None)
        said = phrases(Script.of(WARM_UP_TEXT))
        made = 0
        async with self.speaker.speak(
            engine, said, voice, 1.0, priority=LIVE, is_cached=False, is_warm_up=is_warm_up
        ) as speech:
            while chunk := await speech.take():
                made += len(chunk)
        if not made:
            raise EngineFailed("the engine spoke no sound")

    def _spoke(self, engine: Engine, passed: bool) -> None:
        """A phrase passed or failed. After some failures in a row, readiness asks the engine."""
        if passed:
            self._failures = 0
            self.serving.warm_up.passed()
            return
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            self.serving.warm_up.failed()
