"""A wrong or missing setting stops what it concerns, and is named there."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.compose.project import Project

BAD_SETTINGS = 78  # EX_CONFIG


@pytest.fixture(scope="module")
def apart(built: Project) -> Iterator[Project]:
    """A project of its own, so that nothing of the stack is touched."""
    project = replace(built, name=f"{built.name}-settings")
    yield project
    project.compose("down", "--volumes", "--timeout", "1")


def complaint(project: Project, service: str, **settings: str) -> str:
    """What the service says when it is started with `settings` in its environment."""
    chosen = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
    done = project.attempt("run", "--rm", "--no-deps", *chosen, service)
    assert done.returncode == BAD_SETTINGS, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"LIVEKIT_API_SECRET": "secret"}, "LIVEKIT_API_SECRET is a sample"),
        ({"LIVEKIT_API_KEY": "devkey"}, "LIVEKIT_API_KEY is a sample"),
        ({"PARLEY_SERVICE_KEY": "short"}, "PARLEY_SERVICE_KEY has 5 characters"),
        ({"PARLEY_BIND": "0.0.0.0"}, "BACKEND_AUTH=on"),
        ({"PARLEY_BIND": "everywhere"}, "PARLEY_BIND"),
        ({"PARLEY_BIND": "0.0.0.0", "BACKEND_AUTH": "on"}, "PARLEY_NODE_IP"),
        ({"LIVEKIT_PORT": "many"}, "LIVEKIT_PORT"),
        ({"COMPOSE_PROFILES": "tls"}, "PARLEY_DOMAIN"),
    ],
)
def test_the_first_boot_names_it(apart: Project, settings: dict[str, str], named: str) -> None:
    assert named in complaint(apart, "boot", **settings)


@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        ("agent", "AGENT_MAX_CALLS", "many"),
        ("backend", "BACKEND_AUTH", "perhaps"),
        ("stt", "STT_PORT", "eighty"),
        ("llm", "LLM_ENGINE", "the best"),
        ("tts", "TTS_API_KEY", "short"),
        ("embedded", "EMBEDDED_PORT", "0.5"),
    ],
)
def test_a_service_names_a_wrong_one(apart: Project, service: str, name: str, value: str) -> None:
    assert name in complaint(apart, service, **{name: value})


@pytest.mark.parametrize(
    ("service", "name"),
    [("agent", "LIVEKIT_API_KEY"), ("agent", "LIVEKIT_API_SECRET"), ("backend", "LIVEKIT_API_KEY")],
)
def test_a_service_names_a_missing_one(apart: Project, service: str, name: str) -> None:
    an_empty_folder = "/tmp"
    assert name in complaint(apart, service, PARLEY_SECRETS_DIR=an_empty_folder)


def test_secrets_that_cannot_be_read_are_named(apart: Project) -> None:
    assert "PARLEY_SECRETS_DIR" in complaint(apart, "agent", PARLEY_SECRETS_DIR="/nowhere")
