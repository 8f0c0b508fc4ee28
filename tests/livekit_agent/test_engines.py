"""The engines of a call."""

from pathlib import Path

import pytest

from chassis.metrics import Metrics
from livekit_agent.endpoints import endpoints_of
from livekit_agent.engines import load_vad, open_engines
from livekit_agent.settings import AgentSettings


@pytest.fixture(autouse=True)
def no_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", ["bundled", "silero"])
def test_either_detector_loads_without_a_download(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("AGENT_VAD", kind)
    assert load_vad(AgentSettings()).capabilities.update_interval < 0.1


def test_each_stage_has_a_main_engine_and_the_standby() -> None:
    settings = AgentSettings(llm_url="http://llm.test/v1/", standby_url="http://spare.test/v1")
    main, standby = endpoints_of(settings, "llm")
    assert (main.name, main.base_url, main.model) == ("main", "http://llm.test/v1", "gpt-4o-mini")
    assert (standby.name, standby.base_url) == ("standby", "http://spare.test/v1")


async def test_engines_that_are_away_keep_no_call_waiting() -> None:
    settings = AgentSettings(
        stt_url="http://127.0.0.1:1/v1",
        llm_url="http://127.0.0.1:1/v1",
        tts_url="http://127.0.0.1:1/v1",
    )
    async with open_engines(settings, lambda _: None, Metrics("agent_call")) as engines:
        assert [stage.current.name for stage in (engines.stt, engines.llm, engines.tts)] == (
            ["main"] * 3
        )
        assert set(engines.chat_models) == {"main", "standby"}
