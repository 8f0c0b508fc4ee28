"""The text-to-speech parts of a process: engine, speaker, readiness, numbers."""

from chassis.errors import InvalidRequest, ParleyError
from chassis.health import Health, ProbeFailed
from chassis.metrics import Metrics
from inference.service import WarmUp, watch_queue
from inference.tts.engine import Engine, Voice
from inference.tts.measures import Measures
from inference.tts.phrases import phrases
from inference.tts.settings import TtsSettings
from inference.tts.speaker import Speaker

WARM_UP_TEXT = "Ready."


class Tts:
    """Everything that speaks. Opened by `async with tts.speaker`."""

    def __init__(self, settings: TtsSettings, engine: Engine, metrics: Metrics) -> None:
        self.engine = engine
        self.measures = Measures(metrics)
        self.speaker = Speaker(
            engine,
            slots=settings.slots,
            queue_limit=settings.queue_limit,
            measures=self.measures,
        )
        self.warm_up = WarmUp(self._say_something)
        self._default_voice = settings.voice

    def watched_by(self, health: Health) -> None:
        self.warm_up.watched_by(health)
        watch_queue(health, lambda: self.speaker.full)

    def voice(self, asked: str | None) -> Voice:
        """The voice of that id, or the default one. Raises InvalidRequest."""
        found = self.engine.find_voice(asked or self._default_voice)
        if found is None:
            raise InvalidRequest(
                f"there is no voice {asked!r} here: GET /v1/audio/voices lists them",
                param="voice",
                code="voice_not_found",
            )
        return found

    async def _say_something(self) -> None:
        made = 0
        try:
            async with self.speaker.speak(phrases(WARM_UP_TEXT), self.voice(None), 1.0) as speech:
                while chunk := await speech.take():
                    made += len(chunk)
        except ParleyError as exc:
            raise ProbeFailed(exc.message) from exc
        if not made:
            raise ProbeFailed("the engine spoke no sound")
