import math
from pathlib import Path

import pytest

from chassis.metrics import Metrics
from chassis.room_left import memory_limit_bytes, memory_used_bytes

MIB = 1 << 20


@pytest.fixture
def meminfo(tmp_path: Path) -> Path:
    path = tmp_path / "meminfo"
    path.write_text("MemTotal:       8192 kB\nMemAvailable:    2048 kB\nHugePages_Total:       0\n")
    return path


def container(folder: Path, limit: str) -> Path:
    (folder / "memory.max").write_text(limit)
    (folder / "memory.current").write_text(f"{100 * MIB}\n")
    (folder / "memory.stat").write_text(f"anon {60 * MIB}\ninactive_file {30 * MIB}\n")
    return folder


def test_a_container_counts_its_own_memory_without_what_can_be_dropped(
    tmp_path: Path, meminfo: Path
) -> None:
    own = container(tmp_path, f"{128 * MIB}\n")
    assert memory_limit_bytes(own, meminfo) == 128 * MIB
    assert memory_used_bytes(own, meminfo) == 70 * MIB


def test_an_older_kernel_tells_it_in_other_words(tmp_path: Path, meminfo: Path) -> None:
    own = tmp_path / "memory"
    own.mkdir()
    (own / "memory.limit_in_bytes").write_text(f"{128 * MIB}\n")
    (own / "memory.usage_in_bytes").write_text(f"{100 * MIB}\n")
    (own / "memory.stat").write_text(f"inactive_file 1\ntotal_inactive_file {30 * MIB}\n")
    assert memory_limit_bytes(tmp_path, meminfo) == 128 * MIB
    assert memory_used_bytes(tmp_path, meminfo) == 70 * MIB
    (own / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert memory_limit_bytes(tmp_path, meminfo) == 8192 * 1024


def test_without_a_limit_it_is_the_machines(tmp_path: Path, meminfo: Path) -> None:
    own = container(tmp_path, "max\n")
    assert memory_limit_bytes(own, meminfo) == 8192 * 1024
    assert memory_used_bytes(own, meminfo) == 6144 * 1024


def test_where_nothing_tells_there_is_no_number(tmp_path: Path) -> None:
    assert math.isnan(memory_used_bytes(tmp_path, tmp_path / "none"))
    assert math.isnan(memory_limit_bytes(tmp_path, tmp_path / "none"))


def test_a_disk_is_told_before_its_folder_is_made(tmp_path: Path) -> None:
    metrics = Metrics("ear")
    metrics.watch_disk("models", tmp_path / "not" / "yet")
    free = metrics.registry.get_sample_value("parley_ear_disk_free_bytes", {"keeps": "models"})
    size = metrics.registry.get_sample_value("parley_ear_disk_bytes", {"keeps": "models"})
    assert free is not None
    assert size is not None
    assert 0 < free <= size
