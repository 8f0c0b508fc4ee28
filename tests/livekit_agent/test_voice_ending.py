"""Whether a voice sounded finished, asked of a scorer that may be late."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from livekit import rtc

from livekit_agent.turn_scorer import LENGTH, PROBABILITY
from livekit_agent.voice_ending import RATE_HZ, VoiceEnding


class Scorer:
    """Answers with 1.0 for loud sound and 0.0 for silence, when it is let."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                pcm = await reader.readexactly(length)
                self.asked.set()
                await self.may_answer.wait()
                writer.write(PROBABILITY.pack(1.0 if any(pcm) else 0.0))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def scored(folder: Path) -> AsyncIterator[tuple[Scorer, VoiceEnding]]:
    scorer = Scorer()
    server = await asyncio.start_unix_server(scorer.answer, folder / "s")
    async with server, VoiceEnding(folder / "s") as voice:
        yield scorer, voice


async def answered(voice: VoiceEnding) -> bool:
    """Its answer once it is connected, at once or within some seconds."""
    deadline_s = time.monotonic() + 5.0
    while (finished := await voice.finished("en")) is None:
        assert time.monotonic() < deadline_s, "it was never connected"
        await asyncio.sleep(0.01)
    return finished


def sound(level: int) -> rtc.AudioFrame:
    return rtc.AudioFrame(bytes([level]) * RATE_HZ * 2, RATE_HZ, 1, RATE_HZ)


async def test_it_tells_a_finished_voice_from_an_unfinished_one(tmp_path: Path) -> None:
    async with scored(tmp_path) as (_, voice):
        voice.push(sound(1))
        assert await answered(voice) is True
        voice.forget()
        assert await voice.finished("en") is None  # nothing was heard
        voice.push(sound(0))
        assert await voice.finished("en") is False


async def test_an_answer_nobody_waited_for_is_not_that_of_the_next_pause(tmp_path: Path) -> None:
    async with scored(tmp_path) as (scorer, voice):
        voice.push(sound(1))
        assert await answered(voice) is True
        scorer.asked.clear()
        scorer.may_answer.clear()
        asking = asyncio.create_task(voice.finished("en"))
        async with asyncio.timeout(5):
            await scorer.asked.wait()
        asking.cancel()  # the caller went on speaking
        await asyncio.gather(asking, return_exceptions=True)
        scorer.may_answer.set()
        voice.push(sound(0))
        voice.push(sound(0))
        assert await answered(voice) is False


async def test_without_a_scorer_it_has_no_opinion(tmp_path: Path) -> None:
    async with VoiceEnding(tmp_path / "nobody") as voice:
        voice.push(sound(1))
        assert await voice.finished("en") is None
