"""`/v1/models` of the whole: what each of the three servers lists, in one list."""

import asyncio
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from backend.gateway.admission import Admission, Caller
from backend.gateway.relay import own_headers
from backend.gateway.schema import Service
from backend.gateway.upstream import BadGateway, Upstreams
from chassis.errors import NotFound, ParleyError, Unavailable

WITHIN_S = 3.0
MAX_BYTES = 4_000_000
SERVICES: tuple[Service, ...] = ("stt", "llm", "tts")


class _Listed(BaseModel):
    """A server's list; what else it tells of a model is passed on."""

    data: list[dict[str, Any]]


class Models:
    """The ASGI app of `/v1/models`, and of one of them below it."""

    def __init__(self, upstreams: Upstreams, admission: Admission) -> None:
        self._upstreams = upstreams
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = await self._admission.caller(scope)
        services = [s for s in SERVICES if self._admission.may_use(caller, s)]
        await self._admission.admit(caller, services[0])
        models = await self._merged(scope, caller, services)
        wanted = scope["path_params"].get("model")
        if wanted is None:
            answer: dict[str, Any] = {"object": "list", "data": models}
        else:
            answer = _one_of(models, wanted)
        await JSONResponse(answer)(scope, receive, send)

    async def _merged(
        self, scope: Scope, caller: Caller, services: list[Service]
    ) -> list[dict[str, Any]]:
        """A server that is away is left out. Raises what is wrong with the first one if all are."""
        own = own_headers(scope, caller)
        asked = [self._listed(service, scope, own) for service in services]
        found = await asyncio.gather(*asked, return_exceptions=True)
        lists = [one for one in found if isinstance(one, list)]
        for one in found:
            if isinstance(one, BaseException) and not (isinstance(one, ParleyError) and lists):
                raise one
        by_id = {model.get("id"): model for models in lists for model in models}
        return list(by_id.values())

    async def _listed(
        self, service: Service, scope: Scope, own: dict[str, str]
    ) -> list[dict[str, Any]]:
        body = b""
        try:
            async with asyncio.timeout(WITHIN_S):
                answer = await self._upstreams.send(
                    service, "GET", "/v1/models", scope["headers"], own=own
                )
                try:
                    while chunk := await answer.read():
                        body += chunk
                        if len(body) > MAX_BYTES:
                            raise BadGateway(f"{service} lists too much")
                finally:
                    answer.close()
        except TimeoutError as exc:
            raise Unavailable(f"{service} does not answer", code=f"{service}_silent") from exc
        try:
            return _Listed.model_validate_json(body).data
        except ValidationError as exc:
            raise BadGateway(f"{service} does not list its models") from exc


def _one_of(models: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
    for model in models:
        if model.get("id") == wanted:
            return model
    raise NotFound(
        f"there is no model {wanted[:100]!r} here: GET /v1/models lists what there is",
        param="model",
        code="model_not_found",
    )
