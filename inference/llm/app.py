"""Wire the chat server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis.service import create_app
from inference.llm.assist import AssistEngine
from inference.llm.routes import llm_routes
from inference.llm.service import Llm
from inference.llm.settings import LlmSettings
from inference.service import model_routes, service_parts


def build(settings: LlmSettings) -> FastAPI:
    """The app; its engine loads with the first readiness probe."""
    metrics, health = service_parts("llm")
    engine = AssistEngine(
        slots=settings.slots,
        queue_limit=settings.queue_limit,
        timezone=settings.timezone,
        metrics=metrics,
    )
    llm = Llm(engine, metrics)
    llm.watched_by(health)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            engine.close()

    app = create_app(
        "llm",
        metrics=metrics,
        health=health,
        lifespan=lifespan,
        max_body_bytes=settings.max_body_bytes,
    )
    app.state.settings = settings
    app.include_router(llm_routes(llm))
    app.include_router(model_routes(lambda: [engine.model]))
    return app
