"""`parley phone` against a real backend: lines, status, calls, and what goes wrong in one line."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
import yaml

from parley.boot.configs import SIP_HEALTH_PORT
from tests.backend.apps import SERVICE_KEY, app_with, sqlite_url
from tests.backend.phone.sfu import FakeSfu, fake_sfu
from tests.processes import ROOT, free_port

LINE = ("phone", "setup", "--number", "+49 30 123456", "--allow", "203.0.113.7")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def sfu() -> Iterator[FakeSfu]:
    with fake_sfu() as sfu:
        yield sfu


@pytest.fixture
def backend(tmp_path: Path, sfu: FakeSfu, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where `parley phone` looks for it."""
    monkeypatch.chdir(tmp_path)
    port = free_port()
    monkeypatch.setenv("BACKEND_PORT", str(port))
    monkeypatch.setenv("PARLEY_SERVICE_KEY", SERVICE_KEY)
    asgi = app_with(
        tmp_path,
        sfu.url,
        database_url=sqlite_url(tmp_path / "parley.db"),
        sip_url=sfu.url,
        phone_dial_allow=["+4930"],
    )
    server = uvicorn.Server(uvicorn.Config(asgi, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline_s = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline_s, "the backend did not start"
        time.sleep(0.02)  # between two polls of a deadline
    yield
    server.should_exit = True
    sfu.pick_up.set()
    thread.join()


def run(*command: str, **env: str) -> Result:
    """As from a shell: the backend logs in this process."""
    told = subprocess.run(
        [sys.executable, "-m", "parley", *command],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert "Traceback" not in told.stderr
    return Result(exit_code=told.returncode, stdout=told.stdout, stderr=told.stderr)


def status() -> dict[str, object]:
    told: dict[str, object] = json.loads(run("phone", "status", "--json").stdout)
    return told


@pytest.mark.usefixtures("backend")
def test_a_line_is_made_once_and_changed_by_its_number(sfu: FakeSfu) -> None:
    none = run("phone", "status")
    assert (none.exit_code, "no lines" in none.stdout) == (1, True)
    made = run(*LINE)
    assert made.exit_code == 0, made.stderr
    assert "made: +4930123456\nready" in made.stdout
    again = run("phone", "setup", "--number", "+4930123456", PHONE_PIN="842751")
    assert "changed: +4930123456" in again.stdout
    (line,) = json.loads(run("phone", "status", "--json").stdout)["lines"]
    assert (line["has_pin"], line["allowed_addresses"]) == (True, ["203.0.113.7/32"])
    (rule,) = sfu.rules.values()
    assert rule.rule.dispatch_rule_individual.pin == "842751"
    shown = run("phone", "status")
    assert shown.exit_code == 0
    assert re.search(r"\+4930123456\s+ready", shown.stdout)
    assert "842751" not in shown.stdout + again.stdout


@pytest.mark.usefixtures("backend")
def test_a_line_keeps_the_numbers_that_are_not_named() -> None:
    assert run(*LINE, "--number", "+4930123457").exit_code == 0
    changed = run("phone", "setup", "--number", "+49 30 123457", "--number", "+4930123458")
    assert "changed: +4930123456, +4930123457, +4930123458" in changed.stdout


@pytest.mark.usefixtures("backend")
def test_in_its_container_the_key_comes_from_a_file(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "PARLEY_SERVICE_KEY").write_text(SERVICE_KEY)
    told = run(
        *("phone", "status", "--json"),
        PARLEY_SERVICE_KEY="",
        PARLEY_SECRETS_DIR=str(secrets),
        BACKEND_HOST="0.0.0.0",  # as docker-compose.yml has it
    )
    assert json.loads(told.stdout)["sip_reachable"] is True


def test_the_backends_container_finds_livekit_sip() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    address = urlsplit(services["backend"]["environment"]["BACKEND_SIP_URL"])
    assert (address.hostname, address.port) == ("sip", SIP_HEALTH_PORT)
    assert set(services["sip"]["networks"]) & set(services["backend"]["networks"])


@pytest.mark.usefixtures("backend")
def test_what_the_backend_refuses_is_one_line() -> None:
    refused = run("phone", "setup", "--number", "+4930123456")
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "anybody could call in" in refused.stderr
    assert "+ and the country" in run("phone", "setup", "--number", "030").stderr
    assert "--number" in run("phone", "setup").stderr  # no terminal: nothing is asked


@pytest.mark.usefixtures("backend")
def test_without_redis_the_line_waits_and_status_says_so(sfu: FakeSfu) -> None:
    sfu.has_no_redis()
    made = run(*LINE)
    assert made.exit_code == 0
    assert "pending: the voice server has no Redis" in made.stdout
    assert (run("phone", "status").exit_code, status()["redis"]) == (1, False)


@pytest.mark.usefixtures("backend")
def test_a_call_is_answered_or_said_why_not(sfu: FakeSfu) -> None:
    assert run(*LINE, "--outbound", "sip.example.net").exit_code == 0
    sfu.pick_up.set()
    answered = run("phone", "call", "+4930987654")
    assert (answered.exit_code, answered.stdout.splitlines()[-1]) == (0, "answered")
    (live,) = json.loads(run("phone", "calls", "--state", "live", "--json").stdout)
    assert run("phone", "hangup", live["id"]).exit_code == 0
    assert json.loads(run("phone", "calls", "--state", "live", "--json").stdout) == []
    assert live["id"] in run("phone", "calls").stdout
    busy: dict[str, object] = {"code": "resource_exhausted", "meta": {"sip_status_code": "486"}}
    sfu.refuse["SIP/CreateSIPParticipant"] = (429, busy)
    failed = run("phone", "call", "+4930987655")
    assert (failed.exit_code, failed.stderr) == (1, "parley phone call: busy\n")
    assert "may not be called" in run("phone", "call", "+12025550100").stderr


def test_a_backend_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKEND_PORT", str(free_port()))
    monkeypatch.setenv("PARLEY_SERVICE_KEY", SERVICE_KEY)
    away = run("phone", "status")
    assert away.exit_code == 1
    assert "Is `parley up` running?" in away.stderr
    monkeypatch.delenv("PARLEY_SERVICE_KEY")
    assert "PARLEY_SERVICE_KEY is not set" in run("phone", "status").stderr
