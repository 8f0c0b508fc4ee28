"""Wire the chat server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis.service import create_app
from chassis.settings import load_or_exit
from chassis.weights.settings import ModelStoreSettings
from inference.llm.routes import llm_routes
from inference.llm.service import Llm
from inference.llm.settings import LlmSettings
from inference.service import model_routes, service_parts


def build(settings: LlmSettings) -> FastAPI:
    """The app. It answers at once; its model loads meanwhile."""
    metrics, health = service_parts("llm")
    llm = Llm(settings, load_or_exit(ModelStoreSettings), metrics)
    llm.watched_by(health)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with llm.opened():
            yield

    app = create_app(
        "llm",
        metrics=metrics,
        health=health,
        lifespan=lifespan,
        max_body_bytes=settings.max_body_bytes,
    )
    app.state.settings = settings
    app.include_router(llm_routes(llm))
    app.include_router(
        model_routes(llm.serving.model_ids, models=llm.serving, details=llm.model_details)
    )
    return app
