"""What every model server has: settings, key check, model list, readiness by a real inference."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, ClassVar, Literal, Protocol

from fastapi import APIRouter, Depends, Header, Request
from fastapi import Path as PathParam
from fastapi.security import HTTPBearer
from pydantic import Field

from chassis.errors import InvalidRequest, NotFound, Unauthorized, Unavailable, documented
from chassis.health import Health, ProbeFailed
from chassis.keys import check_bearer
from chassis.metrics import Metrics
from chassis.settings import KeyedSettings
from inference.model_status import Status
from inference.slots import BATCH, LIVE, NORMAL

WARM_UP_EVERY_S = (
    30.0  # half of what readiness promises: an inference passed within the last minute
)
WARM_UP_TIMEOUT_S = 10.0
PRIORITIES = {"live": LIVE, "normal": NORMAL, "batch": BATCH}
MODEL_CREATED_AT = 1_700_000_000  # OpenAI's field; clients only show it


class ModelServerSettings(KeyedSettings):
    """Settings every model server has."""

    slots: int = Field(default=2, ge=1, le=64, description="pieces of model work at once")
    queue_limit: int = Field(default=32, ge=0, description="pieces of model work that may wait")
    max_body_bytes: int = Field(default=26_214_400, ge=1024, description="largest request body")


class SwitchedServerSettings(ModelServerSettings):
    """Settings of servers whose model can be switched, let go and capped."""

    offers_others: ClassVar[bool] = True  # models besides those that its settings choose

    download: Literal["off", "auto"] = Field(
        default="off",
        description="auto: fetch the best model for this machine where none is here, while the "
        "embedded engine answers; off: fetch only what a setting names",
    )
    queue_wait_s: float = Field(
        default=30.0,
        gt=0,
        allow_inf_nan=False,
        description="longest wait for a turn of what nobody listens to live, seconds",
    )
    idle_unload_s: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="let an unused model go after so long, seconds; 0: never",
    )
    max_rss_bytes: int = Field(
        default=0, ge=0, description="refuse new work while the process holds more; 0: no cap"
    )
    max_vram_bytes: int = Field(
        default=0, ge=0, description="refuse new work while the model holds more; 0: no cap"
    )


class Models(Protocol):
    """What a server whose model can be switched offers."""

    async def load(self, model: str) -> Status:
        """Raises NotFound for what cannot be loaded here."""

    def unload(self, model: str) -> Status:
        """Raises NotFound for what is not loaded."""


ModelId = Annotated[str, PathParam(max_length=200)]
PriorityName = Annotated[
    Literal["live", "normal", "batch"],
    Header(alias="x-parley-priority", description="live: somebody waits on the line"),
]
ClientName = Annotated[
    str | None,
    Header(alias="x-parley-client", max_length=200, description="whose turn it is; else the peer"),
]


# Only for OpenAPI to name it: what is no bearer key at all is refused like a wrong one.
BEARER = HTTPBearer(auto_error=False, description="the server's key, where it is set")


async def client_of(request: Request, named: ClientName = None) -> str:
    """Route dependency: who takes turns with others in a queue."""
    return named or (request.client.host if request.client else "")


async def require_key(request: Request, _: Annotated[object, Depends(BEARER)]) -> None:
    """Route dependency: the configured bearer key, if any."""
    check_bearer(request.headers.get("authorization"), request.app.state.settings.api_key)


async def priority_of(asked: PriorityName = "normal") -> int:
    """Route dependency: how urgent the client says its work is, for `Slots`."""
    return PRIORITIES[asked]


def model_routes(
    model_ids: Callable[[], list[str]],
    owner: str = "parley",
    models: Models | None = None,
    details: Callable[[str], dict[str, Any]] | None = None,
) -> APIRouter:
    """`GET /v1/models`; with `models`, loading and unloading them too; `details` of one go into
    its `meta`, beside OpenAI's fields. Both look at the disk."""
    router = APIRouter(
        dependencies=[Depends(require_key)], responses=documented(InvalidRequest, Unauthorized)
    )

    def told(id_: str) -> dict[str, Any]:
        openai = {"id": id_, "object": "model", "created": MODEL_CREATED_AT, "owned_by": owner}
        return openai | ({"meta": details(id_)} if details else {})

    def all_told() -> list[dict[str, Any]]:
        return [told(id_) for id_ in model_ids()]

    @router.get("/v1/models")
    async def listed() -> dict[str, Any]:
        """Models that could answer with what is here."""
        return {"object": "list", "data": await asyncio.to_thread(all_told)}

    @router.get("/v1/models/{model:path}", responses=documented(NotFound))
    async def one(model: ModelId) -> dict[str, Any]:
        """One of them."""
        if model not in await asyncio.to_thread(model_ids):
            raise NotFound(
                f"there is no model {model[:100]!r} here: GET /v1/models lists what there is",
                param="model",
                code="model_not_found",
            )
        return await asyncio.to_thread(told, model)

    if models is not None:
        _add_switch_routes(router, models)
    return router


def audio_model_routes(serving: Callable[[], list[str]]) -> APIRouter:
    """`GET /v1/audio/models`: what hears and speaks now, as other servers of sound tell it."""
    router = APIRouter(
        dependencies=[Depends(require_key)], responses=documented(Unauthorized, Unavailable)
    )

    @router.get("/v1/audio/models")
    async def models() -> dict[str, list[dict[str, str]]]:
        """The model that serves."""
        return {"models": [{"id": id_} for id_ in serving()]}

    return router


def _add_switch_routes(router: APIRouter, models: Models) -> None:
    @router.post("/v1/models/{model:path}/load", status_code=202, responses=documented(NotFound))
    async def load(model: ModelId) -> dict[str, Any]:
        """Begin to fetch and load it; what serves goes on until it is ready. `GET /health/ready`
        tells how far it is."""
        return (await models.load(model)).told()

    @router.delete("/v1/models/{model:path}", responses=documented(NotFound))
    async def unload(model: ModelId) -> dict[str, Any]:
        """Let it go from memory; nothing is heard until another load."""
        return models.unload(model).told()


class WarmUp:
    """Readiness of an engine: a real inference passed lately. Real traffic counts as one."""

    def __init__(self, infer: Callable[[], Awaitable[None]]) -> None:
        self._infer = infer
        self._passed_at_s = float("-inf")
        self._inferring = asyncio.Lock()

    def passed(self) -> None:
        """Call after each successful inference of real traffic."""
        self._passed_at_s = time.monotonic()

    def failed(self) -> None:
        """Call when real traffic failed as if the engine were broken: the next probe asks it."""
        self._passed_at_s = float("-inf")

    async def probe(self) -> None:
        """Infer, unless real work succeeded within WARM_UP_EVERY_S. Raises ProbeFailed."""
        async with self._inferring:  # who asks meanwhile waits for the same answer
            if time.monotonic() - self._passed_at_s < WARM_UP_EVERY_S:
                return
            await self._infer()
            self.passed()

    def watched_by(self, health: Health) -> None:
        health.watch("engine", self.probe, timeout_s=WARM_UP_TIMEOUT_S)


def watch_queue(health: Health, is_full: Callable[[], bool]) -> None:
    """Not ready while the queue refuses work."""

    async def probe() -> None:
        if is_full():
            raise ProbeFailed("the queue is full")

    health.watch("queue", probe)


def service_parts(service: str) -> tuple[Metrics, Health]:
    metrics = Metrics(service)
    return metrics, Health(service, metrics)
