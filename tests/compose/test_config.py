"""Every combination of the compose files that people may ask for is understood by compose."""

import itertools

import pytest

from tests.compose.project import Project

PROFILES = ("whisper", "sip", "observability", "postgres", "tls", "search")
OVERLAYS = ("docker-compose.gpu.yml", "docker-compose.private.yml")
FOR_TLS = {
    "PARLEY_DOMAIN": "parley.example",
    "PARLEY_BIND": "0.0.0.0",
    "PARLEY_NODE_IP": "10.0.0.1",
}


@pytest.mark.parametrize("profile", [*PROFILES, "*"])
@pytest.mark.parametrize(
    "overlays", [c for n in range(3) for c in itertools.combinations(OVERLAYS, n)]
)
def test_a_profile_and_overlays_make_a_project(
    project: Project, profile: str, overlays: tuple[str, ...]
) -> None:
    files = [w for name in ("docker-compose.yml", *overlays) for w in ("-f", name)]
    done = project.try_docker("compose", *files, "--profile", profile, "config", "-q")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "a variable is not set and has no default"


def test_every_profile_has_services(project: Project) -> None:
    named = {p for service in project.services().values() for p in service.get("profiles", [])}
    assert set(PROFILES) <= named
