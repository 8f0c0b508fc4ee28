"""What an operator does about each thing that can be wrong: stable codes, one sentence each.

docs/doctor.md tells their causes; the web app's health page and `parley doctor` print them.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import BaseModel, ValidationError

from chassis.coming import Coming
from chassis.health import ProbeFailed
from chassis.http import AsyncClient, HTTPError, Response

FIXES: Mapping[str, str] = MappingProxyType(
    {
        "service_unreachable": "Start it (`parley up` starts all), and check that the address "
        "in .env is the one it listens on.",
        "service_silent": "It hangs or its machine is overloaded: look at its log and at the "
        "machine's CPU and memory, then restart it.",
        "service_refuses": "Look at its log: it answers, but says that it cannot serve.",
        "model_loading": "Wait: its model is being fetched or loaded; its log says how far it is.",
        "model_failed": "Run `parley models verify`, fetch the model again with `parley models "
        "pull`, and check that it fits the memory.",
        "model_unloaded": "Load the model again: it was unloaded by request.",
        "memory_short": "Free memory on its machine, or choose a smaller model.",
        "download_hub_unreachable": "Check the network and PARLEY_MODELS_URL: it is tried again "
        "by itself and goes on from what came; the embedded engine answers meanwhile.",
        "download_disk_full": "Make room in the models folder, or move PARLEY_MODELS_DIR: it is "
        "tried again by itself; the embedded engine answers meanwhile.",
        "download_checksum_mismatch": "A file came damaged and was deleted; it is tried again by "
        "itself. If that goes on, look at the proxy or mirror in between.",
        "download_hub_refused": "Set PARLEY_MODELS_TOKEN, accept the model's licence on its page, "
        "or check PARLEY_MODELS_URL: its reason says which.",
        "download_not_found": "Check PARLEY_MODELS_URL, or choose another model of `parley models "
        "list`: there is none of that name.",
        "download_store_unusable": "Let the service write to the models folder "
        "(PARLEY_MODELS_DIR).",
        "download_offline": "Nothing to do where that is wanted; else unset PARLEY_OFFLINE, or "
        "place the model in the models folder by hand.",
        "queue_full": "Wait, or give it more slots or a faster machine: more is asked than it can "
        "do.",
        "sfu_unreachable": "Start livekit-server (`parley up` does), and check LIVEKIT_URL.",
        "sfu_refuses": "Look at the log of livekit-server: it takes no rooms now.",
        "agent_not_registered": "Check that LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET "
        "are the same for agent and SFU, then restart the agent.",
        "agent_without_engines": "Start the service that the agent lacks, or the standby: nothing "
        "hears, thinks or speaks for it.",
        "lines_busy": "Wait until a call ends, or raise AGENT_MAX_CALLS or add a worker.",
        "agent_leaving": "Wait: the worker is stopping, and another or its next start takes over.",
        "database_unavailable": "Check that its disk is not full and its file writable, or that "
        "PostgreSQL at BACKEND_DATABASE_URL runs.",
        "database_not_migrated": "Look at the backend's log for the reason, and check that the "
        "user of BACKEND_DATABASE_URL may change tables.",
        "limits_unreachable": "Start the Redis that BACKEND_LIMITS_URL names, or unset it when "
        "there is one backend only.",
        "images_unreachable": "Start the image generator at BACKEND_IMAGES_URL, or unset it.",
    }
)


class _Dependency(BaseModel):
    name: str
    state: str
    required: bool = True
    last_error: str | None = None


class _Report(BaseModel):
    dependencies: list[_Dependency] = []
    coming: Coming | None = None


@dataclass(slots=True)
class Watched:
    """A service that says of itself whether it can serve, a code for what is wrong, and the model
    that is on its way to it."""

    name: str
    url: str
    client: AsyncClient
    seen: Callable[[Response], None] = lambda _: None
    code: str | None = None
    coming: Coming | None = None

    async def probe(self) -> None:
        """For `Health.watch`. Raises ProbeFailed, HTTPError."""
        try:
            response = await self.client.get(self.url)
        except HTTPError:
            self.code, self.coming = unreachable(self.name), None
            raise
        except asyncio.CancelledError:  # its time is up
            self.code, self.coming = "service_silent", None
            raise
        self.seen(response)
        self.coming = _report(response.content).coming
        self.code = code_of_answer(self.name, response.status_code, response.content)
        if self.code is not None:
            raise ProbeFailed(why_of_answer(self.url, response.status_code, response.content))


def unreachable(name: str) -> str:
    """The code of a service that nothing answers for."""
    return "sfu_unreachable" if name == "sfu" else "service_unreachable"


def code_of_answer(name: str, status: int, body: bytes) -> str | None:
    """What a service's answer about its readiness means; None: it is ready."""
    if status == 200:
        return None
    if name == "sfu":
        return "sfu_refuses"
    lacking = {d.name: d.last_error or "" for d in _report(body).dependencies if _lacks(d)}
    if name == "agent":
        return _code_of_agent(lacking)
    return _code_of_model_server(lacking)


def why_of_answer(url: str, status: int, body: bytes) -> str:
    """In words, by the service's own report."""
    lacking = [d for d in _report(body).dependencies if _lacks(d)]
    said = "; ".join(f"{d.name}: {d.last_error or d.state}" for d in lacking)
    return f"{url} answered {status}: {said or body[:200].decode(errors='replace')}"


def _lacks(dependency: _Dependency) -> bool:
    return dependency.required and dependency.state != "ready"


def _report(body: bytes) -> _Report:
    try:
        return _Report.model_validate_json(body)
    except ValidationError:  # the SFU answers in plain text
        return _Report()


def _code_of_agent(lacking: Mapping[str, str]) -> str:
    if "sfu" in lacking:
        return "agent_not_registered"
    if {"stt", "llm", "tts"} & lacking.keys():
        return "agent_without_engines"
    if "lines" in lacking:
        return "agent_leaving" if "leaving" in lacking["lines"] else "lines_busy"
    return "service_refuses"


def _code_of_model_server(lacking: Mapping[str, str]) -> str:
    said = " ".join(lacking.values())
    if "queue" in lacking:
        return "queue_full"
    if "memory" in lacking:
        return "memory_short"
    for words, code in _PHASES:
        if words in said:
            return code
    return "service_refuses"


_PHASES: tuple[tuple[str, str], ...] = (
    (" is failed", "model_failed"),
    (" is unloaded", "model_unloaded"),
    (" is waiting", "model_loading"),
    (" is downloading", "model_loading"),
    (" is loading", "model_loading"),
    (" is warming", "model_loading"),
    (" is absent", "model_loading"),
)
