"""Write a `.nemo` transducer as the ONNX files that sherpa-onnx streams: one chunk size each."""

import argparse
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inference.stt.engine import EngineFailed
from inference.stt.export_encoder import StreamingEncoder, write_encoder
from inference.stt.nemo_model import look_ahead, restore
from inference.stt.quantise import OPSET, quantise_matmuls

CHUNKS_MS = (80, 160, 560, 1120)
MAX_ONE_FILE_BYTES = 1_900_000_000  # protobuf ends at 2 GiB: larger weights stay beside the model
PARTS = ("encoder", "decoder", "joiner")

Report = Callable[[str], None]


def export(
    nemo_file: Path, folder: Path, *, chunk_ms: int, quantise: bool = True, report: Report
) -> None:
    """Fill `folder`, which must not be there or be empty: it appears when all is written.

    Raises EngineFailed where the model cannot be exported.
    """
    if folder.exists() and any(folder.iterdir()):
        raise EngineFailed(f"{folder} is not empty")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        report(f"restoring {nemo_file}")
        model = restore(nemo_file, "cpu")
        context = look_ahead(model, chunk_ms)
        model.encoder.set_default_att_context_size(context)
        encoder = StreamingEncoder(model.encoder)
        raw, done = work / "raw", work / "done"
        raw.mkdir()
        done.mkdir()
        write_parts(model, encoder, raw, report)
        write_tokens(model.joint.vocabulary, done / "tokens.txt")
        metadata = describe(model, encoder, chunk_ms)
        del model, encoder  # quantising needs their memory
        for name in PARTS:
            report(f"{'quantising' if quantise else 'packing'} {name}")
            _finish(raw / f"{name}.onnx", done, metadata if name == "encoder" else {}, quantise)
        done.chmod(0o755)
        os.replace(done, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_parts(model: Any, encoder: StreamingEncoder, folder: Path, report: Report) -> None:
    """The three networks, in single precision; large ones with weights in files beside them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer: sizes that are fixed, as they should be
        report("exporting encoder")
        write_encoder(encoder, folder / "encoder.onnx", OPSET)
        for part, name in (("decoder", "decoder"), ("joint", "joiner")):  # NeMo's name, sherpa's
            report(f"exporting {name}")
            getattr(model, part).export(str(folder / f"{name}.onnx"), onnx_opset_version=OPSET)


def write_tokens(vocabulary: list[str], path: Path) -> None:
    lines = [f"{token} {number}" for number, token in enumerate([*vocabulary, "<blk>"])]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def describe(model: Any, encoder: StreamingEncoder, chunk_ms: int) -> dict[str, str]:
    """What sherpa-onnx must know of the encoder; sizes of steps are in frames of the sound."""
    decoder, subsampling = model.decoder, model.encoder.subsampling_factor
    sound, _, channel, time, _ = encoder.start(1)
    told = {
        "vocab_size": len(model.joint.vocabulary),
        "window_size": sound.shape[2],
        "chunk_shift": encoder.frames * subsampling,
        "chunk_size_ms": chunk_ms,
        "normalize_type": _normalisation(model),
        **{f"cache_last_channel_dim{n}": channel.shape[n] for n in (1, 2, 3)},
        **{f"cache_last_time_dim{n}": time.shape[n] for n in (1, 2, 3)},
        "pred_rnn_layers": decoder.pred_rnn_layers,
        "pred_hidden": decoder.pred_hidden,
        "subsampling_factor": subsampling,
        "feat_dim": model.cfg.preprocessor.features,
        "model_type": "EncDecHybridRNNTCTCBPEModel",  # by this name the library knows streaming
        "version": "1",
        "model_author": "NeMo",
        "url": "",
        "comment": f"look-ahead {encoder.frames - 1} frames",
    }
    return {key: str(value) for key, value in told.items()}


def _normalisation(model: Any) -> str:
    kind = model.cfg.preprocessor.get("normalize") or ""
    return "" if kind == "NA" else str(kind)


def _finish(source: Path, folder: Path, metadata: dict[str, str], quantise: bool) -> None:
    """Put the network where it belongs, in 8 bits if wanted, with its metadata."""
    import onnx

    model = onnx.load(str(source), load_external_data=False)
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, str(source))
    if quantise:
        quantise_matmuls(source, folder / f"{source.stem}.int8.onnx")
        return
    model = onnx.load(str(source))
    large = model.ByteSize() > MAX_ONE_FILE_BYTES
    onnx.save(
        model,
        str(folder / source.name),
        save_as_external_data=large,
        location=f"{source.stem}.weights" if large else None,
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m inference.stt.export_onnx", description=__doc__
    )
    parser.add_argument("model", type=Path, metavar="MODEL.nemo")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="absent or empty")
    parser.add_argument("--chunk-ms", type=int, choices=CHUNKS_MS, default=560)
    parser.add_argument("--no-quantise", action="store_true", help="keep single precision")
    asked = parser.parse_args()
    try:
        export(
            asked.model,
            asked.folder,
            chunk_ms=asked.chunk_ms,
            quantise=not asked.no_quantise,
            report=print,
        )
    except EngineFailed as exc:
        parser.exit(1, f"{exc}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
