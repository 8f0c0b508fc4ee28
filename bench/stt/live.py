"""Live streams through the realtime WebSocket, at a microphone's pace: how late is the text?"""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import numpy as np

from bench.stt.server import Server, Use
from bench.stt.sounds import monologue, sentence, silence
from bench.turns import percentile
from tests.contract.realtime_client import CHUNK_S, COMPLETED, DELTA, Caller, append, calling
from tests.contract.realtime_client import session as session_update
from tests.speech import RATE_HZ, Pcm

LEAD_S = 0.3  # of silence before speech
# As a call commits: the agent waits so long for more before it says that the turn is over.
ENDPOINTING_S = 0.3
BREAK_S = 0.4  # between a final and the next utterance
SHORT = 2  # utterances of a sentence, before the long one
LONG_S = 16.0
STAGGER_S = 0.56  # streams begin within so much of each other
FINAL_WITHIN_S = 15.0
CHUNK = int(CHUNK_S * RATE_HZ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """An utterance to say. A long one is committed on its last sample of speech."""

    sound: Pcm
    is_long: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of it. None: nothing did, in time."""

    is_long: bool
    audio_s: float
    first_partial_s: float | None  # since speech began
    final_s: float | None  # since the commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """So many streams at once, and what became of them."""

    streams: int
    heard: list[Heard]
    use: Use

    @property
    def audio_s(self) -> float:
        return sum(one.audio_s for one in self.heard)

    @property
    def lost(self) -> int:
        return sum(one.final_s is None for one in self.heard)

    @property
    def cpu_share(self) -> float:
        """CPU seconds by audio second."""
        return self.use.cpu_s / self.audio_s

    def finals_s(self, *, is_long: bool) -> list[float]:
        """Those that came. A stream says no more after one that did not."""
        return [
            one.final_s for one in self.heard if one.is_long is is_long and one.final_s is not None
        ]

    def partials_s(self) -> list[float]:
        return [one.first_partial_s for one in self.heard if one.first_partial_s is not None]

    def lag_s(self) -> float:
        """P95, of finals of long utterances: what could not be written down while it was said."""
        return math.inf if self.lost else percentile(self.finals_s(is_long=True), 0.95)


def script(number: int) -> list[Spoken]:
    """What a stream says: short utterances, then a long one."""
    short = [
        np.concatenate([silence(LEAD_S), sentence(number + n), silence(ENDPOINTING_S)])
        for n in range(SHORT)
    ]
    long = np.concatenate([silence(LEAD_S), monologue(number, LONG_S)])
    return [
        *(Spoken(sound=sound, is_long=False) for sound in short),
        Spoken(sound=long, is_long=True),
    ]


async def measure(server: Server, streams: int, seed: int = 0) -> Level:
    """`streams` sockets at once, each with a script of its own, begun at random offsets."""
    chance = random.Random(seed)
    scripts = [script(number * (SHORT + 1)) for number in range(streams)]
    offsets = [chance.uniform(0, STAGGER_S) for _ in range(streams)]
    async with AsyncExitStack() as sockets:
        callers = [await sockets.enter_async_context(_session(server)) for _ in range(streams)]
        async with server.watched() as use:
            heard = await asyncio.gather(*map(_stream, callers, scripts, offsets))
    return Level(streams=streams, heard=[one for stream in heard for one in stream], use=use)


@asynccontextmanager
async def _session(server: Server) -> AsyncIterator[Caller]:
    """A socket that takes PCM at RATE_HZ and leaves it to the client to commit."""
    async with calling(server.url) as caller:
        await caller.send(session_update(rate_hz=RATE_HZ))
        await caller.wait("session.updated")
        yield caller


async def _stream(caller: Caller, said: Sequence[Spoken], offset_s: float) -> list[Heard]:
    await asyncio.sleep(offset_s)
    heard = []
    for number, utterance in enumerate(said, 1):
        heard.append(await _utterance(caller, utterance, number))
        if heard[-1].final_s is None:
            break  # it is behind: what is said now would only wait
        await asyncio.sleep(BREAK_S)
    return heard


async def _utterance(caller: Caller, said: Spoken, number: int) -> Heard:
    seen = len(caller.events)
    began_at_s = time.monotonic()
    for at in range(0, len(said.sound), CHUNK):
        piece = said.sound[at : at + CHUNK]
        # A piece is there when its last sample was heard. By the clock: no delay adds up.
        due_at_s = began_at_s + (at + len(piece)) / RATE_HZ
        await asyncio.sleep(max(0.0, due_at_s - time.monotonic()))
        await caller.send(append(piece))
    committed_at_s = await caller.commit()
    try:
        await caller.wait(COMPLETED, number=number, within_s=FINAL_WITHIN_S)
    except TimeoutError:
        completed_at_s = None
    else:
        completed_at_s = [at for at, event in caller.events if event["type"] == COMPLETED][-1]
    deltas = [at for at, event in caller.events[seen:] if event["type"] == DELTA]
    return Heard(
        is_long=said.is_long,
        audio_s=len(said.sound) / RATE_HZ,
        first_partial_s=deltas[0] - began_at_s - LEAD_S if deltas else None,
        final_s=None if completed_at_s is None else completed_at_s - committed_at_s,
    )
