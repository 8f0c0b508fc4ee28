"""The compose files agree with the settings: their variables, and whom a secret reaches."""

import re
from typing import Any

import pytest
import yaml

from backend.settings import BackendSettings
from chassis.compose import COMPOSE_VARIABLES
from chassis.settings import InternalSettings, LiveKitSettings, Settings
from chassis.weights.settings import ModelStoreSettings
from deploy.compose_variables import ROOT, used
from deploy.env_example import SECTIONS, render
from inference.embedded.settings import EmbeddedSettings
from inference.llm.settings import LlmSettings
from inference.stt.settings import SttSettings
from inference.tts.settings import TtsSettings
from livekit_agent.settings import AgentSettings
from parley.boot.vault import MADE

READ_BY: dict[str, tuple[type[Settings], ...]] = {
    "stt": (SttSettings, ModelStoreSettings),
    "whisper": (SttSettings, ModelStoreSettings),
    "llm": (LlmSettings, ModelStoreSettings),
    "tts": (TtsSettings, ModelStoreSettings),
    "embedded": (EmbeddedSettings,),
    "agent": (AgentSettings, LiveKitSettings, InternalSettings),
    "backend": (BackendSettings, LiveKitSettings, InternalSettings, ModelStoreSettings),
}
OURS = {"boot", *READ_BY}


def test_every_variable_of_the_compose_files_is_in_the_example() -> None:
    named = {line.removeprefix("# ").partition("=")[0] for line in render().splitlines()}
    assert used().keys() <= named, "list it in chassis/compose.py"


def test_no_variable_is_told_of_that_no_compose_file_uses() -> None:
    assert COMPOSE_VARIABLES.keys() <= used().keys()


def test_every_volume_of_the_first_boot_is_a_folder_it_may_write_in() -> None:
    mounted = set(re.findall(r":/(volumes/[a-z-]+)", (ROOT / "docker-compose.yml").read_text()))
    made = re.findall(r"volumes/[a-z-]+", (ROOT / "backend" / "Dockerfile").read_text())
    assert mounted <= set(made), "a new volume belongs to root, unless backend/Dockerfile has it"


def services(file: str = "docker-compose.yml") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / file).read_text())["services"]
    return found


def secrets_of(*classes: type[Settings]) -> set[str]:
    """Variables that hold a secret, or a list with some in it."""
    return {
        cls.variable(name)
        for cls in classes
        for name, field in cls.model_fields.items()
        if re.search("SecretStr|McpServer", str(field.annotation))
    }


def test_every_service_that_is_given_the_settings_is_known_here() -> None:
    assert {name for name, one in services().items() if "env_file" in one} == OURS


@pytest.mark.parametrize("service", READ_BY)
def test_a_secret_of_the_settings_file_reaches_nobody_who_needs_none(service: str) -> None:
    theirs = secrets_of(*READ_BY[service]) - MADE.keys()
    every = secrets_of(*SECTIONS.values()) | MADE.keys()
    emptied = {n for n, value in services()[service]["environment"].items() if value == ""}
    assert emptied >= every - theirs, "empty it in docker-compose.yml: x-in-files, x-of-..."
    assert not emptied & theirs, "it could not be set"


def test_the_first_boot_reads_every_secret_it_may_have_to_make() -> None:
    assert services()["boot"]["environment"].keys() >= MADE.keys()


def test_what_the_first_boot_makes_of_changed_settings_is_read_anew() -> None:
    waits = {"condition": "service_completed_successfully", "restart": True}
    for name, one in services().items():
        assert name == "boot" or one["depends_on"]["boot"] == waits, name


@pytest.mark.parametrize("service", ["agent", "stt", "llm", "tts", "embedded"])
def test_the_parley_command_asks_a_service_where_it_listens(service: str) -> None:
    told, own = services()["backend"]["environment"], services()[service]["environment"]
    prefix = service.upper()
    assert told[f"{prefix}_HOST"] == service
    assert told.get(f"{prefix}_PORT") == own[f"{prefix}_PORT"], "else that of .env"


def test_images_built_here_are_not_asked_of_a_registry() -> None:
    for name, one in services().items():
        is_ours = one["image"].startswith("${PARLEY_IMAGES")
        assert is_ours == (name in OURS)
        assert one["pull_policy"] == f"${{PARLEY_PULL:-{'never' if is_ours else 'missing'}}}", name


def test_in_privacy_mode_every_service_is_offline_and_asks_no_resolver() -> None:
    private = services("docker-compose.private.yml")
    assert private.keys() == services().keys() - {"boot"}, "boot has no network"
    assert all(one["dns"] for one in private.values())
    assert {n for n, one in private.items() if "environment" in one} == READ_BY.keys()
    assert all(private[name]["environment"]["PARLEY_OFFLINE"] == "1" for name in READ_BY)


def test_no_page_names_files_or_profiles_that_the_next_command_forgets() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("docker-compose*.yml")]
    told = {(page.name, line) for page in pages for line in page.read_text().splitlines()}
    forgotten = re.compile(r"docker compose (-f|--profile) ")
    assert {one for one in told if forgotten.search(one[1])} == set(), "say it for .env"
    assert {one for one in told if "--wait" in one[1]} == set(), "the first boot ends: a failure"


def test_whisper_runs_in_an_image_that_has_it() -> None:
    whisper, stt = services()["whisper"], services()["stt"]
    target = whisper["build"]["target"]
    locked = (ROOT / "requirements" / f"stt-{target}.txt").read_text()
    assert "faster-whisper==" in locked
    assert whisper["image"].endswith(f"-{target}")
    assert whisper["build"]["dockerfile"] == stt["build"]["dockerfile"]
    assert "whisper:" not in (ROOT / "docker-compose.gpu.yml").read_text()


def test_kokoro_may_load_the_library_it_copies() -> None:
    (own,) = services()["tts"]["tmpfs"]
    assert own.startswith("/tmp:")
    assert own.endswith(",exec"), "phonemizer loads a copy of espeak-ng from its temporary folder"
