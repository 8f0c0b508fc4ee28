"""Wire the text-to-speech server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis.service import create_app
from chassis.settings import load_or_exit
from chassis.weights.settings import ModelStoreSettings
from inference.service import audio_model_routes, model_routes, service_parts
from inference.tts.lexicon_routes import lexicon_routes
from inference.tts.routes import root_routes, tts_routes
from inference.tts.service import Tts
from inference.tts.settings import TtsSettings


def build(settings: TtsSettings) -> FastAPI:
    """The app. It answers at once; its model loads meanwhile."""
    metrics, health = service_parts("tts")
    tts = Tts(settings, load_or_exit(ModelStoreSettings), metrics)
    tts.watched_by(health)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with tts.opened():
            yield

    app = create_app(
        "tts",
        metrics=metrics,
        health=health,
        lifespan=lifespan,
        max_body_bytes=settings.max_body_bytes,
    )
    app.state.settings = settings
    app.include_router(tts_routes(tts))
    app.include_router(lexicon_routes(tts.lexicon))
    app.include_router(audio_model_routes(lambda: [tts.serving.known.model]))
    app.include_router(model_routes(tts.serving.model_ids, models=tts.serving))
    app.include_router(root_routes("tts"))
    return app
