"""Wire the speech-to-text server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis.service import create_app
from chassis.settings import load_or_exit
from chassis.weights.settings import ModelStoreSettings
from inference.service import audio_model_routes, model_routes, service_parts
from inference.stt.realtime import realtime_routes
from inference.stt.routes import stt_routes
from inference.stt.service import Stt
from inference.stt.settings import SttSettings


def build(settings: SttSettings) -> FastAPI:
    """The app. It answers at once; its model loads meanwhile."""
    metrics, health = service_parts("stt")
    stt = Stt(settings, load_or_exit(ModelStoreSettings), metrics)
    stt.watched_by(health)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with stt.opened():
            yield

    app = create_app(
        "stt",
        metrics=metrics,
        health=health,
        lifespan=lifespan,
        max_body_bytes=settings.max_body_bytes,
    )
    app.state.settings = settings
    app.include_router(stt_routes(stt))
    app.include_router(realtime_routes(stt))
    app.include_router(audio_model_routes(lambda: [stt.serving.known.model]))
    app.include_router(model_routes(stt.serving.model_ids, models=stt.serving))
    return app
