"""What calls need around them: an SFU, the fake engines and one worker, as processes."""

import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml

from bench.turns.plan import Found, Plan
from livekit_agent.settings import AgentSettings
from parley.environment import StackSettings
from parley.sfu import find_binary
from tests.processes import LOGS, ROOT, clean_env, free_port, free_ports, wait_ready

FOLDER = LOGS / "bench-turns"
STOP_WITHIN_S = 15.0
READY_WITHIN_S = 60.0
API_KEY = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """Where SFU and engines are."""

    sfu_url: str
    api_secret: str
    engines_url: str

    def told(self) -> dict[str, str]:
        """For a worker's environment."""
        return {
            "LIVEKIT_URL": self.sfu_url,
            "LIVEKIT_API_KEY": API_KEY,
            "LIVEKIT_API_SECRET": self.api_secret,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker that is registered."""

    agent_name: str
    pid: int


@contextmanager
def running_bed() -> Iterator[Bed]:
    """SFU and engines until the block ends. A bench that runs already is waited for."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # else what was started would stay
    with (FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another bench to end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        with _bed() as bed:
            yield bed


@contextmanager
def _bed() -> Iterator[Bed]:
    secret = secrets.token_hex(32)
    port, tcp_port, udp_port, engines_port = free_ports(4)
    config = {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "rtc": {
            "tcp_port": tcp_port,
            "udp_port": udp_port,
            "node_ip": "127.0.0.1",
            "use_external_ip": False,
            "enable_loopback_candidate": True,
            "interfaces": {"includes": ["lo"]},
        },
        "keys": {API_KEY: secret},
        "logging": {"level": "warn"},
    }
    path = FOLDER / "livekit.yaml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(config))
    binary = find_binary(StackSettings())
    assert binary is not None, "livekit-server is not here: run `parley setup`"
    engines = [sys.executable, "-m", "bench.turns.engines", "--port", str(engines_port)]
    with (
        _process("sfu", [str(binary), "--config", str(path)]) as sfu,
        _process("engines", engines) as engine,
    ):
        wait_ready(f"http://127.0.0.1:{port}", sfu)
        wait_ready(f"http://127.0.0.1:{engines_port}/health/ready", engine)
        yield Bed(
            sfu_url=f"ws://127.0.0.1:{port}",
            api_secret=secret,
            engines_url=f"http://127.0.0.1:{engines_port}",
        )


@contextmanager
def parley(bed: Bed) -> Iterator[Worker]:
    """Our worker as it is shipped: only addresses are set."""
    port, sdk_port = free_ports(2)
    engines = f"{bed.engines_url}/v1"
    addresses = {
        "port": str(port),
        "sdk_port": str(sdk_port),
        "data_dir": str(FOLDER / "data"),
        "stt_url": engines,
        "llm_url": engines,
        "tts_url": engines,
        "standby_url": engines,
        "backend_url": f"http://127.0.0.1:{free_port()}",  # nobody is there
    }
    known = {k: v for k, v in addresses.items() if k in AgentSettings.model_fields}
    chosen = {k: v for k, v in os.environ.items() if k.startswith("AGENT_")}
    env = {f"AGENT_{name.upper()}": value for name, value in known.items()} | chosen
    command = [sys.executable, "-m", "livekit_agent", "start"]
    with _process("parley", command, env | bed.told()) as process:
        wait_ready(f"http://127.0.0.1:{port}/health/ready", process)
        yield Worker(agent_name="parley", pid=process.pid)


@contextmanager
def quickstart(bed: Bed, turn_detection: str = "") -> Iterator[Worker]:
    """The stock agent; an empty `turn_detection` is its default."""
    name = f"quickstart-{turn_detection}" if turn_detection else "quickstart"
    env = {
        "BENCH_ENGINES_URL": f"{bed.engines_url}/v1",
        "BENCH_TURN_DETECTION": turn_detection,
        "BENCH_SDK_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "bench.turns.quickstart", "start"]
    with _process(name, command, env | bed.told()) as process:
        _wait_logged(FOLDER / f"{name}.log", "registered worker", process)
        yield Worker(agent_name="quickstart", pid=process.pid)


def hold_calls(plan: Plan) -> Found:
    """Run the callers in a process of their own. Raises where they crashed."""

    log = FOLDER / "calls.log"
    with log.open("wb") as errors:
        done = subprocess.run(
            [sys.executable, "-m", "bench.turns.calls"],
            input=json.dumps(asdict(plan)).encode(),
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"the callers failed: {log.read_text()[-2000:]}")
    return Found.from_json(done.stdout.decode().splitlines()[-1])


@contextmanager
def _process(
    name: str, command: list[str], env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs until the block ends; its output is in FOLDER."""
    environment = clean_env({"PYTHONPATH": str(ROOT), **(env or {})})
    with (FOLDER / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=FOLDER)
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_logged(path: Path, words: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while words not in path.read_text():
        assert process.poll() is None, f"it ended: {path}"
        assert time.monotonic() < deadline, f"no {words!r} in {path}"
        time.sleep(0.1)


def ledger(bed: Bed) -> dict[str, Any]:
    """What the engines were asked so far."""
    told: dict[str, Any] = httpx2.get(
        f"{bed.engines_url}/control/ledger", trust_env=False, timeout=10
    ).json()
    return told
