"""Metric names and buckets that every service exports; `parley_<service>_<what>_<unit>`."""

import copy
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Self

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from chassis import room_left

# From a cache hit to a turn's whole budget; speech work lives between 10 ms and 5 s.
SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0)

Labels = Iterable[str] | Mapping[str, Iterable[str]]  # their names, or what each may say


class Metrics:
    """One service's registry. `service` is its name in metric names: `stt`, `agent` …"""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, service: str) -> None:
        self.service = service
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.http_request_seconds = self.histogram(
            "http_request_seconds",
            "time from request to the response's last byte",
            ["method", "route", "status"],
        )
        self.http_in_flight = self.gauge("http_in_flight", "requests being served")
        self.client_request_seconds = self.histogram(
            "client_request_seconds", "time to response headers of a peer", ["peer", "status"]
        )
        self.client_connections_total = self.counter(
            "client_connections_total", "connections opened to a peer", ["peer"]
        )
        self.client_in_flight = self.gauge(
            "client_in_flight", "requests waiting for a peer", ["peer"]
        )
        self.dependency_ready = self.gauge(
            "dependency_ready", "1 when the dependency can serve", ["dependency"]
        )
        self.dependency_latency_seconds = self.gauge(
            "dependency_latency_seconds",
            "time of the last look that found it ready",
            ["dependency"],
        )
        self.gauge("memory_used_bytes", "of the container, else of the machine").set_function(
            room_left.memory_used_bytes
        )
        self.gauge("memory_limit_bytes", "of the container, else of the machine").set_function(
            room_left.memory_limit_bytes
        )

    def part(self, name: str) -> Self:
        """The same registry, for a part whose names could be another part's too."""
        part = copy.copy(self)
        part.service = f"{self.service}_{name}"
        return part

    def watch_disk(self, what: str, folder: Path) -> None:
        """How full the disk under `folder` is, which keeps `what`."""
        free = self.gauge("disk_free_bytes", "of the disk that keeps it", ["keeps"])
        free.labels(what).set_function(partial(room_left.disk_free_bytes, folder))
        size = self.gauge("disk_bytes", "of the disk that keeps it", ["keeps"])
        size.labels(what).set_function(partial(room_left.disk_bytes, folder))

    def name(self, what: str) -> str:
        return f"parley_{self.service}_{what}"

    def counter(self, what: str, text: str, labels: Labels = ()) -> Counter:
        """Labels that are told with all their values start at 0, each combination of them: where a
        counter appears only with its first event, `rate` and `increase` never see that event."""
        counter = Counter(self.name(what), text, list(labels), registry=self.registry)
        if isinstance(labels, Mapping):
            for values in product(*labels.values()):
                counter.labels(*values)
        return counter

    def gauge(self, what: str, text: str, labels: list[str] | None = None) -> Gauge:
        return Gauge(self.name(what), text, labels or [], registry=self.registry)

    def histogram(
        self,
        what: str,
        text: str,
        labels: list[str] | None = None,
        buckets: tuple[float, ...] = SECONDS_BUCKETS,
    ) -> Histogram:
        return Histogram(
            self.name(what), text, labels or [], buckets=buckets, registry=self.registry
        )

    def render(self) -> bytes:
        """The exposition text of `GET /metrics`."""
        return generate_latest(self.registry)
