"""Models of the real size with random weights: what they cost is real, what they write is not."""

import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from tokenizers import Tokenizer

from bench.stt.sounds import monologue
from inference.audio import RATE_HZ
from inference.stt.nemotron_runtime import Work
from inference.stt.sherpa import Sherpa
from tests.fakes import whisper_model
from tests.processes import ROOT

FOLDER = Path("~/.cache/parley/bench").expanduser()
CHUNK_S = 0.56
READY = "READY"  # a file that is there when all others are
NEMOTRON_READY = "READY-2"  # as bench.nemotron_weights writes it: needs torch, is not imported
BUILD_WITHIN_S = 3600.0
# Of Nemotron in speech: people say two or three words a second, of one or two tokens. By its
# weights alone it writes 16, and each token costs a pass of the decoder that no batch shares.
TOKENS_PER_S = 5.0
CALM = "CALM"
CALM_TRIES, CALM_BIAS = 8, 40.0
CALM_SOUND_S = 12.0
# Of Whisper's answers: about as many words as people say in ten seconds. By its weights alone it
# says one or as many as it may.
TOKENS = 32
SURE = 100.0  # beside weights of 0.02


def nemotron() -> Path:
    """For sherpa-onnx, int8. Made by torch's environment: minutes, once."""
    folder = FOLDER / "nemotron-0.6b-random-560ms"
    if not (folder / NEMOTRON_READY).exists():
        subprocess.run(["make", "--no-print-directory", "nemo"], cwd=ROOT, check=True)
        subprocess.run(
            [ROOT / ".venv-nemo/bin/python", "-m", "bench.nemotron_weights", folder],
            cwd=ROOT,
            check=True,
            timeout=BUILD_WITHIN_S,
        )
    if not (folder / CALM).exists():
        _limit_tokens(folder)
        (folder / CALM).touch()
    return folder


def whisper() -> Path:
    """In the shape of Whisper small, int8."""
    folder = FOLDER / "whisper-small-random"
    if not (folder / READY).exists():
        shutil.rmtree(folder, ignore_errors=True)
        whisper_model.build(folder, replace(whisper_model.SMALL, stop=0.0, marks=-30.0))
        _limit_answers(folder)
        (folder / READY).touch()
    return folder


def _limit_tokens(folder: Path) -> None:
    """Raise the score of writing nothing until speech comes out at TOKENS_PER_S."""
    path = folder / "joiner.int8.onnx"
    joiner = onnx.load(str(path))
    bias = next(one for one in joiner.graph.initializer if one.name in joiner.graph.node[-1].input)
    scores = onnx.numpy_helper.to_array(bias).copy()
    first, low, high = float(scores[-1]), 0.0, CALM_BIAS  # the last score is that of nothing
    for _ in range(CALM_TRIES):
        added = (low + high) / 2
        scores[-1] = first + added
        bias.CopyFrom(onnx.numpy_helper.from_array(scores, bias.name))
        onnx.save(joiner, str(path))
        low, high = (added, high) if _tokens_per_s(folder) > TOKENS_PER_S else (low, added)


def _tokens_per_s(folder: Path) -> float:
    sound = monologue(0, CALM_SOUND_S).astype(np.float32) / np.float32(32_768)
    runtime = Sherpa(folder, threads=2, max_streams=1)
    runtime.load()
    try:
        stream = runtime.open("en")
        chunk = int(runtime.chunk_s * RATE_HZ)
        written = 0
        for at in range(0, len(sound) - chunk + 1, chunk):
            (told,) = runtime.step([Work(handle=stream, samples=sound[at : at + chunk])])
            written += len(told.pieces)
    finally:
        runtime.close()
    return written / CALM_SOUND_S


def _limit_answers(folder: Path) -> None:
    """Each position of the answer is sure of a word of its own, and from TOKENS on of the end.

    Without that the model is unsure of all it says, and is asked again and again.
    """
    token = Tokenizer.from_file(str(folder / "tokenizer.json")).token_to_id
    words = sorted({word for sentence in whisper_model.SENTENCES for word in sentence.split()})
    embeddings = _array(folder, "decoder/embeddings/weight", np.int8)
    positions = _array(folder, "decoder/position_encodings/encodings", np.float32)
    for position in range(len(positions)):
        said = f"Ġ{words[position % len(words)]}" if position < TOKENS else "<|endoftext|>"
        direction = embeddings[token(said)].astype(np.float32)
        positions[position] += SURE * direction / np.linalg.norm(direction)
    positions.flush()


def _array(folder: Path, name: str, kind: type[np.generic]) -> "np.memmap[Any, Any]":
    """A variable of a CTranslate2 model, to be changed in place."""
    path = folder / "model.bin"
    whole: NDArray[np.uint8] = np.memmap(path, np.uint8, "r")
    title = name.encode() + b"\0"
    at = bytes(whole).index(struct.pack("H", len(title)) + title) + 2 + len(title)
    rank = int(whole[at])
    shape = struct.unpack(f"{rank}I", bytes(whole[at + 1 : at + 1 + 4 * rank]))
    data_at = at + 1 + 4 * rank + 1 + 4  # behind its type and its size
    return np.memmap(path, kind, "r+", data_at, shape)
