"""Wire the text-to-speech server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis.service import create_app
from chassis.settings import SettingsError
from inference.service import model_routes, service_parts
from inference.tts.espeak import Espeak
from inference.tts.routes import root_routes, tts_routes
from inference.tts.service import Tts
from inference.tts.settings import TtsSettings


def build(settings: TtsSettings) -> FastAPI:
    """The app; its engine loads when it starts."""
    metrics, health = service_parts("tts")
    tts = Tts(settings, Espeak(), metrics)
    tts.watched_by(health)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with tts.speaker:
            _check_voice(settings, tts)
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
    app.include_router(model_routes(lambda: [tts.engine.model]))
    app.include_router(root_routes())
    return app


def _check_voice(settings: TtsSettings, tts: Tts) -> None:
    """Only the loaded engine knows its voices, so this setting is checked after it."""
    if tts.engine.find_voice(settings.voice) is None:
        some = ", ".join(voice.id for voice in tts.engine.voices()[:13])
        raise SettingsError([f"{settings.variable('voice')}: no such voice; there are {some} …"])
