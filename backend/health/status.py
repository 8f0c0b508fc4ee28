"""What works now, and what to do where it does not: for the web app and `parley doctor`."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, SecretStr

from backend.accounts.sign_in import Principal, SignIn
from backend.health.advice import code_of, fix_of
from backend.health.downloads import Download, ServiceComing, in_order, told
from backend.limits import limits_storage
from backend.settings import BackendSettings
from chassis.advice import Watched
from chassis.health import Dependency, Health, Probe, ProbeFailed
from chassis.http import AsyncClient, Response
from chassis.keys import has_key
from chassis.version import VERSION

READY_PATH = "/health/ready"
IMAGES_EVERY_S = 60.0  # somebody else's server, and seldom asked
SERVER_ERROR = 500
IN_MEMORY = "async+memory://"

ServiceState = Literal["ready", "unready", "unknown"]


class ServiceStatus(BaseModel):
    """One service as the backend last saw it. `code`: what is wrong, a row of docs/doctor.md;
    `last_error` and `fix` are for those who are signed in."""

    name: str
    state: ServiceState
    latency_ms: float | None
    last_error: str | None
    since: datetime
    code: str | None
    fix: str | None
    coming: ServiceComing | None = None  # the model it is to serve with soon, while another does


class Status(BaseModel):
    """`ready`: a call works. `degraded`: it does, but something is missing. `downloads`: models on
    their way, what comes now before what is next."""

    status: Literal["ready", "degraded", "unready"]
    version: str
    services: list[ServiceStatus]
    downloads: list[Download]


class Services:
    """Everything the backend needs or tells of, watched."""

    def __init__(
        self,
        health: Health,
        client: AsyncClient,
        sfu_url: str,
        settings: BackendSettings,
        seen_of_agent: Callable[[Response], None],
    ) -> None:
        """`seen_of_agent` is given every answer of the agent's readiness."""
        self.health = health
        self._watched: dict[str, Watched] = {}
        self._client = client
        # The backend needs the SFU; the rest is listed, so that a page can say what is missing.
        self._watch("sfu", sfu_url, required=True)
        self._watch("stt", settings.stt_url + READY_PATH)
        self._watch("llm", settings.llm_url + READY_PATH)
        self._watch("tts", settings.tts_url + READY_PATH)
        self._watch("embedded", settings.embedded_url + READY_PATH)
        self._watch("agent", settings.agent_url + READY_PATH, seen=seen_of_agent)
        if settings.limits_url.get_secret_value() != IN_MEMORY:
            health.watch("limits", _limits_probe(settings.limits_url), required=False)
        if settings.images_url is not None:
            probe = _images_probe(client, settings.images_url)
            health.watch("images", probe, required=False, interval_s=IMAGES_EVERY_S, fresh_s=60.0)

    def code_of(self, name: str) -> str | None:
        """What is wrong with a service; None while it is ready, or not looked at yet."""
        return code_of(self.health.dependencies[name], self._watched.get(name))

    def report(self, *, in_full: bool) -> Status:
        dependencies = self.health.dependencies.values()
        services = [self._status(each, in_full=in_full) for each in dependencies]
        return Status(
            status=overall(self.health),
            version=VERSION,
            services=services,
            downloads=in_order((each.name, each.coming) for each in services),
        )

    def _watch(
        self,
        name: str,
        url: str,
        *,
        required: bool = False,
        seen: Callable[[Response], None] = lambda _: None,
    ) -> None:
        watched = Watched(name, url, self._client, seen)
        self._watched[name] = watched
        self.health.watch(name, watched.probe, required=required)

    def _status(self, dependency: Dependency, *, in_full: bool) -> ServiceStatus:
        code = self.code_of(dependency.name)
        watched = self._watched.get(dependency.name)
        return ServiceStatus(
            name=dependency.name,
            state=dependency.state,
            latency_ms=dependency.latency_ms,
            last_error=dependency.last_error if in_full else None,
            since=datetime.fromisoformat(dependency.since),
            code=code,
            fix=fix_of(code) if in_full else None,
            coming=told(watched.coming, in_full=in_full) if watched else None,
        )


def status_routes(services: Services, sign_in: SignIn, key: SecretStr | None) -> APIRouter:
    """`key`: the service key, with which `parley doctor` is told as much as a user."""
    router = APIRouter(prefix="/api", tags=["status"])

    @router.get("/health")
    async def status(
        request: Request, who: Annotated[Principal | None, Depends(sign_in.maybe_user)]
    ) -> Status:
        """Every service with its state and latency; signed in, also why and what to do."""
        await services.health.refresh()
        is_doctor = has_key(request.headers.get("authorization"), key)
        return services.report(in_full=who is not None or is_doctor)

    return router


def overall(health: Health) -> Literal["ready", "degraded", "unready"]:
    if all(d.state == "ready" for d in health.dependencies.values()):
        return "ready"
    calls_work = health.ready and health.dependencies["agent"].state == "ready"
    return "degraded" if calls_work else "unready"


def _limits_probe(url: SecretStr) -> Probe:
    storage = limits_storage(url)

    async def probe() -> None:
        if not await storage.check():
            raise ProbeFailed("it does not answer")

    return probe


def _images_probe(client: AsyncClient, url: str) -> Probe:
    async def probe() -> None:
        # Any word of it will do: what it lists, and to whom, is its own affair.
        response = await client.get(f"{url.rstrip('/')}/models")
        if response.status_code >= SERVER_ERROR:
            raise ProbeFailed(f"it answered {response.status_code}")

    return probe
