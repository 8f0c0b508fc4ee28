"""Build and run a service: an app with one error shape, request ids, metrics, health."""

import argparse
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import anyio
import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import InvalidRequest, NotFound, ParleyError, error_response
from chassis.health import Health
from chassis.limits import BodyLimit
from chassis.logs import configure_logs, get_logger
from chassis.metrics import Metrics
from chassis.settings import (
    ServiceSettings,
    Settings,
    SettingsError,
    exit_bad_settings,
    load_or_exit,
)

QUIET_ROUTES = ("/health/live", "/health/ready", "/metrics")
GRACEFUL_STOP_S = 3
DEFAULT_MAX_BODY_BYTES = 1_000_000

log = get_logger(__name__)

S = TypeVar("S", bound=ServiceSettings)
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    service: str,
    *,
    metrics: Metrics,
    health: Health,
    lifespan: Lifespan | None = None,
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    body_bytes_by_path: Mapping[str, int] | None = None,
    may_know_why: Callable[[Request], bool] = lambda _: True,
) -> FastAPI:
    """An app with `/health/live`, `/health/ready`, `/metrics`; `health` polls while it runs.

    `body_bytes_by_path`: the largest body of paths that take other ones than `max_body_bytes`;
    a `*` stands for any one segment. `may_know_why`: whether who asks for `/health/ready` is told
    the last errors too, which name addresses and files.
    """

    @asynccontextmanager
    async def whole_lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Starlette streams through anyio, which imports its parts at first use: without this, the
        # first streamed answer of a process comes 60 ms late.
        async with anyio.create_task_group():
            pass
        try:
            async with (lifespan or _nothing)(app), health:
                yield
        except SettingsError as exc:  # only a loaded engine could tell; `run_service` says it
            app.state.bad_settings = exc.problems
            raise

    # The interactive docs load scripts from a public CDN; the schema itself stays at /openapi.json.
    app = FastAPI(
        title=f"Parley {service}",
        docs_url=None,
        redoc_url=None,
        lifespan=whole_lifespan,
        generate_unique_id_function=lambda route: route.name,  # what generated clients call it
    )
    _add_health_routes(app, metrics, health, may_know_why)
    app.add_exception_handler(ParleyError, _on_parley_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_crash)
    app.add_middleware(BodyLimit, max_bytes=max_body_bytes, by_path=body_bytes_by_path or {})
    app.add_middleware(_Observed, metrics=metrics)
    return app


def run_service(
    service: str,
    settings_class: type[S],
    build: Callable[[S], FastAPI],
    *,
    also: tuple[type[Settings], ...] = (),
) -> None:
    """`python -m <service>`: serve until SIGTERM or SIGINT. `--check` only validates settings.

    `also`: further settings classes that `build` reads, validated before anything starts.
    """
    parser = argparse.ArgumentParser(prog=f"parley {service}")
    parser.add_argument("--check", action="store_true", help="validate the settings and exit")
    check_only = parser.parse_args().check
    settings = load_or_exit(settings_class)
    for other in also:
        load_or_exit(other)
    if check_only:
        return
    configure_logs(service, level=settings.log_level, log_format=settings.log_format)
    listener = _listen(settings)
    app = build(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # a forged X-Forwarded-For would dodge the rate limits
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_STOP_S,
        ws_max_size=1 << 20,
    )
    log.info("service_listening", host=settings.host, port=settings.port)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except SystemExit:  # uvicorn's, after a start that failed
        if problems := getattr(app.state, "bad_settings", None):
            exit_bad_settings(problems)
        raise


@asynccontextmanager
async def _nothing(_: FastAPI) -> AsyncIterator[None]:
    yield


def _listen(settings: ServiceSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as exc:
        print(
            f"cannot listen on {settings.host}:{settings.port} ({exc.strerror}): "
            f"set {settings.variable('port')} to a free port",
            file=sys.stderr,
        )
        raise SystemExit(1) from exc
    return listener


def _add_health_routes(
    app: FastAPI, metrics: Metrics, health: Health, may_know_why: Callable[[Request], bool]
) -> None:
    @app.get("/health/live", tags=["health"])
    async def live() -> dict[str, Any]:
        """This process runs. Looks at no dependency."""
        return {"service": health.service, "alive": True}

    @app.get(
        "/health/ready", tags=["health"], responses={503: {"description": "not ready: the same"}}
    )
    async def ready(request: Request) -> JSONResponse:
        """200 when a request would succeed now, else 503; every dependency with its state."""
        await health.refresh()
        report = health.report()
        if not may_know_why(request):
            for dependency in report["dependencies"]:
                dependency["last_error"] = None
        return JSONResponse(report, 200 if health.ready else 503)

    @app.get("/metrics", tags=["health"], response_class=PlainTextResponse)
    async def exposition() -> Response:
        """Prometheus exposition."""
        return Response(metrics.render(), media_type=metrics.content_type)


class _Observed:
    """Outermost: gives each request an id, measures it, logs one line."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        status = 499  # the client left before an answer began
        started = time.perf_counter()

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-request-id", request_id.encode()))
            await send(message)

        with self.metrics.http_in_flight.track_inprogress():
            try:
                await self.app(scope, receive, watched_send)
            except Exception:  # counted here; `_on_crash`, further out, logs and answers it
                status = 500
                raise
            finally:
                self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")  # a template: bounded label values
        method = scope["method"] if scope["method"].isalpha() else "other"
        self.metrics.http_request_seconds.labels(method, route, str(status)).observe(seconds)
        write = log.debug if route in QUIET_ROUTES else log.info
        write("http_request", method=method, route=route, status=status, seconds=round(seconds, 4))


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


async def _on_parley_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ParleyError)
    return error_response(exc, _request_id(request))


async def _on_invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    first = exc.errors()[0]
    where = [str(part) for part in first["loc"][1:]]  # after "body", "query", "path" or "header"
    if first["type"] == "json_invalid":
        error = InvalidRequest("the body is not valid JSON", param="body", code="invalid_json")
    elif first["type"] == "model_attributes_type" and not _says_json(request):
        error = InvalidRequest("send JSON with Content-Type: application/json", param="body")
    else:
        param = ".".join(where) or "body"
        error = InvalidRequest(
            f"{param}: {first['msg']}", param=param, details={"fields": _fields(exc)}
        )
    return error_response(error, _request_id(request))


def _fields(exc: RequestValidationError) -> dict[str, str]:
    """What is wrong with each field, for a form to say it beside the field."""
    return {".".join(map(str, e["loc"][1:])) or "body": e["msg"] for e in exc.errors()}


def _says_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


async def _on_http_exception(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    if exc.status_code == 404:
        return error_response(NotFound("no such path", param="path"), _request_id(request))
    if exc.status_code == 405:
        error = InvalidRequest(
            f"{request.method} is not allowed here", param="method", code="method_not_allowed"
        )
    else:
        error = InvalidRequest(str(exc.detail), param="body")
    response = error_response(error, _request_id(request))
    response.status_code = exc.status_code
    for name, value in (exc.headers or {}).items():
        response.headers[name] = value
    return response


async def _on_crash(request: Request, exc: Exception) -> Response:
    log.error("request_crashed", route=request.url.path, exc_info=exc)
    return error_response(ParleyError("an internal error happened"), _request_id(request))
