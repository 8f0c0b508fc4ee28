"""The stack as a telephone exchange: its lines, its calls on record, and what is left of calls."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
import psutil

from tests.stack import Stack

NUMBER = "+15550100"
CALLER = "+15550199"
LOOPBACK = ["127.0.0.0/8"]
READY_WITHIN_S = 30.0
RECORDED_WITHIN_S = 20.0

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A running stack with PARLEY_PHONE=on."""

    stack: Stack

    @property
    def sip_port(self) -> int:
        return self.stack.ports["SIP_PORT"]

    def add_line(self, **settings: Any) -> Json:
        """A line of these settings, once it is ready."""
        made = self.ask("POST", "/api/phone/lines", settings)
        self.until_ready(made["id"])
        return made

    def until_ready(self, line_id: str, within_s: float = READY_WITHIN_S) -> None:
        def ready() -> bool:
            lines = self.ask("GET", "/api/phone/status")["lines"]
            return {line["id"]: line["state"] for line in lines}.get(line_id) == "ready"

        until(ready, within_s, f"line {line_id} is ready")

    def calls(self, state: str = "") -> list[Json]:
        """The newest first."""
        found = self.ask("GET", f"/api/calls?limit=100{f'&state={state}' if state else ''}")
        return list(found["calls"])

    def last_call(self) -> Json:
        return self.calls()[0]

    def until_ended(self, call_id: str, within_s: float = RECORDED_WITHIN_S) -> Json:
        """The call as it is on record, once it is over."""

        def over() -> Json:
            return next((c for c in self.calls("ended") if c["id"] == call_id), {})

        return until(over, within_s, f"call {call_id} is over")

    def turns(self, call: Json) -> list[Json]:
        """What was said in it."""
        path = f"/api/conversations/{quote(call['conversation_id'])}"
        response = httpx2.get(self.stack.url + path, trust_env=False)
        return list(response.json()["turns"]) if response.status_code == 200 else []

    def until_said(self, call: Json, role: str, part: str, within_s: float = 30.0) -> Json:
        """The turn of `role` that has `part` in it."""

        def said() -> Json:
            for turn in self.turns(call):
                if turn["role"] == role and part.lower() in turn["text"].lower():
                    return turn
            return {}

        def record() -> str:
            told = [f"{turn['role']}: {turn['text']}" for turn in self.turns(call)]
            return f"{role} says {part!r}, but {told}"

        return until(said, within_s, record)

    def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        response = httpx2.request(
            method, self.stack.url + path, json=body, timeout=20, trust_env=False
        )
        assert response.status_code < 300, f"{method} {path}: {response.text}"
        return dict(json.loads(response.content or b"{}"))

    def files_open(self, service: str) -> int:
        """Descriptors of a service's main process."""
        return sum(psutil.Process(pid).num_fds() for pid in self.stack.pids(service))

    def jobs(self) -> int:
        """Calls the worker is in."""
        url = f"http://127.0.0.1:{self.stack.ports['AGENT_PORT']}/health/ready"
        return int(httpx2.get(url, trust_env=False).json()["calls"]["active"])


def until(holds: Callable[[], T], within_s: float, what: str | Callable[[], str]) -> T:
    """The first truth that `holds` tells."""
    deadline = time.monotonic() + within_s
    while True:
        if found := holds():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what() if callable(what) else what}")
        time.sleep(0.1)  # between two polls of a deadline
