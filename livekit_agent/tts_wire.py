"""One phrase spoken by one engine: OpenAI's /v1/audio/speech, checked while it comes."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from chassis.http import AsyncClient, HTTPError, Response
from livekit_agent.stages import Endpoint, EngineFailure

SAMPLE_RATE_HZ = 24_000
BYTES_PER_SAMPLE = 2
BYTES_PER_S = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE
# What an engine may call raw samples. Anything else, a page or an error in JSON, is not spoken.
SOUND_TYPES = ("audio/pcm", "audio/l16", "audio/raw", "application/octet-stream", "audio/x-pcm")
# No voice takes longer: 1 s a character for the slowest digits, and room to begin.
MAX_S_PER_CHAR, MAX_S_EXTRA = 1.0, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """What is to be said, and how. `language`: of a voice that speaks several, where it is not the
    usual one: Parley's servers read it, OpenAI's does not know it."""

    text: str
    voice: str
    language: str | None = None


async def synthesise(
    client: AsyncClient,
    endpoint: Endpoint,
    phrase: Phrase,
    *,
    first_s: float,
    between_s: float,
) -> AsyncGenerator[bytes]:
    """24 kHz mono s16le as it comes, whole samples. Raises EngineFailure.

    Args:
        first_s: most seconds to the first sound; between_s: between two pieces.
    """
    body = {
        **({"language": phrase.language} if phrase.language else {}),
        "model": endpoint.model,
        "voice": phrase.voice,
        "input": phrase.text,
        "response_format": "pcm",
        "stream_format": "audio",
    }
    headers = {
        "authorization": f"Bearer {endpoint.api_key.get_secret_value()}",
        "x-parley-priority": "live",
    }
    url = f"{endpoint.base_url}/audio/speech"
    request = client.build_request("POST", url, json=body, headers=headers)
    response: Response | None = None
    try:
        async with asyncio.timeout(first_s):
            response = await client.send(request, stream=True)
            await _check(response)
        async for pcm in _whole_samples(response, phrase, first_s, between_s):
            yield pcm
    except TimeoutError as exc:
        raise EngineFailure("no sound in time") from exc
    except HTTPError as exc:
        raise EngineFailure(f"{type(exc).__name__}: {exc}"[:200]) from exc
    finally:
        if response is not None:
            await response.aclose()


async def _check(response: Response) -> None:
    if response.status_code != 200:
        retry_after = response.headers.get("retry-after", "")
        raise EngineFailure(
            f"refused with {response.status_code}",
            retry_after_s=float(retry_after) if retry_after.isdecimal() else None,
        )
    kind, _, rest = response.headers.get("content-type", "").lower().partition(";")
    if kind.strip() not in SOUND_TYPES:
        raise EngineFailure(f"sent {kind or 'nothing named'} instead of sound")
    rate = rest.partition("rate=")[2].split(";")[0].strip()
    if rate and rate != str(SAMPLE_RATE_HZ):
        raise EngineFailure(f"sent sound at {rate} Hz instead of {SAMPLE_RATE_HZ}")


async def _whole_samples(
    response: Response, phrase: Phrase, first_s: float, between_s: float
) -> AsyncGenerator[bytes]:
    rest = b""
    total = 0
    most = int((len(phrase.text) * MAX_S_PER_CHAR + MAX_S_EXTRA) * BYTES_PER_S)
    chunks = response.aiter_bytes()
    while True:
        # Not around the yield: what the listener takes is not the engine's time.
        async with asyncio.timeout(between_s if total else first_s):
            chunk = await anext(chunks, None)
        if chunk is None:
            break
        whole = rest + chunk
        usable = len(whole) - len(whole) % BYTES_PER_SAMPLE
        rest = whole[usable:]
        total += usable
        if usable:
            yield whole[:usable]
        if total > most:
            raise EngineFailure("sound without end")
    if total == 0:
        raise EngineFailure("no sound at all")
    if rest:
        raise EngineFailure("the sound ends in mid-sample")
