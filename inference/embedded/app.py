"""Wire the standby: the routes of all three model servers on one origin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis.service import create_app
from inference.embedded.engines import Engines
from inference.embedded.settings import EmbeddedSettings
from inference.llm.routes import llm_routes
from inference.service import audio_model_routes, model_routes, service_parts
from inference.stt.realtime import realtime_routes
from inference.stt.routes import stt_routes
from inference.tts.routes import root_routes, tts_routes


def build(settings: EmbeddedSettings) -> FastAPI:
    """The app. It answers at once; its engines load meanwhile."""
    metrics, health = service_parts("embedded")
    engines = Engines(settings, metrics)
    engines.watched_by(health, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engines.opened():
            yield

    sound_bytes = engines.stt.settings.max_body_bytes
    app = create_app(
        "embedded",
        metrics=metrics,
        health=health,
        lifespan=lifespan,
        max_body_bytes=engines.llm.settings.max_body_bytes,
        body_bytes_by_path={
            "/v1/audio/transcriptions": sound_bytes,
            "/v1/audio/translations": sound_bytes,
            "/v1/audio/speech": engines.tts.settings.max_body_bytes,
        },
    )
    app.state.settings = settings
    app.include_router(stt_routes(engines.stt))
    app.include_router(realtime_routes(engines.stt))
    app.include_router(llm_routes(engines.llm))
    app.include_router(tts_routes(engines.tts))
    app.include_router(audio_model_routes(engines.audio_model_ids))
    app.include_router(model_routes(engines.model_ids, details=engines.model_details))
    app.include_router(root_routes("embedded"))
    return app
