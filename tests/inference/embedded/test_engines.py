"""The standby's readiness: each engine watched by itself, by real inferences."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chassis.health import Health
from chassis.metrics import Metrics
from inference.embedded.engines import Engines
from inference.embedded.fixed import llm_settings, stt_settings, tts_settings
from inference.embedded.settings import EmbeddedSettings
from inference.llm.assist import AssistEngine
from inference.model_status import EngineFailed, Phase
from inference.service import service_parts
from inference.tts.espeak import Espeak

NAMES = ["stt_engine", "llm_engine", "tts_engine"]


@asynccontextmanager
async def standing_by() -> AsyncIterator[tuple[Engines, Health]]:
    """The engines, loaded; nothing polls."""
    metrics, health = service_parts("embedded")
    engines = Engines(EmbeddedSettings(), metrics)
    engines.watched_by(health, metrics)
    lives = [part.serving.lifecycle for part in (engines.stt, engines.llm, engines.tts)]
    async with engines.opened(), asyncio.timeout(60):
        while any(life.status.phase is not Phase.READY for life in lives):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
        yield engines, health


async def states(health: Health) -> dict[str, str]:
    await asyncio.gather(*(health.check(d) for d in health.dependencies.values()))
    return {d.name: d.state for d in health.dependencies.values()}


async def test_before_they_are_loaded_none_is_ready_and_each_says_so() -> None:
    metrics, health = service_parts("embedded")
    engines = Engines(EmbeddedSettings(), metrics)
    engines.watched_by(health, metrics)
    assert set((await states(health)).values()) == {"unready"}
    assert not health.ready
    assert health.dependencies["stt_engine"].last_error == "model: pocketsphinx-en is absent"


async def test_an_engine_that_fails_is_the_only_one_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> Any:
        raise EngineFailed("the assistant wrote nothing")

    async with standing_by() as (engines, health):
        assert await states(health) == dict.fromkeys(NAMES, "ready")
        monkeypatch.setattr(AssistEngine, "_deltas", broken)
        engines.llm.serving.warm_up.failed()  # as when the last one passed a while ago
        assert await states(health) == dict.fromkeys(NAMES, "ready") | {"llm_engine": "unready"}
        told = health.dependencies["llm_engine"].last_error
        assert told == "engine: the assistant wrote nothing"
        assert not health.ready
        monkeypatch.undo()
        assert await states(health) == dict.fromkeys(NAMES, "ready")


async def test_an_engine_that_hangs_is_the_only_one_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go = threading.Event()

    def hanging(*_: Any) -> None:
        let_go.wait(60)

    async with standing_by() as (engines, health):
        monkeypatch.setattr(Espeak, "synthesize", hanging)
        engines.tts.serving.warm_up.failed()
        health.dependencies["tts_engine"].timeout_s = 0.1
        try:
            assert await states(health) == dict.fromkeys(NAMES, "ready") | {"tts_engine": "unready"}
        finally:
            let_go.set()
        assert "no answer within" in str(health.dependencies["tts_engine"].last_error)


async def test_an_engine_without_room_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async with standing_by() as (engines, health):
        monkeypatch.setattr(type(engines.stt.lanes), "full", True)
        assert await states(health) == dict.fromkeys(NAMES, "ready") | {"stt_engine": "unready"}
        assert health.dependencies["stt_engine"].last_error == "queue: the queue is full"


def test_nothing_of_the_environment_chooses_its_engines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("TTS_VOICE=nobody\nSTT_THREADS=many\n")
    for name, value in {"STT_ENGINE": "whisper", "LLM_MODEL": "other", "TTS_SLOTS": "0"}.items():
        monkeypatch.setenv(name, value)
    asked = EmbeddedSettings()
    assert stt_settings(asked).engine == "pocketsphinx"
    assert llm_settings(asked).model == "assist-standby"
    assert tts_settings(asked).voice == "alloy"
    engines = Engines(asked, Metrics("embedded"))
    assert engines.model_ids() == ["pocketsphinx-en", "assist-standby", "espeak-ng"]
