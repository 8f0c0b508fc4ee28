"""An engine that fails in mid-speech: no client takes what it got for all there was."""

from typing import Any

import httpx2
import openai
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, utils
from livekit.plugins import openai as livekit_openai

from tests.inference.tts.scripted import events_of, listening, scripted

BREAKS = f"{'fine ' * 30}then break."


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


@pytest.mark.parametrize("response_format", ["pcm", "wav", "mp3", "opus", "aac", "flac"])
async def test_sound_that_fails_on_the_way_does_not_look_whole(response_format: str) -> None:
    body = {"input": BREAKS, "response_format": response_format}
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
    assert set(last["error"]) == {"message", "type", "param", "code", "details"}
    assert last["error"]["code"] == "engine_failed"


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
async def test_the_openai_client_raises(stream_format: str) -> None:
    async with (
        scripted() as (app, _),
        listening(app) as client,
        openai.AsyncOpenAI(base_url=f"{client.base_url}/v1", api_key="any", max_retries=0) as stock,
    ):
        with pytest.raises(openai.APIConnectionError):
            await stock.audio.speech.create(
                model="tts-1",
                voice="alloy",
                input=BREAKS,
                extra_body={"stream_format": stream_format},
            )


# `tts-1` asks for plain audio, any other model for events, of which the plugin passes over `error`.
@pytest.mark.parametrize("model", ["tts-1", "gpt-4o-mini-tts"])
async def test_livekits_plugin_raises(model: str) -> None:
    once = APIConnectOptions(max_retry=0, timeout=30)
    async with (
        scripted() as (app, _),
        listening(app) as client,
        utils.http_context.open(),
        plugin(f"{client.base_url}/v1", model) as tts,
    ):
        with pytest.raises(APIConnectionError):
            await _heard(tts.synthesize(BREAKS, conn_options=once))


def plugin(url: str, model: str) -> livekit_openai.TTS:
    return livekit_openai.TTS(
        model=model, voice="alloy", response_format="pcm", base_url=url, api_key="any"
    )


async def _heard(stream: Any) -> list[Any]:
    async with stream:
        return [audio async for audio in stream]
