"""The three engines of the standby: opened together, told of together, each watched by itself."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from chassis.health import Health, Probe, ProbeFailed
from chassis.metrics import Metrics
from inference.embedded.fixed import llm_settings, store_settings, stt_settings, tts_settings
from inference.embedded.settings import EmbeddedSettings
from inference.llm.service import Llm
from inference.service import WARM_UP_TIMEOUT_S
from inference.serving import Serving
from inference.stt.service import Stt
from inference.tts.service import Tts


class Part(Protocol):
    """One of the model servers' parts of a process."""

    @property
    def serving(self) -> Serving[Any]: ...

    def watched_by(self, health: Health) -> None: ...


class Engines:
    """What hears, thinks and speaks. `async with engines.opened()`."""

    def __init__(self, settings: EmbeddedSettings, metrics: Metrics) -> None:
        store = store_settings()
        self.stt = Stt(stt_settings(settings), store, metrics.part("stt"))
        self.llm = Llm(llm_settings(settings), store, metrics.part("llm"))
        self.tts = Tts(tts_settings(settings), store, metrics.part("tts"))
        self._parts: Mapping[str, Part] = {"stt": self.stt, "llm": self.llm, "tts": self.tts}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self.stt.opened(), self.llm.opened(), self.tts.opened():
            yield

    def watched_by(self, health: Health, metrics: Metrics) -> None:
        """Each engine is a dependency: `stt_engine`, `llm_engine`, `tts_engine`."""
        for name, part in self._parts.items():
            own = Health(name, metrics)
            part.watched_by(own)
            # Fresh: its costly part, an inference, looks itself at how long ago one passed.
            health.watch(f"{name}_engine", _all_pass(own), timeout_s=WARM_UP_TIMEOUT_S, fresh_s=0.0)
        health.describe("models", self._report)

    def model_ids(self) -> list[str]:
        return [id_ for part in self._parts.values() for id_ in part.serving.model_ids()]

    def model_details(self, model: str) -> dict[str, Any]:
        """What one of them is for."""
        kind = next(name for name, part in self._parts.items() if model in part.serving.model_ids())
        told = self.llm.model_details(model) if kind == "llm" else {}
        return {"kind": kind} | told

    def audio_model_ids(self) -> list[str]:
        """What speaks first: clients ask for these to learn whose voices there are."""
        return [*self.tts.serving.model_ids(), *self.stt.serving.model_ids()]

    def _report(self) -> dict[str, Any]:
        return {name: part.serving.lifecycle.report() for name, part in self._parts.items()}


def _all_pass(watched: Health) -> Probe:
    """One probe of everything that a part of the process needs."""

    async def probe() -> None:
        for dependency in watched.dependencies.values():
            try:
                await dependency.probe()
            except ProbeFailed as exc:
                raise ProbeFailed(f"{dependency.name}: {exc}") from exc

    return probe
