"""What is left of memory and disks around this process: its container's, else the machine's."""

import shutil
from pathlib import Path

# The root of these files is the container's own group; a machine's root group has neither.
CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")
KIB = 1024


def memory_used_bytes(cgroup: Path = CGROUP, meminfo: Path = MEMINFO) -> float:
    """Without what the kernel can drop at once; not a number where nothing tells."""
    if _limit(cgroup) is not None and (held := _number(cgroup / "memory.current")) is not None:
        return max(0, held - _rows(cgroup / "memory.stat").get("inactive_file", 0))
    rows = _rows(meminfo)
    return (rows.get("MemTotal:", 0) - rows.get("MemAvailable:", 0)) * KIB if rows else float("nan")


def memory_limit_bytes(cgroup: Path = CGROUP, meminfo: Path = MEMINFO) -> float:
    """What may be used before the kernel kills; not a number where nothing tells."""
    limit = _limit(cgroup)
    if limit is not None:
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


def _limit(cgroup: Path) -> int | None:
    return _number(cgroup / "memory.max")


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
