"""The embedded engine's decoders belong to one thread at a time."""

import subprocess
import sys
from pathlib import Path

CROSSES_WITHIN_S = 120.0  # 5 s alone


def test_streams_closed_by_another_thread_while_they_work_harm_nobody(tmp_path: Path) -> None:
    program = [sys.executable, "-X", "faulthandler", "-m", "tests.inference.stt.crossed_threads"]
    crossed = subprocess.run(
        [*program, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=CROSSES_WITHIN_S,
        check=False,
    )
    assert crossed.returncode == 0, crossed.stderr
