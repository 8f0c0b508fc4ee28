"""What only shows inside the process: clients that stall, engines that fail, settings that lie."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Self

import httpx2
import numpy as np
import pytest
from fastapi import FastAPI
from starlette.types import Message

from chassis.service import create_app
from chassis.weights.settings import ModelStoreSettings
from inference.candidates import Candidate
from inference.model_status import EngineFailed, Phase
from inference.service import service_parts
from inference.serving import Choice
from inference.tts import routes, service
from inference.tts.engine import Engine, Sink, Voice
from inference.tts.service import Tts
from inference.tts.settings import TtsSettings

VOICE = Voice(id="alloy", name="Alloy", language="en-us")
LANGUAGES = ("en-us", "fr-fr")


class ScriptedEngine:
    """Speaks until told to stop; breaks at `break`; says nothing at `mute`."""

    model = "scripted"
    concurrency = 1
    is_incremental = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def voices(self) -> Sequence[Voice]:
        return [VOICE]

    def find_voice(self, voice_id: str) -> Voice | None:
        return VOICE if voice_id == VOICE.id else None

    def in_language(self, voice: Voice, language: str) -> Voice | None:
        return replace(voice, language=language) if language in LANGUAGES else None

    def synthesize(self, phrase: str, voice: Voice, speed: float, sink: Sink) -> None:
        if "break" in phrase:
            raise EngineFailed("as asked")
        pieces = 0 if "mute" in phrase else 10_000_000 if "endless" in phrase else 5
        for _ in range(pieces):
            if not sink.wanted:
                return
            sink.push(np.full(960, 0.3, np.float32))


class OneEngine:
    """A chooser that knows the scripted engine only."""

    def choose(self) -> Choice[Engine]:
        return Choice([self.candidate("scripted")], [])

    def candidate(self, model_id: str) -> Candidate[Engine]:
        return Candidate(model=model_id, build=ScriptedEngine)

    def ids(self) -> list[str]:
        return ["scripted"]


@asynccontextmanager
async def scripted(
    awaited: Phase = Phase.READY, **settings_: Any
) -> AsyncIterator[tuple[FastAPI, Tts]]:
    settings = TtsSettings(**settings_)
    metrics, health = service_parts("tts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "Chooser", lambda *_: OneEngine())
        tts = Tts(settings, ModelStoreSettings(), metrics)
    app = create_app("tts", metrics=metrics, health=health)
    app.state.settings = settings
    app.include_router(routes.tts_routes(tts))
    async with asyncio.timeout(20), tts.opened():
        while tts.serving.lifecycle.status.phase is not awaited:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)
        yield app, tts


async def posted(app: FastAPI, text: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://tts") as client:
        return await client.post("/v1/audio/speech", json={"input": text, "response_format": "pcm"})


async def test_an_engine_that_fails_gives_503_and_serves_the_next_request() -> None:
    async with scripted() as (app, _):
        failed = await posted(app, "break")
        assert failed.status_code == 503
        assert failed.json()["error"]["code"] == "engine_failed"
        assert (await posted(app, "fine")).status_code == 200


async def test_text_the_voice_has_no_sound_for_is_bad_input() -> None:
    async with scripted() as (app, _):
        answer = await posted(app, "mute")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "input"


async def test_a_client_that_stops_reading_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "SEND_WITHIN_S", 0.05)
    body = b'{"input": "endless", "response_format": "pcm"}'
    came = asyncio.Queue[Message]()
    came.put_nowait({"type": "http.request", "body": body, "more_body": False})

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    scope = {
        "type": "http",
        "asgi": {"spec_version": "2.3"},
        "method": "POST",
        "path": "/v1/audio/speech",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    async with scripted() as (app, tts), asyncio.timeout(5):
        await app(scope, came.get, send)
        assert tts.speaker.open == 0


async def test_a_voice_setting_that_does_not_exist_is_told_not_served() -> None:
    async with scripted(Phase.FAILED, voice="nobody") as (app, tts):
        assert "there is no voice" in str(tts.serving.lifecycle.status)
        answer = await posted(app, "fine")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "model_failed"
