import json
import logging
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import AgentSession, APIConnectionError, APIStatusError
from livekit.agents import ErrorEvent as SessionError
from livekit.agents.llm import LLMError
from livekit.agents.stt import STTError
from livekit.agents.tts import TTSError

from livekit_agent.conversation import _call_ids, turn_handling
from livekit_agent.engines import load_vad
from livekit_agent.events import Event, StatusEvent
from livekit_agent.rescue import Rescue
from livekit_agent.settings import AgentSettings


@pytest.fixture(autouse=True)
def no_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("dev_mode", ["0", "1"])
async def test_turn_rules_stay_local_even_in_the_sdks_dev_mode(
    monkeypatch: pytest.MonkeyPatch, dev_mode: str
) -> None:
    monkeypatch.setenv("LIVEKIT_DEV_MODE", dev_mode)
    monkeypatch.setenv("LIVEKIT_API_KEY", "APIx")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "s" * 32)
    session: AgentSession[None] = AgentSession(turn_handling=turn_handling(AgentSettings()))
    assert session.turn_detection == "vad"
    assert session.options.interruption["mode"] == "vad"


@pytest.mark.parametrize("metadata", ["", "not json", "[]", "5", '{"user_id": "u"}'])
def test_odd_dispatch_metadata_is_no_reason_not_to_answer(metadata: str) -> None:
    assert _call_ids(metadata) == {}


def test_call_ids_are_those_of_the_backend() -> None:
    metadata = json.dumps({"conversation_id": "c1", "channel": "web", "resume": False})
    assert _call_ids(metadata) == {"conversation_id": "c1", "channel": "web"}


class Voice(AgentSession[None]):
    """A session that notes what it is asked to say."""

    def __init__(self) -> None:
        super().__init__(turn_handling=turn_handling(AgentSettings()))
        self.said: list[str] = []

    def say(self, text: Any, **_: Any) -> Any:
        self.said.append(text)


def failure(kind: type[Any], *, recoverable: bool = False) -> SessionError:
    error = kind(
        timestamp=0.0, label="x", error=APIConnectionError("refused"), recoverable=recoverable
    )
    return SessionError(error=error, source=None)


async def test_a_dead_brain_is_admitted_aloud_and_on_screen_once() -> None:
    session, shown = Voice(), list[Event]()
    rescue = Rescue(session, shown.append)
    session.emit("error", failure(LLMError, recoverable=True))
    assert (session.said, shown) == ([], [])
    for _ in range(3):
        session.emit("error", failure(LLMError))
    assert len(session.said) == 1
    rescue.recovered("llm")
    rescue.recovered("llm")
    states = [event.state for event in shown if isinstance(event, StatusEvent)]
    assert states == ["down", "recovered"]


@pytest.mark.parametrize(("kind", "spoken"), [(STTError, True), (TTSError, False)])
async def test_each_stage_fails_in_its_own_way(kind: type[Any], spoken: bool) -> None:
    session, shown = Voice(), list[Event]()
    Rescue(session, shown.append)
    session.emit("error", failure(kind))
    assert bool(session.said) is spoken  # without a voice there is nothing to say it with
    assert len(shown) == 1


async def test_a_failures_log_line_holds_no_key(caplog: pytest.LogCaptureFixture) -> None:
    session = Voice()
    Rescue(session, lambda _: None)
    error = APIStatusError("refused", status_code=401, body={"authorization": "Bearer k-123"})
    with caplog.at_level(logging.INFO):
        session.emit(
            "error",
            SessionError(
                error=STTError(timestamp=0.0, label="x", error=error, recoverable=False),
                source=None,
            ),
        )
    assert "k-123" not in caplog.text


@pytest.mark.parametrize("kind", ["bundled", "silero"])
def test_either_detector_loads_without_a_download(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("AGENT_VAD", kind)
    detector = load_vad(AgentSettings())
    assert detector.capabilities.update_interval < 0.1
