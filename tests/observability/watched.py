"""A stack that is watched: a call was made in it, and a Prometheus looks at all of it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml

from parley.caller import Caller, CallRecord
from tests.observability import asked
from tests.processes import LOGS, ROOT, free_port, until, wait_ready
from tests.speech import RATE_HZ, speak
from tests.stack import PORT_OF, Stack

NAME = "watched"
PASSWORD = "a-password-of-thirty-two-characters"
SFU_USER = "prometheus"
SERVICES = ("backend", "agent", "stt", "llm", "tts", "embedded")
ANSWER_WITHIN_S = 30.0
ASKED_AT_MOST = 3
FRESH_S = "1s"  # between two looks, and two evaluations


def sfu_settings(metrics_port: int) -> dict[str, str]:
    """The SFU's configuration as `parley boot` writes it, with its numbers."""
    numbers = {"port": metrics_port, "username": SFU_USER, "password": PASSWORD}
    sfu = (ROOT / "livekit.yaml").read_text() + f"\nprometheus: {json.dumps(numbers)}\n"
    return {"LIVEKIT_CONFIG": sfu}


async def talk(stack: Stack) -> None:
    """One call: speaks over the greeting, is answered, loses the LLM and goes on."""
    async with Caller(stack.url) as caller:
        await caller.until(lambda r: r.first_loud_after(0), ANSWER_WITHIN_S, "the greeting")
        for _ in range(ASKED_AT_MOST):  # what is said over the greeting may be misheard
            await caller.say(speak("what time is it"), RATE_HZ)
            with contextlib.suppress(AssertionError):
                await caller.until(was_timed, ANSWER_WITHIN_S, "a turn from speech to sound")
                break
        assert was_timed(caller.record), caller.summary()
        for pid in stack.pids("llm"):
            os.kill(pid, signal.SIGKILL)
        await caller.type("What is two plus two?")
        await caller.until(fell_back, ANSWER_WITHIN_S, "the standby")


def was_timed(record: CallRecord) -> bool:
    """Whether the agent told of a turn with all its stages."""
    return any(e["type"] == "turn" and e["first_sound_at_s"] is not None for e in record.events)


def fell_back(record: CallRecord) -> bool:
    return any(e["type"] == "status" and e["state"] == "fallback" for e in record.events)


def be_refused(stack: Stack) -> None:
    """Ask for a call in a way that is counted as turned away."""
    asking = {"room_name": "mine"}
    answer = httpx2.post(f"{stack.url}/api/token", json=asking, trust_env=False)
    assert answer.status_code == 400, answer.text


def expositions(stack: Stack, sfu_port: int) -> dict[str, str]:
    """What each service says at `/metrics`."""
    urls = {name: f"http://127.0.0.1:{stack.ports[PORT_OF[name]]}" for name in SERVICES}
    told = {n: httpx2.get(f"{url}/metrics", trust_env=False).text for n, url in urls.items()}
    sfu = httpx2.get(
        f"http://127.0.0.1:{sfu_port}/metrics", auth=(SFU_USER, PASSWORD), trust_env=False
    )
    return told | {"livekit": sfu.text}


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs."""

    url: str

    def get(self, path: str, **query: str) -> Any:
        answer = httpx2.get(f"{self.url}/api/v1/{path}", params=query, trust_env=False).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("query", query=expr)["result"]
        return found

    def states(self) -> dict[str, str]:
        """`up`, `down` or `unknown`, by job."""
        targets = self.get("targets", state="active")["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in targets}

    def alert(self, name: str) -> str:
        rules = [r for group in self.get("rules")["groups"] for r in group["rules"]]
        return next(str(rule["state"]) for rule in rules if rule["name"] == name)

    def until(self, holds: Callable[[], bool], within_s: float = 30.0) -> None:
        until(holds, within_s)


@contextmanager
def prometheus(stack: Stack, sfu_port: int, folder: Path) -> Iterator[Prometheus]:
    """With the shipped configuration, at this stack's addresses and quicker."""
    port = free_port()
    (folder / "prometheus.yml").write_text(yaml.safe_dump(_pointed(stack, sfu_port, port, folder)))
    shutil.copytree(asked.RULES, folder / "rules", ignore=shutil.ignore_patterns("tests"))
    with (LOGS / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            wait_ready(f"http://127.0.0.1:{port}/-/ready", process)
            yield Prometheus(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(10)


def _pointed(stack: Stack, sfu_port: int, own_port: int, folder: Path) -> dict[str, Any]:
    told = asked.configuration()
    told["global"] = {"scrape_interval": FRESH_S, "scrape_timeout": FRESH_S} | {
        "evaluation_interval": FRESH_S
    }
    told["alerting"] = {}
    ports = {name: stack.ports[PORT_OF[name]] for name in SERVICES}
    ports |= {"livekit": sfu_port, "prometheus": own_port}
    jobs = [job for job in told["scrape_configs"] if job["job_name"] in ports]
    for job in jobs:
        job.pop("dns_sd_configs", None)
        job.pop("file_sd_configs", None)
        job["static_configs"] = [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}]
        for how, file in (("authorization", "credentials_file"), ("basic_auth", "password_file")):
            if how in job:
                (folder / how).write_text(PASSWORD)
                job[how][file] = str(folder / how)
    told["scrape_configs"] = jobs
    return told
