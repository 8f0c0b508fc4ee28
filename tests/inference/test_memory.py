"""Memory is watched, exported and capped, and what is freed goes back to the machine."""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace

import psutil
import pytest

from chassis.errors import Unavailable
from chassis.metrics import Metrics
from inference import memory
from inference.memory import FRESH_S, MemoryWatch, give_back

HUGE = 1 << 50


def watch(rss: int = 0, vram: int = 0, metrics: Metrics | None = None) -> MemoryWatch:
    return MemoryWatch(max_rss_bytes=rss, max_vram_bytes=vram, metrics=metrics or Metrics("test"))


def test_without_a_cap_nothing_is_refused() -> None:
    unbounded = watch()
    unbounded.check()
    assert unbounded.problem() is None


def test_below_the_cap_nothing_is_refused() -> None:
    watch(rss=HUGE, vram=HUGE).check()


def test_beyond_the_cap_new_work_is_refused_with_numbers() -> None:
    with pytest.raises(Unavailable) as refused:
        watch(rss=1_000_000).check()
    assert refused.value.error_code == "memory_cap"
    assert refused.value.retry_after_s
    assert "1000000 are allowed" in refused.value.message


def test_numbers_are_exported() -> None:
    metrics = Metrics("test")
    watch(rss=5_000_000, metrics=metrics)
    lines = dict(
        line.rpartition(" ")[::2]
        for line in metrics.render().decode().splitlines()
        if not line.startswith("#")
    )
    held = float(lines["parley_test_rss_bytes"])
    assert held == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    assert float(lines['parley_test_memory_cap_bytes{kind="rss"}']) == 5_000_000
    assert float(lines["parley_test_vram_bytes"]) >= 0


def test_memory_that_is_freed_lets_work_in_again() -> None:
    held = psutil.Process().memory_info().rss
    ballast = bytearray(b"x") * 100_000_000
    capped = watch(rss=held + 50_000_000)
    assert capped.problem()
    del ballast
    _until(lambda: capped.problem() is None)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps what is freed")
def test_what_is_freed_goes_back_to_the_machine() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    size, count = 64_000, 1_000  # too small to be given back one by one
    blocks = [libc.malloc(size) for _ in range(count)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    *freed, top = blocks  # the last keeps the heap from shrinking
    for block in freed:
        libc.free(block)
    before = psutil.Process().memory_info().rss
    give_back()
    assert psutil.Process().memory_info().rss < before - size * count * 0.8
    libc.free(top)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10 * FRESH_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # between two polls of a deadline


class FakeNvml:
    """A driver with one GPU and what runs on it."""

    NVMLError = RuntimeError

    def __init__(self, held: dict[int, int], *, is_lost: bool = False) -> None:
        self._held = held
        self._is_lost = is_lost

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 1

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        if self._is_lost:
            raise RuntimeError("the GPU is lost")
        return index

    def nvmlDeviceGetComputeRunningProcesses(self, _: int) -> list[SimpleNamespace]:  # noqa: N802
        return [SimpleNamespace(pid=p, usedGpuMemory=b) for p, b in self._held.items()]


def test_gpu_memory_of_an_engine_that_is_a_process_of_its_own_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        fake = FakeNvml({os.getpid(): 1, child.pid: 2, os.getppid(): 4})
        monkeypatch.setattr(memory, "driver", lambda: fake)
        assert (watch(vram=2).problem() or "").startswith("the process holds 3 bytes of GPU")
        child.kill()


def test_a_driver_that_fails_is_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "driver", lambda: FakeNvml({}, is_lost=True))
    watch(vram=1).check()
