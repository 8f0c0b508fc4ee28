"""Live streams and files on one server: what do they cost each other, and a cheap request?"""

import asyncio
import time
from dataclasses import dataclass

from bench.stt import files, live
from bench.stt.server import Server
from bench.stt.sounds import recording

STREAMS = 8
FILES = 2  # at a time, one after the other
FILE_S = 10.0
FILES_ALONE_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The same load apart and together."""

    live_alone: live.Level
    live_beside: live.Level
    files_alone_s: list[float]
    files_beside_s: list[float]
    knocks_alone_s: list[float]
    knocks_beside_s: list[float]


async def measure(server: Server) -> Beside:
    with files.knocking(server) as knocks_alone_s:
        live_alone = await live.measure(server, STREAMS)
    files_alone_s = await _files(server, FILES_ALONE_S)
    with files.knocking(server) as knocks_beside_s:
        live_s = live_alone.use.wall_s
        filing = asyncio.create_task(_files(server, live_s))
        live_beside = await live.measure(server, STREAMS)
        files_beside_s = await filing
    return Beside(
        live_alone=live_alone,
        live_beside=live_beside,
        files_alone_s=files_alone_s,
        files_beside_s=files_beside_s,
        knocks_alone_s=knocks_alone_s,
        knocks_beside_s=knocks_beside_s,
    )


async def _files(server: Server, seconds: float) -> list[float]:
    data, ends_at_s = recording(FILE_S), time.monotonic() + seconds
    clients = (files.post_until(server, data, ends_at_s) for _ in range(FILES))
    return [took_s for took in await asyncio.gather(*clients) for took_s in took]
