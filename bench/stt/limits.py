"""How many streams does a server hold? Servers are compared level by level, side by side."""

from collections.abc import Callable

from bench.stt.live import Level, measure
from bench.stt.server import Server

STREAMS = (1, 2, 4, 8, 16)
# A level is measured again, whatever came out, where other processes took more of the machine.
QUIET_CORES, TRIES = 0.15, 3
Levels = dict[int, Level]
Told = Callable[[Server, Level], None]
Holds = Callable[[Level], bool]


async def climb(servers: list[Server], holds: Holds, told: Told) -> dict[str, Levels]:
    """STREAMS for each server, then what lies between the last that held and the first that did
    not. Of levels beyond it one is measured: it shows what too much looks like."""
    found: dict[str, Levels] = {server.name: {} for server in servers}
    for streams in STREAMS:
        for server in servers:
            if len(_not_held(found[server.name], holds)) < 2:
                await _measure(server, streams, found, told)
    while missing := [(s, n) for s in servers if (n := _between(found[s.name], holds))]:
        for server, streams in missing:
            await _measure(server, streams, found, told)
    return {name: dict(sorted(levels.items())) for name, levels in found.items()}


def held(levels: Levels, holds: Holds) -> int:
    """Streams: the most below which no level failed."""
    failed = _not_held(levels, holds)
    return max((n for n in levels if not failed or n < failed[0]), default=0)


async def _measure(server: Server, streams: int, found: dict[str, Levels], told: Told) -> None:
    levels: list[Level] = []
    while len(levels) < TRIES and all(one.use.others_cores > QUIET_CORES for one in levels):
        levels.append(await measure(server, streams, seed=streams))
        told(server, levels[-1])
    quietest = min(levels, key=lambda level: level.use.others_cores)
    found[server.name][streams] = quietest


def _between(levels: Levels, holds: Holds) -> int | None:
    """A number in the middle of what is not known."""
    failed = _not_held(levels, holds)
    low = held(levels, holds)
    return (low + failed[0]) // 2 if failed and failed[0] - low > 1 else None


def _not_held(levels: Levels, holds: Holds) -> list[int]:
    return sorted(n for n, level in levels.items() if not holds(level))
