"""Weights in the shape of Nemotron 0.6B, by chance: what it costs to run them is real.

Run with torch's own environment: `.venv-nemo/bin/python -m bench.nemotron_weights FOLDER`.
Takes some minutes, 10 GB of memory and 8 GB of disk for a while; 0.6 GB stay.
"""

import argparse
import tempfile
from pathlib import Path

from inference.stt.export_onnx import CHUNKS_MS, export
from inference.stt.nemo_model import import_nemo

# Is there when all the rest is. It counts changes of what is exported: older weights are replaced.
READY = "READY-2"


def build(folder: Path, *, chunk_ms: int, quantise: bool = True) -> None:
    """What sherpa-onnx runs: in speech it writes some tokens a second, none that mean anything."""
    if (folder / READY).exists():
        print(f"{folder} is here already")
        return
    import_nemo()  # quiet, before the builders bring it in
    from tests.slow.stt import nemo_models

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as work:
        print("building 618 million weights")
        model = nemo_models.save(Path(work) / "model.nemo", nemo_models.REAL)
        done = Path(work) / "done"
        export(model, done, chunk_ms=chunk_ms, quantise=quantise, report=print)
        (done / READY).touch()
        if folder.exists():
            folder.replace(Path(work) / "old")  # who has loaded it can go on
        done.replace(folder)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.nemotron_weights", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--chunk-ms", type=int, choices=CHUNKS_MS, default=560)
    parser.add_argument("--no-quantise", action="store_true", help="keep single precision")
    asked = parser.parse_args()
    build(asked.folder, chunk_ms=asked.chunk_ms, quantise=not asked.no_quantise)


if __name__ == "__main__":
    main()
