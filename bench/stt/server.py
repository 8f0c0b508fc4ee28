"""A server under test: its process, what it uses, and the numbers it exports."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import httpx2
import psutil
from prometheus_client.parser import text_string_to_metric_families

from tests.processes import listening_pid, running

SAMPLE_EVERY_S = 0.2
STEPS = ("batch_size", "step_seconds", "step_wait_seconds")
EMBEDDED = "pocketsphinx-en"


@dataclass(slots=True, kw_only=True)
class Use:
    """What a server used while it was watched; `steps` are means of what it exports."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_rss_bytes: int = 0
    others_cores: float = 0.0  # of the machine, taken by processes that have nothing to do with it
    steps: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A running one."""

    name: str
    url: str
    process: psutil.Process

    @property
    def model(self) -> str:
        answer = httpx2.get(f"{self.url}/v1/audio/models", timeout=5, trust_env=False)
        return str(answer.json()["models"][0]["id"])

    def cpu_s(self) -> float:
        """Of the process and the decoders it keeps."""
        return _cpu_s(_tree(self.process))

    def rss_bytes(self) -> int:
        return sum(_rss(process) for process in _tree(self.process))

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[Use]:
        """Filled in when the block ends."""
        use = Use()
        sampling = asyncio.create_task(self._sample(use))
        before, cpu_s, others_s = await self._steps(), self.cpu_s(), _others_cpu_s()
        began_at_s = time.monotonic()
        try:
            yield use
        finally:
            use.wall_s = time.monotonic() - began_at_s
            use.cpu_s = self.cpu_s() - cpu_s
            use.others_cores = (_others_cpu_s() - others_s) / use.wall_s
            use.steps = _means(before, await self._steps())
            sampling.cancel()
            await asyncio.gather(sampling, return_exceptions=True)

    async def _sample(self, use: Use) -> None:
        while True:
            use.peak_rss_bytes = max(use.peak_rss_bytes, self.rss_bytes())
            await asyncio.sleep(SAMPLE_EVERY_S)

    async def _steps(self) -> dict[str, tuple[float, float]]:
        """Sum and count of each histogram of the engine's steps; nothing where it has none."""
        async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
            answer = await client.get(f"{self.url}/metrics")
        if answer.status_code != 200:
            return {}
        told = {
            sample.name: sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
            if not sample.labels
        }
        names = {what: f"parley_stt_{what}" for what in STEPS}
        return {
            what: (told[f"{name}_sum"], told[f"{name}_count"])
            for what, name in names.items()
            if f"{name}_count" in told
        }


@contextmanager
def served(name: str, env: Mapping[str, str], module: str = "inference.stt") -> Iterator[Server]:
    """Raises AssertionError where another engine stepped in for the model asked for."""
    with running(module, env) as url:
        server = Server(name, url, psutil.Process(listening_pid(url)))
        if module == "inference.stt" and "STT_MODEL" in env:
            assert server.model != EMBEDDED, f"{name}: the model did not load"
        yield server


def _means(
    before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]]
) -> dict[str, float]:
    means = {}
    for what, (total, count) in after.items():
        total_before, count_before = before.get(what, (0.0, 0.0))
        if count > count_before:
            means[what] = (total - total_before) / (count - count_before)
    return means


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _others_cpu_s() -> float:
    """Of all processes but this one and its children."""
    times = psutil.cpu_times()
    busy_s = sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
    return float(busy_s - _cpu_s(_tree(psutil.Process())))


def _cpu_s(processes: Iterable[psutil.Process]) -> float:
    total_s = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total_s += times.user + times.system
    return total_s


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
