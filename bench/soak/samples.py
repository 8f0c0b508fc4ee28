"""What may grow, looked at every few seconds, and whether it did."""

import asyncio
import statistics
import time
from dataclasses import dataclass, fields

import numpy as np
import psutil
from livekit import api

from bench.turns.bed import API_KEY, Bed, Worker, ledger
from bench.turns.usage import MIB, Tree

EVERY_S = 2.5
WARM_UP = 0.2  # of the samples: processes still starting, caches filling
QUARTER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look. Connections are those open at the engines."""

    at_s: float
    worker_rss_mb: float  # the process that stays, without those of calls
    tree_rss_mb: float
    worker_fds: int
    tree_fds: int
    processes: int
    rooms: int
    connections: int


# Growth from the first to the last quarter that is no leak: a share of it, and what is noise.
ALLOWED: dict[str, tuple[float, float]] = {
    "worker_rss_mb": (0.03, 4),
    "tree_rss_mb": (0.05, 20),
    "worker_fds": (0.0, 4),
    "tree_fds": (0.03, 8),
    "processes": (0.0, 1),
    "rooms": (0.0, 2),
    "connections": (0.05, 4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How one number went. `per_minute` is the slope of a straight line through the samples."""

    name: str
    first: float
    last: float
    most: float
    per_minute: float
    flat: bool


def trends(samples: list[Sample]) -> list[Trend]:
    """For each number, once the warm-up is left out. Needs a few samples."""
    kept = samples[int(len(samples) * WARM_UP) :]
    assert len(kept) >= QUARTER, "too short to say: more calls or more minutes"
    minutes = [sample.at_s / 60 for sample in kept]
    size = max(1, len(kept) // QUARTER)
    found = []
    for field in fields(Sample):
        if field.name not in ALLOWED:
            continue
        values = [float(getattr(sample, field.name)) for sample in kept]
        first, last = statistics.median(values[:size]), statistics.median(values[-size:])
        share, noise = ALLOWED[field.name]
        found.append(
            Trend(
                name=field.name,
                first=first,
                last=last,
                most=max(values),
                per_minute=float(np.polyfit(minutes, values, 1)[0]),
                flat=last - first <= max(first * share, noise),
            )
        )
    return found


async def watch(bed: Bed, worker: Worker, done: asyncio.Event) -> list[Sample]:
    """A sample every EVERY_S until `done`."""
    began_s = time.perf_counter()
    samples: list[Sample] = []
    async with api.LiveKitAPI(bed.sfu_url.replace("ws", "http", 1), API_KEY, bed.api_secret) as sfu:
        while not done.is_set():
            rooms = len((await sfu.room.list_rooms(api.ListRoomsRequest())).rooms)
            at_s = time.perf_counter() - began_s
            samples.append(await asyncio.to_thread(_look, bed, worker, at_s, rooms))
            try:
                await asyncio.wait_for(done.wait(), EVERY_S)
            except TimeoutError:
                continue
    return samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What the engines saw of the connections of all calls."""

    requests: int
    connections: int
    cut: int  # requests cancelled under way: over HTTP/1.1 each costs its connection

    @property
    def reuse(self) -> float:
        """The share of requests that found a connection, those that had to be replaced aside."""
        if not self.requests:
            return 0.0
        return 1 - max(0, self.connections - self.cut) / self.requests

    def since(self, before: "Pool") -> "Pool":
        return Pool(
            requests=self.requests - before.requests,
            connections=self.connections - before.connections,
            cut=self.cut - before.cut,
        )


def pool(bed: Bed) -> Pool:
    """Since the engines started."""
    told = ledger(bed)
    return Pool(
        requests=told["requests"],
        connections=told["connections"],
        cut=sum(entry["aborted"] for entry in told["entries"]),
    )


def _look(bed: Bed, worker: Worker, at_s: float, rooms: int) -> Sample:
    tree = Tree(worker.pid)
    root = psutil.Process(worker.pid)
    port = int(bed.engines_url.rpartition(":")[2])
    return Sample(
        at_s=at_s,
        worker_rss_mb=root.memory_info().rss / MIB,
        tree_rss_mb=tree.rss_mb(),
        worker_fds=root.num_fds(),
        tree_fds=tree.fds(),
        processes=tree.count(),
        rooms=rooms,
        connections=sum(
            one.laddr.port == port and one.status == psutil.CONN_ESTABLISHED
            for one in psutil.net_connections("tcp")
            if one.laddr
        ),
    )
