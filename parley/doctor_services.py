"""Does every service work: as the backend sees them, and where it is away, as they say."""

import asyncio
import time
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from chassis.advice import Watched
from chassis.coming import Coming
from chassis.health import ProbeFailed
from chassis.http import AsyncClient, HTTPError, pooled_client
from chassis.metrics import Metrics
from chassis.version import VERSION
from parley.doctor_check import FIXES, Check, fine, warning, wrong
from parley.doctor_downloads import Download, download_check
from parley.environment import StackSettings
from parley.services import PYTHON_SERVICES, READY_PATH

PROBE_WITHIN_S = 5.0
PASSES = ("lines_busy", "model_loading")  # by itself
MODEL_SERVERS = ("stt", "llm", "tts")


M = TypeVar("M", bound=BaseModel)


class _Service(BaseModel):
    name: str
    state: str
    latency_ms: float | None = None
    last_error: str | None = None
    code: str | None = None


class _Health(BaseModel):
    version: str
    services: list[_Service]
    downloads: list[Download] = []


class _Model(BaseModel):
    model: str
    state: str
    reason: str | None = None
    serving: str | None = None


class _Ready(BaseModel):
    model: _Model
    coming: Coming | None = None


async def service_checks(stack: StackSettings, key: SecretStr | None) -> list[Check]:
    """`key`: the service key, with which the backend tells reasons."""
    client = pooled_client(metrics=Metrics("parley"), read_timeout_s=PROBE_WITHIN_S)
    async with client:
        backend = await _asked(client, "backend", stack.reach("backend") + READY_PATH)
        health = await _health(client, stack, key)
        others = _as_the_backend_sees(health) if health else await _as_they_say(client, stack)
        ready = await asyncio.gather(*(_ready(client, stack, name) for name in MODEL_SERVERS))
    told = {name: one for name, one in zip(MODEL_SERVERS, ready, strict=True) if one}
    models = [_model(name, one.model) for name, one in told.items()]
    if health:
        coming: list[tuple[str, Coming]] = [(one.service, one) for one in health.downloads]
    else:
        coming = [(name, one.coming) for name, one in told.items() if one.coming]
    return [backend, *others, *models, *(download_check(*one) for one in coming)]


def _as_the_backend_sees(health: _Health) -> list[Check]:
    checks = [_seen(service) for service in health.services]
    if health.version != VERSION:
        said = f"{health.version} runs, {VERSION} is installed"
        checks.append(wrong("version", said, "version_differs"))
    return checks


def _seen(service: _Service) -> Check:
    name = f"{service.name} service"
    if service.state == "ready":
        return fine(name, f"ready, {service.latency_ms or 0:.0f} ms")
    return _amiss(name, service.last_error or service.state, service.code)


def _amiss(name: str, said: str, code: str | None) -> Check:
    """A newer backend may tell a code that is not known here."""
    known = code if code in FIXES else "service_refuses"
    assert known is not None
    return (warning if known in PASSES else wrong)(name, said, known)


async def _as_they_say(client: AsyncClient, stack: StackSettings) -> list[Check]:
    urls = {"sfu": stack.sfu_http_url}
    for name in PYTHON_SERVICES:
        if name != "backend":
            urls[name] = stack.reach(name) + READY_PATH  # type: ignore[arg-type]  # a key of the table
    return list(await asyncio.gather(*(_asked(client, *item) for item in urls.items())))


async def _asked(client: AsyncClient, name: str, url: str) -> Check:
    watched = Watched(name, url, client)
    started = time.perf_counter()
    try:
        async with asyncio.timeout(PROBE_WITHIN_S):
            await watched.probe()
    except (ProbeFailed, HTTPError, TimeoutError) as exc:
        said = str(exc) or type(exc).__name__
        said = said if url in said else f"{url}: {said}"
        return _amiss(f"{name} service", said, watched.code or "service_silent")
    return fine(f"{name} service", f"ready, {(time.perf_counter() - started) * 1000:.0f} ms")


async def _health(
    client: AsyncClient, stack: StackSettings, key: SecretStr | None
) -> _Health | None:
    headers = {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    return await _read(client, f"{stack.reach('backend')}/api/health", _Health, headers)


async def _ready(client: AsyncClient, stack: StackSettings, name: Any) -> _Ready | None:
    """What a model server tells of its models; None where it does not."""
    return await _read(client, stack.reach(name) + READY_PATH, _Ready, {})


def _model(name: str, told: _Model) -> Check:
    if told.serving is not None or told.state == "idle":
        return fine(f"{name} model", told.serving or f"{told.model}, resting")
    said = f"{told.model} is {told.state}" + (f": {told.reason}" if told.reason else "")
    if told.state == "failed":
        return wrong(f"{name} model", said, "model_failed")
    code = "model_unloaded" if told.state == "unloaded" else "model_loading"
    return warning(f"{name} model", said, code)


async def _read(client: AsyncClient, url: str, kind: type[M], headers: dict[str, str]) -> M | None:
    try:
        async with asyncio.timeout(PROBE_WITHIN_S):
            response = await client.get(url, headers=headers)
        return kind.model_validate_json(response.content)
    except (HTTPError, TimeoutError, ValidationError):
        return None
