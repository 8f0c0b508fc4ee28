"""A NeMo model as ONNX files: sherpa-onnx streams them, in company as alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from inference.audio import Pcm
from inference.stt.engine import EngineFailed, Options, Transcript
from inference.stt.export_onnx import export
from inference.stt.nemotron import Nemotron
from inference.stt.onnx_file import read_metadata
from inference.stt.sherpa import Sherpa
from tests.slow.stt.conftest import quiet

FILES = {"encoder.int8.onnx", "decoder.int8.onnx", "joiner.int8.onnx", "tokens.txt"}


def write(folder: Path, sounds: list[Pcm], *, max_batch: int = 16) -> list[Transcript]:
    runtime = Sherpa(folder, threads=1, max_streams=16)
    with Nemotron(
        model="tiny", runtime=runtime, max_batch=max_batch, on_step=lambda *step: None
    ) as engine:
        return engine.transcribe(sounds, Options())


def test_the_files_are_those_that_sherpa_reads(onnx: Path) -> None:
    assert {path.name for path in onnx.iterdir()} == FILES
    told = read_metadata(onnx / "encoder.int8.onnx")
    assert told["chunk_size_ms"] == "560"
    assert (told["window_size"], told["chunk_shift"]) == ("65", "56")
    assert [path for path in onnx.parent.iterdir() if path.name.startswith(".")] == []


def test_what_is_exported_writes_text_alone_as_in_company(onnx: Path, sounds: list[Pcm]) -> None:
    together = write(onnx, sounds)
    assert all(transcript.words for transcript in together)
    assert len({transcript.text for transcript in together}) > 1
    assert write(onnx, sounds, max_batch=1) == together


@pytest.mark.parametrize("chunk_ms", [80, 160, 1120])
def test_every_chunk_can_be_exported(
    tiny: Path, tmp_path: Path, sounds: list[Pcm], chunk_ms: int
) -> None:
    export(tiny, tmp_path / "onnx", chunk_ms=chunk_ms, report=quiet)
    runtime = Sherpa(tmp_path / "onnx", threads=1, max_streams=2)
    runtime.load()
    assert runtime.chunk_s == pytest.approx(chunk_ms / 1000)
    runtime.close()
    assert all(transcript.text for transcript in write(tmp_path / "onnx", sounds[:2]))


def test_single_precision_is_kept_on_request(
    tiny: Path, onnx: Path, tmp_path: Path, sounds: list[Pcm]
) -> None:
    folder = tmp_path / "whole"
    export(tiny, folder, chunk_ms=560, quantise=False, report=quiet)
    assert {path.name for path in folder.iterdir()} == {name.replace(".int8", "") for name in FILES}
    whole = write(folder, sounds)
    assert write(folder, sounds, max_batch=1) == whole
    small, large = (path.stat().st_size for path in _encoders(onnx, folder))
    assert small < large


def _encoders(*folders: Path) -> list[Path]:
    return [next(folder.glob("encoder*.onnx")) for folder in folders]


def test_the_command_tells_how_far_it_is_and_why_it_failed(tiny: Path, tmp_path: Path) -> None:
    module = "inference.stt.export_onnx"

    def run(folder: Path, chunk_ms: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, tiny, folder, "--chunk-ms", str(chunk_ms)],
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    done = run(tmp_path / "onnx", 560)
    assert done.returncode == 0, done.stderr
    for step in ("restoring", "exporting encoder", "quantising joiner"):
        assert step in done.stdout
    again = run(tmp_path / "onnx", 560)
    assert again.returncode == 1
    assert again.stderr == f"{tmp_path / 'onnx'} is not empty\n"


def test_what_cannot_be_exported_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = tmp_path / "broken.nemo"
    broken.write_bytes(b"\0" * 10_000)
    with pytest.raises(EngineFailed, match="cannot be restored"):
        export(broken, tmp_path / "onnx", chunk_ms=560, report=quiet)
    assert list(tmp_path.iterdir()) == [broken]
