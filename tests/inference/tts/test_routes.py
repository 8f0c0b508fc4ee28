"""What only shows inside the process: clients that stall, engines that fail, settings that lie."""

import asyncio
import base64
from itertools import pairwise

import pytest
from starlette.types import Message

from inference.model_status import Phase
from inference.tts import routes
from inference.tts.engine import SAMPLE_RATE_HZ
from tests.inference.tts.scripted import (
    WORD_S,
    ScriptedEngine,
    events_of,
    listening,
    posted,
    scripted,
)


async def test_an_engine_that_fails_gives_503_and_serves_the_next_request() -> None:
    async with scripted() as (app, _):
        failed = await posted(app, "break")
        assert failed.status_code == 503
        assert failed.json()["error"]["code"] == "engine_failed"
        assert (await posted(app, "fine")).status_code == 200


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
