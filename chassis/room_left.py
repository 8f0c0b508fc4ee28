"""What is left of memory and disks around this process: its container's, else the machine's."""

import shutil
from collections.abc import Iterator
from pathlib import Path

# In a container this is its own group; a machine's root group has no limit.
CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")
KIB = 1024
# Of the two versions: folder, limit, what is held, and what of it the kernel can drop.
FILES = (
    ("", "memory.max", "memory.current", "inactive_file"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
UNLIMITED_BYTES = 1 << 60  # version 1 says "no limit" by a number about as large


def memory_used_bytes(cgroup: Path = CGROUP, meminfo: Path = MEMINFO) -> float:
    """Without what the kernel can drop at once; not a number where nothing tells."""
    for folder, _, held_name, droppable in _limited(cgroup):
        if (held := _number(folder / held_name)) is not None:
            return max(0, held - _rows(folder / "memory.stat").get(droppable, 0))
    rows = _rows(meminfo)
    return (rows.get("MemTotal:", 0) - rows.get("MemAvailable:", 0)) * KIB if rows else float("nan")


def memory_limit_bytes(cgroup: Path = CGROUP, meminfo: Path = MEMINFO) -> float:
    """What may be used before the kernel kills; not a number where nothing tells."""
    for _, limit, _, _ in _limited(cgroup):
        return limit
    rows = _rows(meminfo)
    return rows.get("MemTotal:", 0) * KIB if rows else float("nan")


def disk_free_bytes(folder: Path) -> float:
    """Of the disk that `folder` is on, or will be."""
    return float(shutil.disk_usage(_there(folder)).free)


def disk_bytes(folder: Path) -> float:
    """Of the disk that `folder` is on, or will be."""
    return float(shutil.disk_usage(_there(folder)).total)


def _there(folder: Path) -> Path:
    """The nearest folder around it that exists."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.is_dir())


def _limited(cgroup: Path) -> Iterator[tuple[Path, int, str, str]]:
    """The group's folder and limit, where it has one, and the names of what else it tells."""
    for folder, limit_name, held, droppable in FILES:
        limit = _number(cgroup / folder / limit_name)
        if limit is not None and limit < UNLIMITED_BYTES:
            yield cgroup / folder, limit, held, droppable


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # not there, or "max"
        return None


def _rows(path: Path) -> dict[str, int]:
    """`name number` lines, as the kernel writes them."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    return {words[0]: int(words[1]) for line in lines if len(words := line.split()) >= 2}
