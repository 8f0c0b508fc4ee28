"""How much memory a model may take now: the machine's, the container's, the GPU's."""

from collections.abc import Iterator
from pathlib import Path

import psutil

from inference.memory import driver

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
# Files of the two versions: the limit, what is held, and what of it the kernel can drop.
FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
UNLIMITED_BYTES = 1 << 60  # cgroup v1 says "no limit" by a number about as large


def free_bytes() -> int:
    """Of main memory: what the machine has left, or the container where that is less."""
    own = OWN_CGROUPS.read_text().splitlines() if OWN_CGROUPS.exists() else []
    return min(psutil.virtual_memory().available, *cgroup_free_bytes(CGROUPS, own), UNLIMITED_BYTES)


def cgroup_free_bytes(root: Path, own: list[str]) -> Iterator[int]:
    """What each limit around this process leaves; `own` are the lines of /proc/self/cgroup."""
    for folder in _folders(root, own):
        for limit_name, held_name, droppable_name in FILES:
            limit, held = _number(folder / limit_name), _number(folder / held_name)
            if limit is not None and held is not None and limit < UNLIMITED_BYTES:
                droppable = _of_stat(folder / "memory.stat", droppable_name)
                yield max(0, limit - held + droppable)


def free_vram_bytes() -> int:
    """Of the GPU with the most of it; 0 without a GPU."""
    nvml = driver()
    if nvml is None:
        return 0
    try:
        handles = map(nvml.nvmlDeviceGetHandleByIndex, range(nvml.nvmlDeviceGetCount()))
        return max((int(nvml.nvmlDeviceGetMemoryInfo(one).free) for one in handles), default=0)
    except nvml.NVMLError:  # a GPU whose driver fails is none
        return 0


def _folders(root: Path, own: list[str]) -> Iterator[Path]:
    """Of this process's groups and all around them: each may have a limit."""
    yield root
    yield root / "memory"
    for line in own:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            group = root / controllers / path.lstrip("/")
            yield from (one for one in (group, *group.parents) if one.is_relative_to(root))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # not there, or "max"
        return None


def _of_stat(path: Path, name: str) -> int:
    try:
        rows = (line.split() for line in path.read_text().splitlines())
        return next((int(row[1]) for row in rows if row[0] == name), 0)
    except (OSError, ValueError):
        return 0
