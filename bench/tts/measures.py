"""How soon, how many at once, how free after a client left."""

import asyncio
import time
from dataclasses import dataclass

import httpx2

from bench.stt.files import knocking
from bench.stt.server import Server, Use
from bench.tts.listener import Played, client_of, leave, play

FREE_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The same text asked for some times, `at_once` of them at a time."""

    what: str
    at_once: int
    played: list[Played]
    knocks_s: list[float]  # what /health/live took meanwhile
    use: Use

    @property
    def first_sounds_s(self) -> list[float]:
        return [one.first_sound_s for one in self.played]

    @property
    def rtf(self) -> float:
        """Of the server, not of one answer: the time there was work, by the sound there is."""
        return self.use.wall_s / sum(one.audio_s for one in self.played)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A client left in the midst of a long text."""

    free_s: list[float]  # until the server counted no request any more
    next_sounds_s: list[float]  # first sound of another request, sent at once
    alone_s: list[float]  # of the same request, when nobody left


async def ask(
    server: Server, what: str, text: str, *, at_once: int = 1, times: int = 1, form: str = "pcm"
) -> Answers:
    played: list[Played] = []
    async with client_of(server.url) as client:
        await _warm(client, at_once)
        with knocking(server) as knocks_s:
            async with server.watched() as use:
                for _ in range(times):
                    played += await asyncio.gather(
                        *(play(client, text, form) for _ in range(at_once))
                    )
    return Answers(what=what, at_once=at_once, played=played, knocks_s=knocks_s, use=use)


async def leaving(server: Server, long: str, short: str, times: int) -> Left:
    left = Left(free_s=[], next_sounds_s=[], alone_s=[])
    async with client_of(server.url) as client:
        await _warm(client, 2)
        for _ in range(times):
            left.alone_s.append((await play(client, short)).first_sound_s)
            await leave(client, long)
            left.next_sounds_s.append((await play(client, short)).first_sound_s)
            await leave(client, long)
            left.free_s.append(await _until_free(client))
    return left


async def _warm(client: httpx2.AsyncClient, connections: int) -> None:
    """Connections are there before anything is measured, as a prewarmed client's are."""
    await asyncio.gather(*(client.get("/health/ready") for _ in range(connections)))


async def _until_free(client: httpx2.AsyncClient) -> float:
    began_s = time.perf_counter()
    while True:
        answer = await client.get("/metrics")
        asked_s = time.perf_counter() - began_s
        if "\nparley_tts_speeches 0.0\n" in answer.text:
            return asked_s
        assert asked_s < FREE_WITHIN_S, "the engine was not free in time"
