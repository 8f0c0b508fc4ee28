"""How the SDK is set."""

from pathlib import Path

import pytest
from livekit.agents import AgentSession

from livekit_agent.persona import Persona, default_persona
from livekit_agent.session_options import INPUT_RATE_HZ, interruption, room_options, turn_handling
from livekit_agent.settings import AgentSettings
from livekit_agent.turn_detector import Heard, TurnDetector


@pytest.fixture(autouse=True)
def no_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def persona(mode: str = "normal", words: int = 0) -> Persona:
    default = default_persona(AgentSettings())
    return Persona(
        **{
            **{name: getattr(default, name) for name in Persona.__slots__},
            "interruption_mode": mode,
            "interruption_words": words,
        }
    )


@pytest.mark.parametrize("dev_mode", ["0", "1"])
async def test_turn_rules_stay_local_even_in_the_sdks_dev_mode(
    monkeypatch: pytest.MonkeyPatch, dev_mode: str
) -> None:
    monkeypatch.setenv("LIVEKIT_DEV_MODE", dev_mode)
    monkeypatch.setenv("LIVEKIT_API_KEY", "APIx")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "s" * 32)
    rules = turn_handling(AgentSettings(), persona(), lambda: Heard("", "en", False), None)
    session: AgentSession[None] = AgentSession(turn_handling=rules)
    assert isinstance(session.turn_detection, TurnDetector)
    assert session.options.interruption["mode"] == "vad"


def test_nothing_is_prepared_where_that_is_switched_off() -> None:
    def prepares(settings: AgentSettings) -> bool:
        rules = turn_handling(settings, persona(), lambda: Heard("", "en", False), None)
        return bool(rules["preemptive_generation"]["enabled"])

    assert prepares(AgentSettings())
    assert not prepares(AgentSettings(preemptive_after_s=0))


@pytest.mark.parametrize(
    ("mode", "words", "options"),
    [
        ("normal", 3, {"enabled": True, "min_words": 0}),
        ("words", 3, {"enabled": True, "min_words": 3}),
        ("off", 3, {"enabled": False, "min_words": 0}),
    ],
)
def test_a_personas_manners_become_options(
    mode: str, words: int, options: dict[str, object]
) -> None:
    assert interruption(persona(mode, words)) == options


def test_the_room_gives_what_vad_and_turn_model_take() -> None:
    options = room_options().get_audio_input_options()
    assert options is not None
    assert options.sample_rate == INPUT_RATE_HZ
    assert room_options().close_on_disconnect is False
