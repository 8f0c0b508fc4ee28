"""What only shows inside the process: clients that stall, engines that fail, settings that lie."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx2
import numpy as np
import pytest
from fastapi import FastAPI
from starlette.types import Message

from chassis.service import create_app
from chassis.settings import EXIT_BAD_SETTINGS
from inference.service import service_parts
from inference.tts import routes
from inference.tts.engine import EngineFailed, Sink, Voice
from inference.tts.service import Tts
from inference.tts.settings import TtsSettings
from tests.processes import LOGS, ROOT, clean_env, free_port

VOICE = Voice(id="alloy", name="Alloy", language="en")


class ScriptedEngine:
    """Speaks until told to stop; breaks at `break`; says nothing at `mute`."""

    model = "scripted"

    def load(self) -> None: ...

    def close(self) -> None: ...

    def voices(self) -> Sequence[Voice]:
        return [VOICE]

    def find_voice(self, voice_id: str) -> Voice | None:
        return VOICE if voice_id == VOICE.id else None

    def synthesize(self, phrase: str, voice: Voice, speed: float, sink: Sink) -> None:
        if "break" in phrase:
            raise EngineFailed("as asked")
        pieces = 0 if "mute" in phrase else 10_000_000 if "endless" in phrase else 5
        for _ in range(pieces):
            if not sink(np.full(960, 0.3, np.float32)):
                return


@asynccontextmanager
async def scripted() -> AsyncIterator[tuple[FastAPI, Tts]]:
    settings = TtsSettings()
    metrics, health = service_parts("tts")
    tts = Tts(settings, ScriptedEngine(), metrics)
    app = create_app("tts", metrics=metrics, health=health)
    app.state.settings = settings
    app.include_router(routes.tts_routes(tts))
    async with tts.speaker:
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


def test_a_voice_setting_that_does_not_exist_stops_the_start_for_good() -> None:
    variables = {"TTS_VOICE": "nobody", "TTS_PORT": str(free_port()), "PYTHONPATH": str(ROOT)}
    LOGS.mkdir(exist_ok=True)
    ended = subprocess.run(
        [sys.executable, "-m", "inference.tts"],
        env=clean_env(variables),
        cwd=LOGS,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == EXIT_BAD_SETTINGS  # restarting cannot help, and `parley up` does not
    assert ended.stderr.splitlines()[-1].startswith("settings: TTS_VOICE: no such voice")
