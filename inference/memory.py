"""What this process holds of the machine's memory and of the GPU's, watched and capped."""

import ctypes
import os
import sys
import time
from functools import cache
from typing import Any

import psutil

from chassis.errors import Unavailable
from chassis.metrics import Metrics

FRESH_S = 0.5  # asking the kernel takes tens of microseconds, the driver a millisecond
RETRY_AFTER_S = 5.0


class MemoryWatch:
    """Refuses new work while a cap is passed; what runs goes on. A cap of 0 is none."""

    def __init__(self, *, max_rss_bytes: int, max_vram_bytes: int, metrics: Metrics) -> None:
        self._max_rss_bytes = max_rss_bytes
        self._max_vram_bytes = max_vram_bytes
        self._process = psutil.Process()
        self._seen: tuple[int, int] = (0, 0)
        self._seen_at_s = float("-inf")
        metrics.gauge("rss_bytes", "memory the process holds").set_function(lambda: self._now()[0])
        metrics.gauge("vram_bytes", "memory the process holds on GPUs").set_function(
            lambda: self._now()[1]
        )
        caps = metrics.gauge("memory_cap_bytes", "most it may hold; 0: no cap", ["kind"])
        caps.labels("rss").set(max_rss_bytes)
        caps.labels("vram").set(max_vram_bytes)

    def problem(self) -> str | None:
        """Why no new work is taken, in words."""
        rss, vram = self._now()
        for kind, held, cap in (
            ("memory", rss, self._max_rss_bytes),
            ("GPU memory", vram, self._max_vram_bytes),
        ):
            if cap and held > cap:
                return f"the process holds {held} bytes of {kind}, {cap} are allowed"
        return None

    def check(self) -> None:
        """Raises Unavailable while a cap is passed."""
        if problem := self.problem():
            raise Unavailable(problem, code="memory_cap", retry_after_s=RETRY_AFTER_S)

    def _now(self) -> tuple[int, int]:
        if time.monotonic() - self._seen_at_s >= FRESH_S:
            self._seen = (self._process.memory_info().rss, _vram_bytes())
            self._seen_at_s = time.monotonic()
        return self._seen


def give_back() -> None:
    """What was freed, to the kernel: glibc keeps it for the process otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)


def _vram_bytes() -> int:
    """Of this process and of engines that are processes of their own, over all GPUs; 0 without a
    driver, or with one that fails."""
    nvml = driver()
    if nvml is None:
        return 0
    ours = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    held = 0
    try:
        for index in range(nvml.nvmlDeviceGetCount()):
            device = nvml.nvmlDeviceGetHandleByIndex(index)
            for process in nvml.nvmlDeviceGetComputeRunningProcesses(device):
                if process.pid in ours:
                    held += process.usedGpuMemory or 0
    except nvml.NVMLError:
        return 0
    return held


@cache
def driver() -> Any:
    """NVIDIA's management library; None where there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml
