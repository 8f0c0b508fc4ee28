"""The speech-to-text parts of a process: models, queues, decoders of files, readiness, numbers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from chassis.health import Health
from chassis.metrics import Metrics
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from inference.audio import FULL_SCALE, RATE_HZ, Pcm
from inference.service import watch_queue
from inference.serving import Serving
from inference.slots import seen_through
from inference.sound_files import SoundFiles
from inference.stt.choice import Chooser
from inference.stt.decoding import Decoding
from inference.stt.engine import Engine, Options
from inference.stt.lanes import LIVE_FILES, Lanes
from inference.stt.measures import Measures
from inference.stt.models import language_asked
from inference.stt.settings import SttSettings

WARM_UP_CLIENT = "warm-up"


class Stt:
    """Everything that hears. `async with stt.opened()`."""

    def __init__(
        self, settings: SttSettings, store_settings: ModelStoreSettings, metrics: Metrics
    ) -> None:
        self.settings = settings
        self.measures = Measures(metrics)
        self.lanes = Lanes(settings, metrics)
        self.sound_files = SoundFiles(
            settings.max_files + LIVE_FILES, queue_s=settings.queue_wait_s
        )
        store = ModelStore(store_settings)
        metrics.watch_disk("models", store.root)
        self.serving: Serving[Engine] = Serving(
            settings,
            Chooser(settings, store, self.measures.stepped),
            store=store,
            warm=warmed,
            infer=self._hear_something,
            on_ready=lambda engine: self.lanes.fit(engine.concurrency),
            metrics=metrics,
        )
        self.lifecycle = self.serving.lifecycle
        self.memory = self.serving.memory
        self.warm_up = self.serving.warm_up

    def watched_by(self, health: Health) -> None:
        self.serving.watched_by(health)
        watch_queue(health, lambda: self.lanes.full)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self.sound_files, self.serving.opened():
            try:
                yield
            finally:
                self.lanes.close()

    @property
    def known(self) -> Engine:
        """The engine that serves, or served last. Raises Unavailable before the first."""
        return self.serving.known

    async def _hear_something(self, engine: Engine) -> None:
        """A live utterance of a second of buzz, all the way through the engine."""
        decoding = Decoding(
            self.lanes,
            self.measures,
            client=WARM_UP_CLIENT,
            on_interim=lambda _hypothesis: None,
        )
        decoding.push(_buzz(1.0))
        decoding.finish()
        await decoding.run(engine, _plain(engine))


async def warmed(engine: Engine) -> None:
    """The first inference of an engine that nobody queues for yet."""
    # Cancelled, it is over before the engine is left: its thread uses it.
    await seen_through(asyncio.ensure_future(asyncio.to_thread(_warm_up, engine)))


def _warm_up(engine: Engine) -> None:
    stream = engine.open_stream(_plain(engine))
    try:
        stream.push(_buzz(1.0))
        stream.finish()
    finally:
        stream.close()


def _plain(engine: Engine) -> Options:
    return Options(language=language_asked(None, engine.abilities))


def _buzz(seconds: float) -> Pcm:
    """A voice-like sound: the harmonics of 120 Hz under a slow swell."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * 120 * n * t) / n for n in range(1, 20))
    return (np.asarray(wave) * np.sin(np.pi * t / seconds) * 0.1 * FULL_SCALE).astype(np.int16)
