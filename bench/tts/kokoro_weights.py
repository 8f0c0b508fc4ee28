"""Weights in the shape of Kokoro 82M, by chance: what it costs to run them is real.

Run with torch's own environment: `.venv-kokoro/bin/python -m bench.tts.kokoro_weights FOLDER`.
"""

import argparse
import tempfile
from pathlib import Path

from tests.fakes.kokoro_torch_model import make_kokoro

# Is there when all the rest is. It counts changes of what is made: older weights are replaced.
READY = "READY-1"


def build(folder: Path) -> None:
    """Each phoneme lasts as long as people take for one, on average."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as work:
        done = Path(work) / "done"
        make_kokoro(done, full_size=True)
        (done / READY).touch()
        if folder.exists():
            folder.replace(Path(work) / "old")  # who has loaded it can go on
        done.replace(folder)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tts.kokoro_weights", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    build(parser.parse_args().folder)


if __name__ == "__main__":
    main()
