"""One phrase by one engine: only whole, likely sound is taken."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from pydantic import SecretStr

from livekit_agent.stages import Endpoint, EngineFailure
from livekit_agent.tts_wire import BYTES_PER_S, Phrase, synthesise
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s

MAIN = Endpoint(name="main", base_url="http://t.test/v1", model="m", api_key=SecretStr("key"))
PCM = {"content-type": "audio/pcm"}
Answer = Callable[[httpx2.Request], httpx2.Response]


def pieces(*steps: bytes | float | Exception, **headers: str) -> Answer:
    """Bytes, pauses in seconds and failures, one after another."""

    async def body() -> AsyncIterator[bytes]:
        for step in steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, bytes):
                yield step
            else:
                await asyncio.sleep(step)

    return lambda _: httpx2.Response(200, headers=PCM | headers, content=body())


async def spoken(answer: Answer, text: str = "Hello there.", language: str | None = None) -> bytes:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        phrase = Phrase(text=text, voice="alloy", language=language)
        sound = synthesise(client, MAIN, phrase, first_s=3.0, between_s=2.0)
        return b"".join([piece async for piece in sound])


async def failure(answer: Answer) -> EngineFailure:
    with pytest.raises(EngineFailure) as caught:
        await spoken(answer)
    return caught.value


@in_virtual_time
async def test_samples_are_never_split() -> None:
    async with httpx2.AsyncClient(
        transport=httpx2.MockTransport(pieces(b"abc", b"d", b"e", b"f"))
    ) as client:
        phrase = Phrase(text="x", voice="v")
        got = [p async for p in synthesise(client, MAIN, phrase, first_s=1.0, between_s=1.0)]
    assert b"".join(got) == b"abcdef"
    assert all(len(piece) % 2 == 0 for piece in got)


@in_virtual_time
async def test_the_request_is_openais() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return pieces(b"ab")(request)

    await spoken(answer)
    await spoken(answer, language="fr")
    assert seen[0].url == "http://t.test/v1/audio/speech"
    assert seen[0].headers["authorization"] == "Bearer key"
    assert b'"response_format":"pcm"' in seen[0].content
    assert b"language" not in seen[0].content
    assert b'"language":"fr"' in seen[1].content


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("text/html; charset=utf-8", "text/html"),
        ("application/json", "application/json"),
        ("audio/mpeg", "audio/mpeg"),
        ("", "nothing named"),
        ("audio/pcm; rate=16000", "16000 Hz"),
    ],
)
def test_what_is_no_sound_of_ours_is_not_spoken(kind: str, reason: str) -> None:
    @in_virtual_time
    async def check() -> None:
        assert reason in (await failure(pieces(b"abcd", **{"content-type": kind}))).reason

    check()


@pytest.mark.parametrize("kind", ["audio/pcm", "audio/PCM;rate=24000", "application/octet-stream"])
def test_sound_has_many_names(kind: str) -> None:
    @in_virtual_time
    async def check() -> None:
        assert await spoken(pieces(b"abcd", **{"content-type": kind})) == b"abcd"

    check()


@in_virtual_time
async def test_half_a_sample_at_the_end_is_a_cut() -> None:
    assert "mid-sample" in (await failure(pieces(b"abc"))).reason


@in_virtual_time
async def test_nothing_at_all_is_a_failure() -> None:
    assert "no sound" in (await failure(pieces())).reason


@in_virtual_time
async def test_the_first_sound_has_a_budget() -> None:
    assert "in time" in (await failure(pieces(60.0, b"ab"))).reason
    assert now_s() == 3.0


@in_virtual_time
async def test_a_stall_in_the_middle_has_one_too() -> None:
    assert "in time" in (await failure(pieces(b"abcd", 60.0, b"ab"))).reason
    assert now_s() == 2.0


@in_virtual_time
async def test_a_slow_listener_is_not_the_engines_fault() -> None:
    answer = pieces(b"ab", 0.1, b"cd", 0.1, b"ef")
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        got = b""
        phrase = Phrase(text="x", voice="v")
        async for piece in synthesise(client, MAIN, phrase, first_s=1.0, between_s=1.0):
            await asyncio.sleep(5)
            got += piece
    assert got == b"abcdef"


@in_virtual_time
async def test_a_broken_connection_is_a_failure() -> None:
    assert "ReadError" in (await failure(pieces(b"abcd", httpx2.ReadError("reset")))).reason


@in_virtual_time
async def test_a_refusal_says_when_to_come_back() -> None:
    answer = await failure(lambda _: httpx2.Response(503, headers={"retry-after": "7"}))
    assert (answer.reason, answer.retry_after_s) == ("refused with 503", 7.0)
    assert (await failure(lambda _: httpx2.Response(500))).retry_after_s is None


@in_virtual_time
async def test_sound_without_end_is_cut() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"\0" * BYTES_PER_S

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers=PCM, content=endless())

    assert "without end" in (await failure(answer)).reason


@in_virtual_time
async def test_who_stops_listening_closes_the_request() -> None:
    closed = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"abcd"
                await asyncio.sleep(0.1)
        finally:
            closed.set()

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers=PCM, content=body())

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        phrase = Phrase(text="x", voice="v")
        sound = synthesise(client, MAIN, phrase, first_s=1.0, between_s=1.0)
        await anext(sound)
        await sound.aclose()
        async with asyncio.timeout(1.0):
            await closed.wait()
