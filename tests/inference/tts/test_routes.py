"""What only shows inside the process: clients that stall, engines that fail, settings that lie."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, Self

import httpx2
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.types import Message

from chassis.service import create_app
from chassis.weights.settings import ModelStoreSettings
from inference.candidates import Candidate
from inference.model_status import EngineFailed, Phase
from inference.service import service_parts
from inference.serving import Choice
from inference.tts import routes, service
from inference.tts.engine import SAMPLE_RATE_HZ, Engine, Mark, Sink, Voice
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
    async with asyncio.timeout(20), tts.opened():
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
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            yield client
    finally:
        server.should_exit = True
        await serving


async def received_until_it_breaks(client: httpx2.AsyncClient, body: dict[str, Any]) -> bytes:
    """Fails when the answer ends as it should."""
    came = b""
    async with client.stream("POST", "/v1/audio/speech", json=body) as answer:
        assert answer.status_code == 200
        try:
            async for chunk in answer.aiter_bytes():
                came += chunk
        except httpx2.RemoteProtocolError:
            return came
    raise AssertionError("it looks as if all were said")


def events_of(lines: Iterable[str]) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in lines if line]


async def test_an_engine_that_fails_gives_503_and_serves_the_next_request() -> None:
    async with scripted() as (app, _):
        failed = await posted(app, "break")
        assert failed.status_code == 503
        assert failed.json()["error"]["code"] == "engine_failed"
        assert (await posted(app, "fine")).status_code == 200


@pytest.mark.parametrize("response_format", ["pcm", "wav", "mp3", "opus", "aac", "flac"])
async def test_sound_that_fails_on_the_way_does_not_look_whole(response_format: str) -> None:
    body = {"input": f"{'fine ' * 30}then break.", "response_format": response_format}
    async with scripted() as (app, tts), listening(app) as client:
        came = await received_until_it_breaks(client, body)
        assert came
        assert tts.speaker.open == 0
        assert (await client.post("/v1/audio/speech", json={"input": "fine"})).status_code == 200


async def test_events_tell_what_failed_before_they_break_off() -> None:
    body = {"input": "fine first then break.", "stream_format": "sse", "response_format": "pcm"}
    async with scripted() as (app, _), listening(app) as client:
        came = await received_until_it_breaks(client, body)
    *sound, last = events_of(came.decode().splitlines())
    assert {event["type"] for event in sound} == {"speech.audio.delta"}
    assert last["type"] == "error"
    assert set(last["error"]) == {"message", "type", "param", "code"}
    assert last["error"]["code"] == "engine_failed"


async def test_words_are_told_with_their_places_in_text_and_sound() -> None:
    text = "One, two. Three four!"
    async with scripted() as (app, _):
        answer = await posted(app, text, timestamps=True)
    events = events_of(answer.text.splitlines())
    words = [w for e in events if e["type"] == "speech.audio.words" for w in e["words"]]
    assert answer.headers["content-type"] == "text/event-stream"
    assert [word["word"] for word in words] == ["One", "two", "Three", "four"]
    assert [text[word["start"] : word["end"]] for word in words] == [w["word"] for w in words]
    assert words[1]["start_s"] == pytest.approx(WORD_S, abs=0.02)
    assert all(one["end_s"] <= next_["start_s"] + 1e-6 for one, next_ in pairwise(words))
    assert events[-1]["type"] == "speech.audio.done"
    assert set(events[-1]["usage"]) == {"input_tokens", "output_tokens", "total_tokens"}
    pcm = b"".join(
        base64.b64decode(e["audio"]) for e in events if e["type"] == "speech.audio.delta"
    )
    assert words[-1]["end_s"] <= len(pcm) / 2 / SAMPLE_RATE_HZ


async def test_no_word_is_told_unasked() -> None:
    async with scripted() as (app, _):
        answer = await posted(app, "one two", stream_format="sse", timestamps=False)
    kinds = {event["type"] for event in events_of(answer.text.splitlines())}
    assert kinds == {"speech.audio.delta", "speech.audio.done"}


async def test_words_and_plain_sound_do_not_go_together() -> None:
    async with scripted() as (app, _):
        answer = await posted(app, "one", timestamps=True, stream_format="audio")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "timestamps"


@pytest.mark.parametrize(("language", "status"), [("fr-fr", 200), (None, 200), ("tlh", 400)])
async def test_the_language_is_spoken_or_refused(language: str | None, status: int) -> None:
    async with scripted() as (app, tts):
        answer = await posted(app, "bonjour", language=language)
        engine = tts.serving.known
        assert isinstance(engine, ScriptedEngine)
        assert engine.languages[-1] == (language if language == "fr-fr" else "en-us")
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"]["param"] == "language"


@pytest.mark.parametrize(
    ("priority", "status"), [("live", 200), ("normal", 200), ("batch", 200), ("now", 400)]
)
async def test_a_priority_is_one_of_three(priority: str, status: int) -> None:
    async with scripted() as (app, _):
        answer = await posted(app, "fine", {"X-Parley-Priority": priority})
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"]["param"] == "x-parley-priority"


async def test_voices_of_one_language_are_found() -> None:
    found = {}
    async with scripted() as (app, _), listening(app) as client:
        for tag in ("en", "en-US", "fr", "e"):
            answer = await client.get("/v1/audio/voices", params={"language": tag})
            found[tag] = len(answer.json()["voices"])
    assert found == {"en": 1, "en-US": 1, "fr": 0, "e": 0}


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
