"""The speech-to-text parts of a process: models, queues, decoders of files, readiness, numbers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from chassis.errors import ParleyError
from chassis.health import Health, ProbeFailed
from chassis.metrics import Metrics
from chassis.settings import SettingsError, exit_bad_settings
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore
from inference.audio import FULL_SCALE, RATE_HZ, Pcm
from inference.lifecycle import Lifecycle
from inference.memory import MemoryWatch
from inference.model_status import EngineFailed, Status
from inference.service import WarmUp, watch_queue
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
        self.memory = MemoryWatch(
            max_rss_bytes=settings.max_rss_bytes,
            max_vram_bytes=settings.max_vram_bytes,
            metrics=metrics,
        )
        self.sound_files = SoundFiles(
            settings.max_files + LIVE_FILES, queue_s=settings.queue_wait_s
        )
        store = ModelStore(store_settings)
        self.chooser = Chooser(settings, store, self.measures.stepped)
        try:
            self.choice = self.chooser.choose()
        except SettingsError as exc:
            exit_bad_settings(exc.problems)
        self.lifecycle: Lifecycle[Engine] = Lifecycle(
            self.choice.candidates,
            store=store,
            warm=lambda engine: asyncio.to_thread(_warm_up, engine),
            on_ready=lambda engine: self.lanes.fit(engine.concurrency),
            idle_unload_s=settings.idle_unload_s,
            metrics=metrics,
        )
        self.warm_up = WarmUp(self._probe_engine)

    def watched_by(self, health: Health) -> None:
        health.watch("model", self._probe_model, fresh_s=0.0)
        self.warm_up.watched_by(health)
        watch_queue(health, lambda: self.lanes.full)
        health.watch("memory", self._probe_memory)
        health.describe("model", self._report)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self.sound_files, self.lifecycle.opened():
            try:
                yield
            finally:
                self.lanes.close()

    @property
    def known(self) -> Engine:
        """The engine that serves, or served last. Raises Unavailable before the first."""
        return self.lifecycle.known

    def model_ids(self) -> list[str]:
        """What could be loaded with what is here, and what is; looks at the disk."""
        ids = self.chooser.ids()
        serving = self.lifecycle.report()["serving"]
        return ids if serving is None or serving in ids else [serving, *ids]

    async def load(self, model: str) -> Status:
        """Begin to bring another model. Raises NotFound."""
        candidate = await asyncio.to_thread(self.chooser.candidate, model)
        return self.lifecycle.load(candidate)

    def unload(self, model: str) -> Status:
        """Stop hearing with it, or stop bringing it. Raises NotFound."""
        return self.lifecycle.unload(model)

    def _report(self) -> dict[str, Any]:
        return self.lifecycle.report() | {"choice": self.choice.reasons}

    async def _probe_model(self) -> None:
        # Not left to the engine's probe: that one passes for a while after it passed.
        if not self.lifecycle.can_serve:
            raise ProbeFailed(str(self.lifecycle.status))

    async def _probe_engine(self) -> None:
        if self.lifecycle.is_asleep:
            return  # the next request brings it back
        try:
            async with self.lifecycle.lease(probing=True) as engine:
                await self._hear_something(engine)
        except (ParleyError, EngineFailed) as exc:
            raise ProbeFailed(str(exc)) from exc

    async def _probe_memory(self) -> None:
        if problem := self.memory.problem():
            raise ProbeFailed(problem)

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


def _warm_up(engine: Engine) -> None:
    """The first inference of an engine that nobody queues for yet."""
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
