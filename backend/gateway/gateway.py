"""The gateway, wired: its keys, quotas and counts, its upstreams, and the routes of `/v1`."""

from contextlib import AsyncExitStack
from typing import Self

from fastapi import FastAPI
from starlette.routing import Route, WebSocketRoute

from backend.accounts.sign_in import SignIn
from backend.data.db import Database
from backend.gateway.admission import Admission
from backend.gateway.keychain import Keychain
from backend.gateway.models import Models
from backend.gateway.quotas import Quotas
from backend.gateway.realtime import PATH, Realtime
from backend.gateway.relay import Relay
from backend.gateway.routes import key_routes
from backend.gateway.upstream import TARGETS, Upstreams
from backend.gateway.usage import Ledger
from backend.settings import BackendSettings
from chassis.metrics import Metrics


class Gateway:
    """Enter it for the service's life, once the database is there."""

    def __init__(
        self, settings: BackendSettings, database: Database, sign_in: SignIn, metrics: Metrics
    ) -> None:
        self._database = database
        self._sign_in = sign_in
        self._keychain = Keychain(database)
        self._ledger = Ledger(database)
        quotas = Quotas(settings.limits_url, database)
        self._admission = Admission(sign_in, self._keychain, quotas, self._ledger)
        self._upstreams = Upstreams(
            {"stt": settings.stt_url, "llm": settings.llm_url, "tts": settings.tts_url},
            {
                "stt": settings.stt_api_key,
                "llm": settings.llm_api_key,
                "tts": settings.tts_api_key,
            },
            metrics,
        )
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for part in (self._ledger, self._keychain, self._upstreams):
            await self._open.enter_async_context(part)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def add_routes(self, app: FastAPI) -> None:
        """`/v1` as plain ASGI: no model validates there what another server will."""
        app.include_router(key_routes(self._database, self._sign_in, self._keychain, self._ledger))
        relays = [(target, Relay(target, self._upstreams, self._admission)) for target in TARGETS]
        models = Models(self._upstreams, self._admission)
        realtime = Realtime(self._upstreams, self._admission)
        # First: each route that is looked at before costs every request a little.
        app.router.routes[:0] = [
            *(Route(target.path, relay, methods=[target.method]) for target, relay in relays),
            Route("/v1/models", models, methods=["GET"]),
            Route("/v1/models/{model:path}", models, methods=["GET"]),
            WebSocketRoute(PATH, realtime),
        ]
