"""`docker compose up` of a fresh tree: how soon it is whole, and how little of it is open."""

from typing import Any

import pytest

from tests.compose import report
from tests.compose.conftest import HEALTHY
from tests.compose.project import PORTS, Project

HEALTHY_WITHIN_S = 60.0
LOOPBACK = "127.0.0.1"
USER = "10001:10001"


@pytest.fixture(scope="module")
def containers(stack: Project) -> dict[str, dict[str, Any]]:
    return {service: stack.container(service).facts for service in stack.running()}


def test_everything_is_healthy_within_a_minute(stack: Project) -> None:
    assert report.seconds(HEALTHY) <= HEALTHY_WITHIN_S


def test_only_the_promised_ports_are_published_and_on_loopback(
    stack: Project, containers: dict[str, dict[str, Any]]
) -> None:
    promised = {(LOOPBACK, stack.settings[name]) for name in PORTS}
    bound = {
        (binding["HostIp"], binding["HostPort"])
        for facts in containers.values()
        for bindings in facts["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    }
    assert bound == promised


def test_engines_are_on_no_network_that_a_port_could_be_published_on(stack: Project) -> None:
    services = stack.services()
    for name in ("stt", "llm", "tts", "embedded"):
        assert "ports" not in services[name]
        assert "edge" not in services[name]["networks"]


def test_every_container_is_confined(containers: dict[str, dict[str, Any]]) -> None:
    wrong = {
        (service, what)
        for service, facts in containers.items()
        for what, holds in _confinement(facts).items()
        if not holds
    }
    assert wrong == set()


def test_no_container_can_write_to_its_own_programs(stack: Project) -> None:
    code = "open('/opt/parley/written', 'w')"
    for service in ("agent", "backend", "stt", "llm", "tts", "embedded"):
        done = stack.attempt("exec", "-T", service, "python", "-c", code)
        assert "Read-only file system" in done.stderr, f"{service}: {done.stderr}"


def _confinement(facts: dict[str, Any]) -> dict[str, bool]:
    host, config = facts["HostConfig"], facts["Config"]
    return {
        "read-only root": host["ReadonlyRootfs"],
        "no capabilities": host["CapDrop"] == ["ALL"],
        "no new privileges": "no-new-privileges:true" in (host["SecurityOpt"] or []),
        "user": config["User"] == USER,
        "memory limit": host["Memory"] > 0,
        "process limit": (host["PidsLimit"] or 0) > 0,
        "logs are rotated": "max-size" in host["LogConfig"]["Config"],
        "restarted": host["RestartPolicy"]["Name"] == "unless-stopped",
        "init": bool(host["Init"]),
        "health check": bool(config.get("Healthcheck")),
    }
