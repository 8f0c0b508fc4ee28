"""Wires the backend: tokens, status, what the agent records, room watcher, web app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.middleware import Middleware

from backend.accounts.address import is_from_here
from backend.accounts.entry import Entry
from backend.accounts.gate import Gate
from backend.accounts.routes import account_routes
from backend.accounts.setup import FirstAdmin
from backend.accounts.sign_in import SignIn
from backend.calls.calls import Calls
from backend.conversations import recorded as conversations
from backend.conversations.abandoned import Abandoned
from backend.conversations.retention import Retention
from backend.conversations.routes import conversation_routes
from backend.data.db import Database
from backend.data.encryption import KeyRing
from backend.data.portability_forget import Forgetting
from backend.data.portability_routes import FILE_BYTES_BY_PATH, portability_routes
from backend.gateway.gateway import Gateway
from backend.gateway.upstream import BODY_BYTES_BY_PATH
from backend.health.status import Services, status_routes
from backend.internal import internal_routes
from backend.internal_schema import End
from backend.memories.embeddings import embeddings_of
from backend.memories.routes import MEMORIES_BYTES_BY_PATH, memory_routes
from backend.memories.search import MemorySearch
from backend.personas.drawn import ImageGenerator
from backend.personas.options import Options
from backend.personas.pictures import Pictures
from backend.personas.routes import PICTURE_BYTES_BY_PATH, persona_routes
from backend.phone.phone import Phone
from backend.rooms.leader import Leader
from backend.rooms.watcher import RoomWatcher
from backend.rooms.webhooks import webhook_routes
from backend.settings import BackendSettings
from backend.web import SecurityHeaders, serve_web_app
from chassis.ended import EndedReason
from chassis.errors import NotFound, Unavailable
from chassis.health import Health
from chassis.http import pooled_client
from chassis.keys import has_key
from chassis.metrics import Metrics
from chassis.service import create_app
from chassis.settings import InternalSettings, LiveKitSettings, load_or_exit

WRITE_EVERY_S = 5.0  # the probe of the database is a write
BODY_BYTES = (
    PICTURE_BYTES_BY_PATH | MEMORIES_BYTES_BY_PATH | FILE_BYTES_BY_PATH | BODY_BYTES_BY_PATH
)


def build(
    settings: BackendSettings,
    livekit: LiveKitSettings | None = None,
    internal: InternalSettings | None = None,
) -> FastAPI:
    """The backend's app. `livekit` and `internal` are read from the environment unless given."""
    livekit = livekit or load_or_exit(LiveKitSettings)
    internal = internal or load_or_exit(InternalSettings)
    parts = _Parts(settings, livekit, internal)
    app = create_app(
        "backend",
        metrics=parts.metrics,
        health=parts.health,
        lifespan=parts.lifespan,
        body_bytes_by_path=BODY_BYTES,
        may_know_why=lambda request: _is_operator(request, settings, internal),
    )
    app.add_middleware(SecurityHeaders, sfu_urls=[livekit.public_url or livekit.url])
    # Innermost: what it refuses is measured, logged and answered with the headers all have.
    app.user_middleware.append(Middleware(Gate, settings=settings, key=internal.key))
    _add_account_routes(app, settings, parts)
    _add_own_routes(app, settings, parts)
    _add_service_routes(app, settings, internal, parts)
    parts.gateway.add_routes(app)
    serve_web_app(app, settings.web_dir)
    return app


class _Parts:
    """What the routes stand on. Nothing is opened before `lifespan`."""

    def __init__(
        self, settings: BackendSettings, livekit: LiveKitSettings, internal: InternalSettings
    ) -> None:
        self.metrics = metrics = Metrics("backend")
        self.health = Health("backend", metrics)
        self.client = client = pooled_client(metrics=metrics)
        self.calls = Calls(settings, livekit, client, metrics, internal.key)
        self.services = Services(
            *(self.health, client, livekit.http_url, settings, self.calls.lines.seen)
        )
        self.database = database = Database(settings.database_url.get_secret_value())
        if database.is_sqlite and database.url.database:
            metrics.watch_disk("data", Path(database.url.database).parent)
        KeyRing(settings.encryption_keys).bind(database.engines.readers, database.engines.writers)
        self.health.watch(
            "database", database.probe, interval_s=WRITE_EVERY_S, fresh_s=WRITE_EVERY_S
        )
        self.leader = Leader(database, "rooms")
        self.watcher = RoomWatcher(
            *(self.calls.sfu, self.leader, metrics),
            worker_ready_at_s=lambda: _ready_at_s(self.health),
            on_agent_lost=partial(_end_for_want_of_an_agent, database),
        )
        self.phone = Phone(settings, database, self.leader, self.calls.sfu, client, metrics)
        self.retention = Retention(database, self.leader, settings.retention_days)
        self.abandoned = Abandoned(database, self.leader, self.calls.sfu)
        self.search = MemorySearch(database, embeddings_of(settings, client))
        self.options = Options(settings, client)
        self.pictures = Pictures()
        self.first_admin = FirstAdmin(settings, database)
        self.sign_in = SignIn(settings, database)
        self.gateway = Gateway(settings, database, self.sign_in, metrics)

    async def user_gone(self, user_id: str) -> None:
        """Ends the calls of a user who is to be disabled or forgotten, those through their lines
        too."""
        await self.calls.ender.user_gone(user_id)
        await self.phone.end_calls_of(user_id)

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        async with (
            self.client,
            self.database,
            self.first_admin,
            self.leader,
            self.watcher,
            self.calls.ender,
            self.retention,
            self.abandoned,
            self.phone.running(),
            self.search,
            self.pictures,
            self.gateway,
        ):
            yield


def _add_account_routes(app: FastAPI, settings: BackendSettings, parts: _Parts) -> None:
    database, sign_in, search = parts.database, parts.sign_in, parts.search
    entry = Entry(settings, database, sign_in.sessions)
    forget_user = Forgetting(database, sign_in.sessions, search, parts.user_gone)
    app.include_router(
        account_routes(
            *(settings, database, sign_in, entry, parts.first_admin),
            on_user_gone=parts.calls.ender.user_gone,
            on_user_disabled=parts.user_gone,
            forget_user=forget_user,
        )
    )
    app.include_router(
        portability_routes(
            *(database, sign_in, search, parts.pictures),
            is_password=entry.is_password,
            forget_user=forget_user,
        )
    )


def _add_own_routes(app: FastAPI, settings: BackendSettings, parts: _Parts) -> None:
    """Of what users own: calls, conversations, personas, memories."""
    database, sign_in = parts.database, parts.sign_in
    generator = ImageGenerator(settings, parts.client)
    app.include_router(parts.calls.routes(database, sign_in, parts.services, parts.options))
    app.include_router(conversation_routes(database, sign_in))
    app.include_router(persona_routes(database, sign_in, parts.options, parts.pictures, generator))
    app.include_router(memory_routes(database, sign_in, parts.search))


def _add_service_routes(
    app: FastAPI, settings: BackendSettings, internal: InternalSettings, parts: _Parts
) -> None:
    may_record = settings.recording == "allowed"
    app.include_router(
        internal_routes(
            *(parts.database, parts.search, internal.key, settings.user_name),
            may_record=may_record,
            phone=parts.phone.add_internal_routes,
        )
    )
    app.include_router(parts.phone.routes(parts.sign_in, internal.key))
    app.include_router(webhook_routes(parts.calls.keys.all, parts.watcher.look_early))
    app.include_router(status_routes(parts.services, parts.sign_in, internal.key))


def _is_operator(request: Request, settings: BackendSettings, internal: InternalSettings) -> bool:
    if settings.auth == "off" or is_from_here(request):
        return True
    return has_key(request.headers.get("authorization"), internal.key)


def _ready_at_s(health: Health) -> float | None:
    """Since when the agent's worker takes calls."""
    agent = health.dependencies["agent"]
    return datetime.fromisoformat(agent.since).timestamp() if agent.state == "ready" else None


async def _end_for_want_of_an_agent(database: Database, conversation_id: str) -> None:
    """Nobody else is there to write it down; without the database it stays unwritten."""
    ended = End(reason=EndedReason.AGENT_LOST, ended_at=datetime.now(UTC))
    with suppress(Unavailable, NotFound):  # or it was deleted meanwhile
        async with database.writing() as session:
            await conversations.end(session, conversation_id, ended)
