"""The speech server in this process, with an engine that does as its text says."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Self

import httpx2
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI

from chassis.service import create_app
from chassis.weights.settings import ModelStoreSettings
from inference.candidates import Candidate
from inference.model_status import EngineFailed, Phase
from inference.service import service_parts
from inference.serving import Choice
from inference.tts import routes, service
from inference.tts.engine import Engine, Mark, Sink, Voice
from inference.tts.service import Tts
from inference.tts.settings import TtsSettings

VOICE = Voice(id="alloy", name="Alloy", language="en-us")
LANGUAGES = ("en-us", "fr-fr")
WORD_S = 0.2


class ScriptedEngine:
    """Says each word in a fifth of a second; breaks at `break`, is silent at `mute`, and goes on
    for ever at `endless`. Notes the language it was to speak."""

    model = "scripted"
    concurrency = 1
    is_incremental = True

    def __init__(self) -> None:
        self.languages: list[str] = []

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
        self.languages.append(voice.language)
        for at, word in enumerate(re.finditer(r"\w+", phrase)):
            if word[0] == "break":
                raise EngineFailed("as asked")
            pieces = {"mute": 0, "endless": 10_000_000}.get(word[0], 5)
            for _ in range(pieces):
                if not sink.wanted:
                    return
                sink.push(np.full(960, 0.3, np.float32))
            sink.mark(
                Mark(
                    start=word.start(),
                    end=word.end(),
                    started_at_s=at * WORD_S,
                    ended_at_s=(at + 1) * WORD_S,
                )
            )


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
    async with asyncio.timeout(60), tts.opened():
        while tts.serving.lifecycle.status.phase is not awaited:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)
        yield app, tts


async def posted(
    app: FastAPI, text: str, headers: Mapping[str, str] | None = None, **more: Any
) -> httpx2.Response:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    body = {"input": text, "response_format": "pcm"} | more
    async with httpx2.AsyncClient(transport=transport, base_url="http://tts") as client:
        return await client.post("/v1/audio/speech", json=body, headers=headers)


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a real socket: what it does when a connection breaks off is the question."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.001)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        await serving


def events_of(lines: Iterable[str]) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in lines if line]
