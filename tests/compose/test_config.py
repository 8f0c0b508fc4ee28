"""Every combination of the compose files that people may ask for is understood by compose."""

import itertools

import pytest

from tests.compose.project import Project

PROFILES = ("whisper", "sip", "observability", "postgres", "tls", "search")
OVERLAYS = ("docker-compose.gpu.yml", "docker-compose.private.yml", "docker-compose.turn.yml")
COMBINED = [c for n in range(1, 4) for c in itertools.combinations(OVERLAYS, n)]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_makes_a_project(project: Project, profile: str) -> None:
    is_understood(project, profile)


@pytest.mark.parametrize("overlays", COMBINED)
def test_overlays_make_a_project(project: Project, overlays: tuple[str, ...]) -> None:
    is_understood(project, "*", *overlays)


def test_every_overlay_is_known_here(project: Project) -> None:
    shipped = {path.name for path in project.tree.glob("docker-compose.*.yml")}
    assert shipped == set(OVERLAYS)


def is_understood(project: Project, profile: str, *overlays: str) -> None:
    files = [w for name in ("docker-compose.yml", *overlays) for w in ("-f", name)]
    done = project.try_docker("compose", *files, "--profile", profile, "config", "-q")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "a variable is not set and has no default"


def test_every_profile_has_services(project: Project) -> None:
    named = {p for service in project.services().values() for p in service.get("profiles", [])}
    assert set(PROFILES) <= named
