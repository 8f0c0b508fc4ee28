"""What works now: the state of every service, gathered for the web app and `parley doctor`."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from chassis.health import Dependency, Health, ready_probe
from chassis.http import AsyncClient

ServiceState = Literal["ready", "unready", "unknown"]


class ServiceStatus(BaseModel):
    """One service as the backend last saw it."""

    name: str
    state: ServiceState
    latency_ms: float | None
    last_error: str | None
    since: datetime


class Status(BaseModel):
    """`ready`: a call works. `degraded`: it does, but something is missing."""

    status: Literal["ready", "degraded", "unready"]
    services: list[ServiceStatus]


def watch_services(
    health: Health, client: AsyncClient, sfu_url: str, services: dict[str, str]
) -> None:
    """The backend needs the SFU; the rest is listed, so that a page can say what is missing."""
    health.watch("sfu", ready_probe(client, sfu_url))  # 406 when it cannot take rooms
    for name, url in services.items():
        health.watch(name, ready_probe(client, f"{url}/health/ready"), required=False)


def status_routes(health: Health) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["status"])

    @router.get("/health")
    async def status() -> Status:
        """Every service with its state, latency and last error."""
        await health.refresh()
        services = [_service_status(d) for d in health.dependencies.values()]
        return Status(status=_overall(health), services=services)

    return router


def _overall(health: Health) -> Literal["ready", "degraded", "unready"]:
    if all(d.state == "ready" for d in health.dependencies.values()):
        return "ready"
    calls_work = health.ready and health.dependencies["agent"].state == "ready"
    return "degraded" if calls_work else "unready"


def _service_status(dependency: Dependency) -> ServiceStatus:
    report: dict[str, Any] = dependency.report()
    return ServiceStatus.model_validate(report)
