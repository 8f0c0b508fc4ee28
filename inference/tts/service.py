"""The text-to-speech parts of a process: engine, readiness, numbers."""

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
from inference.tts.choice import Chooser
from inference.tts.engine import Engine, Voice
from inference.tts.measures import Measures
from inference.tts.phrases import Phrase, phrases
from inference.tts.settings import TtsSettings
from inference.tts.speaker import Speaker, Speech

WARM_UP_TEXT = "Ready."


class Tts:
    """Everything that speaks. `async with tts.opened()`."""

    def __init__(
        self, settings: TtsSettings, store_settings: ModelStoreSettings, metrics: Metrics
    ) -> None:
        self.settings = settings
        self.measures = Measures(metrics)
        self.speaker = Speaker(
            slots=settings.slots,
            queue_limit=settings.queue_limit,
            measures=self.measures,
        )
        store = ModelStore(store_settings)
        self.serving: Serving[Engine] = Serving(
            settings,
            Chooser(settings, store),
            store=store,
            warm=self._say_something,
            infer=self._say_something,
            on_ready=lambda engine: None,
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
        self, said: list[Phrase], voice_id: str | None, speed: float
    ) -> AsyncIterator[Speech]:
        """The sound of `said` while the block lasts. Raises InvalidRequest, RateLimited,
        Unavailable."""
        self.serving.memory.check()
        async with self.serving.lifecycle.lease() as engine:
            voice = self.voice(engine, voice_id)
            async with self.speaker.speak(engine, said, voice, speed) as speech:
                yield speech

    def voice(self, engine: Engine, asked: str | None) -> Voice:
        """The voice of that id, or the default one. Raises InvalidRequest."""
        found = engine.find_voice(asked or self.settings.voice)
        if found is None:
            raise InvalidRequest(
                f"there is no voice {asked!r} here: GET /v1/audio/voices lists them",
                param="voice",
                code="voice_not_found",
            )
        return found

    async def _say_something(self, engine: Engine) -> None:
        made = 0
        voice = self.voice(engine, None)
        async with self.speaker.speak(engine, phrases(WARM_UP_TEXT), voice, 1.0) as speech:
            while chunk := await speech.take():
                made += len(chunk)
        if not made:
            raise EngineFailed("the engine spoke no sound")
