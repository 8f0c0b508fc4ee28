"""Numbers of calls, from the processes that hold them to the worker's /metrics.

A call's process sends what it has counted since the last time, after each turn and at its end, as
one datagram over a Unix socket. One registry is read by Prometheus, no file outlives a process, and
a message the worker has no room for is part of the next one.
"""

import asyncio
import contextlib
import json
import socket
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from chassis.logs import get_logger
from chassis.metrics import Metrics

SUMMED = ("counter", "histogram")  # a gauge of one process says nothing of all
LAST_WORDS_WITHIN_S = 0.2  # a worker this busy reads no more
MAX_MESSAGE_BYTES = 200_000
SAMPLE = tuple[str, tuple[tuple[str, str], ...]]  # name and labels

log = get_logger(__name__)


class NumbersSender:
    """A call's end. `address`: of the worker's `CallNumbers`."""

    def __init__(self, address: str, sources: Sequence[CollectorRegistry]) -> None:
        self._address = address
        self._sources = sources
        self._sent: dict[SAMPLE, float] = {}

    def send(self, is_last: bool) -> None:
        """What is new. Does not wait for the worker, but a moment for the last time."""
        message, now = _news(self._sources, self._sent)
        if not message:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
                wire.settimeout(LAST_WORDS_WITHIN_S if is_last else 0)
                wire.sendto(json.dumps(message).encode(), self._address)
        except OSError as exc:  # next time, then
            log.debug("numbers_not_sent", reason=repr(exc))
            return
        self._sent = now


class CallNumbers(Collector):
    """The worker's end: sums of what its calls sent. Enter it to listen; read by Prometheus.

    `counted`: what a call can count, so that all of it is told before the first call.
    """

    def __init__(self, metrics: Metrics, counted: Sequence[CollectorRegistry] = ()) -> None:
        self._families: dict[str, tuple[str, str, dict[SAMPLE, float]]] = {}
        self._wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._folder = tempfile.TemporaryDirectory(prefix="parley-agent-")
        self.address = str(Path(self._folder.name) / "numbers.sock")
        self._add(_news(counted, {})[0])
        metrics.registry.register(self)

    async def __aenter__(self) -> Self:
        self._wire.setblocking(False)
        self._wire.bind(self.address)
        asyncio.get_running_loop().add_reader(self._wire, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._read()
        asyncio.get_running_loop().remove_reader(self._wire)
        self._wire.close()
        self._folder.cleanup()

    def collect(self) -> Iterator[Metric]:
        for name, (kind, text, samples) in self._families.items():
            family = Metric(name, text, kind)
            for (sample, labels), value in samples.items():
                family.add_sample(sample, dict(labels), value)
            yield family

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._add(json.loads(self._wire.recv(MAX_MESSAGE_BYTES)))

    def _add(self, message: list[Any]) -> None:
        for name, kind, text, rows in message:
            _, _, samples = self._families.setdefault(name, (kind, text, {}))
            for sample, labels, value in rows:
                key = (sample, tuple((label, said) for label, said in labels))
                samples[key] = samples.get(key, 0.0) + value


def _news(
    sources: Iterable[CollectorRegistry], sent: Mapping[SAMPLE, float]
) -> tuple[list[Any], dict[SAMPLE, float]]:
    """What to tell, and all that is told then."""
    message: list[Any] = []
    now = dict(sent)
    for family in _families(sources):
        rows: list[Any] = []
        for sample in family.samples:
            key = (sample.name, tuple(sample.labels.items()))
            if sample.name.endswith("_created"):
                continue
            now[key] = sample.value
            # Nothing new is told too, once: a bucket that is empty is a bucket.
            if key not in sent or sample.value != sent[key]:
                rows.append([*key, sample.value - sent.get(key, 0.0)])
        if rows:
            message.append([family.name, family.type, family.documentation, rows])
    return message, now


def _families(sources: Iterable[CollectorRegistry]) -> Iterator[Metric]:
    for registry in sources:
        for family in registry.collect():
            if family.type in SUMMED and family.name.startswith("parley_"):
                yield family
