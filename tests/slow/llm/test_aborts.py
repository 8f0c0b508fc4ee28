"""Clients that leave all day long, which is what breaks llama-server: nothing is left of them."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.processes import until
from tests.slow.llm.servers import SERVER, Running, running, stream, written

ABORTS = 200
AT_ONCE = 4
STREAMS = 3
FREE_WITHIN_S = 10.0  # a guard: the numbers are for the bench
SLACK_BYTES = 48 << 20
SLACK_FILES = 8


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, backend=SERVER, slots="4", ctx_size="4096") as server:
        yield server


def test_a_client_that_leaves_frees_its_slot(server: Running) -> None:
    with stream(server) as chunks:
        next(chunk for chunk in chunks if written(chunk))
        assert busy(server) == 1
    took_s = until(lambda: busy(server) == 0, FREE_WITHIN_S)
    print(f"a slot was free {took_s * 1000:.0f} ms after its client left")  # noqa: T201
    assert server.metric('parley_llm_slots_busy{lane="all"}') == 0


def test_a_storm_of_clients_that_leave_harms_nobody(server: Running) -> None:
    abort(server, 0)
    before = used(server)
    stop = threading.Event()
    with ThreadPoolExecutor(STREAMS + AT_ONCE + 1) as threads:
        streams = [threads.submit(keep_streaming, server, stop) for _ in range(STREAMS)]
        probing = threads.submit(live_times, server, stop)
        began = time.monotonic()
        list(threads.map(lambda number: abort(server, number), range(ABORTS)))
        storm_s = time.monotonic() - began
        stop.set()
        whole = sum(done.result() for done in streams)
        live_s = sorted(probing.result())
    took_s = until(lambda: busy(server) == 0, FREE_WITHIN_S)
    assert whole >= STREAMS, "streams beside the storm came to their end"
    assert server.ask().status_code == 200
    after = used(server)
    restarts = server.metric('parley_llm_engine_restarts_total{reason="stalled"}')
    p99_s = live_s[int(len(live_s) * 0.99)]
    print(  # noqa: T201 - what was measured
        f"{ABORTS} aborts in {storm_s:.1f} s beside {whole} whole streams; slots free after "
        f"{took_s * 1000:.0f} ms; /health/live p99 {p99_s * 1000:.0f} ms of {len(live_s)}; "
        f"memory and files {before} -> {after}; {restarts:.0f} restarts"
    )
    for (rss, files), (more_rss, more_files) in zip(before, after, strict=True):
        assert more_rss - rss < SLACK_BYTES
        assert more_files - files < SLACK_FILES


def abort(server: Running, number: int) -> None:
    """Leave at some point: before the headers, with them, or after some tokens."""
    try:
        with stream(server, f"{number} and so on", max_tokens=500) as chunks:
            for chunk, _ in zip(chunks, range(number % 7), strict=False):
                assert "error" not in chunk
    except AssertionError:
        pass  # the queue may be full: that one left too


def keep_streaming(server: Running, stop: threading.Event) -> int:
    """Whole streams, one after the other, until told to stop."""
    whole = 0
    while not stop.is_set():
        with stream(server, "on and on", max_tokens=100) as chunks:
            last = list(chunks)[-1]
        assert last["choices"][0]["finish_reason"] == "length", last
        whole += 1
    return whole


def live_times(server: Running, stop: threading.Event) -> list[float]:
    times = []
    with httpx2.Client(timeout=10) as client:
        while not stop.wait(0.05):
            began = time.perf_counter()
            assert client.get(f"{server.url}/health/live").status_code == 200
            times.append(time.perf_counter() - began)
    return times


def busy(server: Running) -> int:
    return sum(slot["is_processing"] for slot in server.slots())


def used(server: Running) -> list[tuple[int, int]]:
    """Memory and open files, of the server and of its engine."""
    processes = [psutil.Process(server.pid), server.engine()]
    return [(process.memory_info().rss, process.num_fds()) for process in processes]
