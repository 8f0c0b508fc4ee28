"""Each service of the stack starts as its settings say."""

import json
import sys
from pathlib import Path

import pytest

from parley.environment import StackSettings
from parley.services import services_of
from parley.sip_services import phone_services


def commands(stack: StackSettings) -> dict[str, tuple[str, ...]]:
    return {service.name: service.command for service in services_of(stack, {}, None)}


def test_all_run_on_the_python_of_the_command() -> None:
    assert {command[0] for command in commands(StackSettings()).values()} == {sys.executable}


@pytest.mark.parametrize("service", ["stt", "llm", "tts"])
def test_a_model_server_runs_in_the_environment_named_for_it(service: str, tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    made = commands(StackSettings.model_validate({f"{service}_python": python}))
    # The link, not what it leads to.
    assert made[service] == (str(python), "-m", f"inference.{service}")
    assert [command[0] for name, command in made.items() if name != service] == [sys.executable] * 5


def test_a_telephone_brings_two_services_that_leave_around_the_sfu(tmp_path: Path) -> None:
    stack = StackSettings.model_validate({"parley_phone": True, "redis_port": 7001})
    secret = "s" * 40
    variables = {"REDIS_PASSWORD": secret, "LIVEKIT_API_SECRET": secret}
    redis, sip = phone_services(stack, variables, tmp_path / "livekit-sip")
    sfu = services_of(stack, variables, tmp_path / "livekit-server")[0]
    assert sip.leaves < sfu.leaves < redis.leaves
    for service in (redis, sip, sfu):
        assert secret not in " ".join(service.command)  # every user reads command lines
    told = json.loads(sip.environment["SIP_CONFIG_BODY"])
    assert told["redis"] == {"address": "127.0.0.1:7001", "password": secret}
    assert f"redis: {json.dumps(told['redis'])}" in sfu.environment["LIVEKIT_CONFIG"]
    assert told["hide_inbound_port"] is False


def test_without_a_telephone_the_sfu_wants_no_redis(tmp_path: Path) -> None:
    sfu = services_of(StackSettings(), {}, tmp_path / "livekit-server")[0]
    assert "redis:" not in sfu.environment["LIVEKIT_CONFIG"]


def test_scanners_of_a_network_are_not_answered(tmp_path: Path) -> None:
    stack = StackSettings.model_validate({"parley_phone": True, "sip_host": "192.0.2.9"})
    _, sip = phone_services(stack, {}, tmp_path / "livekit-sip")
    told = json.loads(sip.environment["SIP_CONFIG_BODY"])
    assert told["hide_inbound_port"] is True
    assert (told["listen_ip"], told["nat_1_to_1_ip"]) == ("0.0.0.0", "192.0.2.9")
