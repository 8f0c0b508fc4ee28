"""What a worker and all its processes use: processor seconds and memory."""

import contextlib
import time
from dataclasses import dataclass, field

import psutil

MIB = 2**20


@dataclass(slots=True)
class Tree:
    """A process and its descendants, those that ended since the last look included."""

    pid: int
    _cpu_s: dict[int, float] = field(default_factory=dict)

    def cpu_s(self) -> float:
        """Processor seconds so far. A process that ends between two looks loses its last ones."""
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                self._cpu_s[process.pid] = times.user + times.system
        return sum(self._cpu_s.values())

    def pss_mb(self) -> float:
        """Memory with shared pages split among those who share them, MiB."""
        total = 0
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss
        return total / MIB

    def rss_mb(self) -> float:
        total = 0
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total / MIB

    def fds(self) -> int:
        total = 0
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                total += process.num_fds()
        return total

    def count(self) -> int:
        return len(self._processes())

    def _processes(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


@dataclass(slots=True)
class Meter:
    """Cores used between two looks, by the tree and by everything else on the machine."""

    tree: Tree
    _began_s: float = 0.0
    _tree_s: float = 0.0
    _all_s: float = 0.0

    def start(self) -> None:
        self._began_s, self._tree_s = time.perf_counter(), self.tree.cpu_s()
        self._all_s = _busy_s()

    def cores(self) -> tuple[float, float]:
        """Of the tree, of the whole machine."""
        seconds = time.perf_counter() - self._began_s
        return (self.tree.cpu_s() - self._tree_s) / seconds, (_busy_s() - self._all_s) / seconds


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)
