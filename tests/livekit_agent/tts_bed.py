"""Speaking between two scripted TTS engines."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from livekit import rtc
from pydantic import SecretStr

from livekit_agent.budgets import Budgets
from livekit_agent.clips import Clips
from livekit_agent.settings import AgentSettings
from livekit_agent.silence import Silence
from livekit_agent.stages import Endpoint, Stage
from livekit_agent.timeline import Timeline
from livekit_agent.tts import Speaking, TtsParts, Voice
from livekit_agent.tts_wire import BYTES_PER_S

CHARS_PER_S = 14.0
PIECE_S = 0.1
Step = bytes | float | Exception
Make = Callable[[str], list[Step]]


def sound(text: str, *, up_to_s: float = 1e9) -> list[bytes]:
    """As long as the text, a piece a tenth of a second; each piece is its number."""
    count = max(1, round(min(len(text) / CHARS_PER_S, up_to_s) / PIECE_S))
    size = int(PIECE_S * BYTES_PER_S)
    return [bytes([n + 1]) * size for n in range(count)]


def well(text: str) -> list[Step]:
    return [0.1, *sound(text)]


def fails(_: str) -> list[Step]:
    return [httpx2.ConnectError("refused")]


class Bed:
    """`main` and `standby` make the steps of an answer from a phrase."""

    def __init__(self) -> None:
        self.main: Make = well
        self.standby: Make = well
        self.asked: list[tuple[str, str, str | None]] = []  # host, text, language
        self.voices: list[str] = []
        self.silence = Silence()
        self.voice = Voice(id="alloy", language="en")
        self.changes: list[str] = []
        self.stage: Stage
        self.speaking: Speaking

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        body = httpx2.Response(200, content=request.content).json()
        host = request.url.host.removesuffix(".test")
        self.asked.append((host, body["input"], body.get("language")))
        self.voices.append(body["voice"])
        steps = (self.main if host == "main" else self.standby)(body["input"])
        if steps and isinstance(steps[0], Exception):
            raise steps[0]
        return httpx2.Response(200, headers={"content-type": "audio/pcm"}, content=_body(steps))

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(host, text) for host, text, _ in self.asked]

    async def speak(self, *pieces: str | float) -> list[rtc.AudioFrame]:
        async def text() -> AsyncIterator[str]:
            for piece in pieces:
                if isinstance(piece, str):
                    yield piece
                else:
                    await asyncio.sleep(piece)

        return [frame async for frame in self.speaking.speak(text())]


async def _body(steps: list[Step]) -> AsyncIterator[bytes]:
    for step in steps:
        if isinstance(step, Exception):
            raise step
        if isinstance(step, bytes):
            yield step
        else:
            await asyncio.sleep(step)


@asynccontextmanager
async def bed(folder: Path) -> AsyncIterator[Bed]:
    it = Bed()
    endpoints = [
        Endpoint(name=name, base_url=f"http://{name}.test/v1", model="m", api_key=SecretStr("k"))
        for name in ("main", "standby")
    ]

    async def probe(_: Endpoint) -> bool:
        return False

    settings = AgentSettings(data_dir=folder, clips_dir=folder)
    async with (
        httpx2.AsyncClient(transport=httpx2.MockTransport(it.answer)) as client,
        Stage(
            "tts", endpoints, probe=probe, on_change=lambda c: it.changes.append(c.state)
        ) as it.stage,
    ):
        it.speaking = Speaking(
            TtsParts(
                stage=it.stage,
                client=client,
                budgets=Budgets(tts_s=3.0, sound_s=2.0, filler_s=2.0),
                silence=it.silence,
                clips=Clips(settings),
                voice=it.voice,
                standby_voice="spare",
                language="en",
                timeline=Timeline(fallbacks=list),
            )
        )
        yield it


def seconds(frames: list[rtc.AudioFrame]) -> float:
    return round(sum(frame.duration for frame in frames), 2)
