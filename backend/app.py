"""Wires the backend: tokens, status, what the agent records, room watcher, web app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial

from fastapi import FastAPI
from starlette.middleware import Middleware

from backend.accounts.entry import Entry
from backend.accounts.gate import Gate
from backend.accounts.routes import account_routes
from backend.accounts.setup import FirstAdmin
from backend.accounts.sign_in import SignIn
from backend.calls.calls import Calls
from backend.conversations import recorded as conversations
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
from backend.rooms.leader import Leader
from backend.rooms.watcher import RoomWatcher
from backend.rooms.webhooks import webhook_routes
from backend.settings import BackendSettings
from backend.web import SecurityHeaders, serve_web_app
from chassis.ended import EndedReason
from chassis.errors import NotFound, Unavailable
from chassis.health import Health
from chassis.http import pooled_client
from chassis.metrics import Metrics
from chassis.service import create_app
from chassis.settings import InternalSettings, LiveKitSettings, load_or_exit

WRITE_EVERY_S = 5.0  # the probe of the database is a write


def build(
    settings: BackendSettings,
    livekit: LiveKitSettings | None = None,
    internal: InternalSettings | None = None,
) -> FastAPI:
    """The backend's app. `livekit` and `internal` are read from the environment unless given."""
    livekit = livekit or load_or_exit(LiveKitSettings)
    internal = internal or load_or_exit(InternalSettings)
    metrics = Metrics("backend")
    health = Health("backend", metrics)
    client = pooled_client(metrics=metrics)
    calls = Calls(settings, livekit, client, metrics, internal.key)
    services = Services(health, client, livekit.http_url, settings, calls.lines.seen)

    database = Database(settings.database_url.get_secret_value())
    KeyRing(settings.encryption_keys).bind(database.engines.readers, database.engines.writers)
    health.watch("database", database.probe, interval_s=WRITE_EVERY_S, fresh_s=WRITE_EVERY_S)
    leader = Leader(database, "rooms")
    watcher = RoomWatcher(
        calls.sfu,
        leader,
        metrics,
        worker_ready_at_s=lambda: _ready_at_s(health),
        on_agent_lost=partial(_end_for_want_of_an_agent, database),
    )

    retention = Retention(database, leader, settings.retention_days)
    search = MemorySearch(database, embeddings_of(settings, client))
    pictures = Pictures()
    first_admin = FirstAdmin(settings, database)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with (
            client,
            database,
            first_admin,
            leader,
            watcher,
            calls.ender,
            retention,
            search,
            pictures,
            gateway,
        ):
            yield

    app = create_app(
        "backend",
        metrics=metrics,
        health=health,
        lifespan=lifespan,
        body_bytes_by_path=PICTURE_BYTES_BY_PATH
        | MEMORIES_BYTES_BY_PATH
        | FILE_BYTES_BY_PATH
        | BODY_BYTES_BY_PATH,
    )
    app.add_middleware(SecurityHeaders, sfu_urls=[livekit.public_url or livekit.url])
    # Innermost: what it refuses is measured, logged and answered with the headers all have.
    app.user_middleware.append(Middleware(Gate, settings=settings, key=internal.key))
    sign_in = SignIn(settings, database)
    gateway = Gateway(settings, database, sign_in, metrics)
    entry = Entry(settings, database, sign_in.sessions)
    gone = calls.ender.user_gone
    forget_user = Forgetting(database, sign_in.sessions, search, gone)
    app.include_router(
        account_routes(
            *(settings, database, sign_in, entry, first_admin),
            on_user_gone=gone,
            forget_user=forget_user,
        )
    )
    app.include_router(
        portability_routes(
            *(database, sign_in, search, pictures),
            is_password=entry.is_password,
            forget_user=forget_user,
        )
    )
    options, generator = Options(settings, client), ImageGenerator(settings, client)
    app.include_router(calls.routes(database, sign_in, services, options))
    app.include_router(conversation_routes(database, sign_in))
    app.include_router(persona_routes(database, sign_in, options, pictures, generator))
    app.include_router(memory_routes(database, sign_in, search))
    may_record = settings.recording == "allowed"
    app.include_router(
        internal_routes(database, search, internal.key, settings.user_name, may_record=may_record)
    )
    app.include_router(webhook_routes(calls.keys.all, watcher.look_early))
    app.include_router(status_routes(services, sign_in, internal.key))
    gateway.add_routes(app)
    serve_web_app(app, settings.web_dir)
    return app


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
