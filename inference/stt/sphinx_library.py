"""libpocketsphinx by ctypes: unlike the Python module of its wheel, it lets go of the GIL."""

import ctypes
import importlib.util
import threading
from ctypes import POINTER, byref, c_char_p, c_double, c_float, c_int, c_int32, c_size_t, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from inference.audio import RATE_HZ, Pcm

FRAME_HZ = 100  # feature frames a second, by which the library tells time
CEPSTRA = 13
LOG_BASE = 1.0001  # of the decoders too: scores of both must add up
SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "ps_config_init": (c_void_p, (c_void_p,)),
    "ps_config_free": (c_int, (c_void_p,)),
    "ps_config_set_str": (c_void_p, (c_void_p, c_char_p, c_char_p)),
    "ps_init": (c_void_p, (c_void_p,)),
    "ps_free": (c_int, (c_void_p,)),
    "ps_add_lm": (c_int, (c_void_p, c_char_p, c_void_p)),
    "ps_activate_search": (c_int, (c_void_p, c_char_p)),
    "ps_start_stream": (c_int, (c_void_p,)),
    "ps_start_utt": (c_int, (c_void_p,)),
    "ps_process_raw": (c_int, (c_void_p, c_void_p, c_size_t, c_int, c_int)),
    "ps_end_utt": (c_int, (c_void_p,)),
    "ps_get_hyp": (c_char_p, (c_void_p, POINTER(c_int32))),
    "ps_get_n_frames": (c_int, (c_void_p,)),
    "ps_set_cmn": (c_int, (c_void_p, c_char_p)),
    "ps_get_logmath": (c_void_p, (c_void_p,)),
    "ps_get_fe": (c_void_p, (c_void_p,)),
    "ps_seg_iter": (c_void_p, (c_void_p,)),
    "ps_seg_next": (c_void_p, (c_void_p,)),
    "ps_seg_word": (c_char_p, (c_void_p,)),
    "ps_seg_frames": (None, (c_void_p, POINTER(c_int), POINTER(c_int))),
    "ps_seg_prob": (c_int32, (c_void_p, POINTER(c_int32), POINTER(c_int32), POINTER(c_int32))),
    "fe_start_utt": (c_int, (c_void_p,)),
    "fe_process_frames": (
        c_int,
        (c_void_p, POINTER(c_void_p), POINTER(c_size_t), POINTER(c_void_p), POINTER(c_int32)),
    ),
    "err_set_loglevel_str": (c_char_p, (c_char_p,)),
    "logmath_init": (c_void_p, (c_double, c_int, c_int)),
    "logmath_log_to_ln": (c_double, (c_void_p, c_int)),
    "ngram_model_read": (c_void_p, (c_void_p, c_char_p, c_int, c_void_p)),
    "ngram_model_free": (c_int, (c_void_p,)),
    "ngram_model_apply_weights": (c_int, (c_void_p, c_float, c_float)),
    "ngram_model_get_counts": (POINTER(ctypes.c_uint32), (c_void_p,)),
    "ngram_word": (c_char_p, (c_void_p, c_int32)),
    "ngram_ng_prob": (c_int32, (c_void_p, c_int32, c_void_p, c_int32, POINTER(c_int32))),
    "ngram_model_set_init": (
        c_void_p,
        (c_void_p, POINTER(c_void_p), POINTER(c_char_p), POINTER(c_float), c_int32),
    ),
    "ps_vad_init": (c_void_p, (c_int, c_int, c_double)),
    "ps_vad_free": (c_int, (c_void_p,)),
    "ps_vad_classify": (c_int, (c_void_p, c_void_p)),
    "ps_vad_frame_size": (c_size_t, (c_void_p,)),
}


# The library's reader of numbers makes its table of powers at first use, and guards it by nothing.
CONFIGURING = threading.Lock()


class SphinxError(Exception):
    """The library refused; its own words are in the log of the process."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A word or filler of a hypothesis, in feature frames, with its log posterior."""

    word: str
    first_frame: int
    last_frame: int
    logprob: float


class LanguageModel:
    """An n-gram model. Not safe to share between threads: looking up moves its cache."""

    def __init__(self, path: Path) -> None:
        self._lib = library()
        # Never freed: a mix of models reads it without holding it, and crashes once it is gone.
        logmath = self._lib.logmath_init(LOG_BASE, 0, 1)
        self.pointer = self._lib.ngram_model_read(None, bytes(path), 0, logmath)
        if not self.pointer:
            raise SphinxError(f"{path} is not a language model")

    def unigrams(self) -> list[tuple[str, float]]:
        """Every word with its log probability."""
        used = c_int32()
        count = self._lib.ngram_model_get_counts(self.pointer)[0]
        return [
            (
                self._lib.ngram_word(self.pointer, word).decode(),
                float(self._lib.ngram_ng_prob(self.pointer, word, None, 0, byref(used))),
            )
            for word in range(count)
        ]

    def mixed_with(self, other: "LanguageModel", other_weight: float) -> None:
        """Become the sum of this model and `other`, which is used up."""
        mixed = self._lib.ngram_model_set_init(
            None,
            (c_void_p * 2)(self.pointer, other.pointer),
            (c_char_p * 2)(b"this", b"other"),
            (c_float * 2)(1.0, other_weight),
            2,
        )
        if not mixed:
            raise SphinxError("the language models do not mix")
        for part in (self, other):
            self._lib.ngram_model_free(part.pointer)  # the mix holds them itself: 36 MB a pair
        self.pointer = mixed

    def close(self) -> None:
        """Let go of it; a decoder that uses it keeps it."""
        self._lib.ngram_model_free(self.pointer)


class Decoder:
    """One search over one language model. One thread at a time."""

    def __init__(self, dictionary: Path, model: LanguageModel, *, lw: float, wip: float) -> None:
        self._lib = library()
        with CONFIGURING:
            config = self._lib.ps_config_init(None)
        self._lib.ps_config_set_str(config, b"hmm", bytes(MODEL_DIR / "en-us"))
        self._lib.ps_config_set_str(config, b"dict", bytes(dictionary))
        self._lib.ps_config_set_str(config, b"loglevel", b"ERROR")
        # A second search at the end costs as much as half of the first, all of it while the speaker
        # waits, for two sentences more of 148: 39 + 64 ms without it are 1 + 3 ms.
        self._lib.ps_config_set_str(config, b"fwdflat", b"no")
        # Hypotheses lag behind the sound by this many frames; fewer than 2 cost half as much again.
        self._lib.ps_config_set_str(config, b"pl_window", b"2")
        self._pointer = self._lib.ps_init(config)
        self._lib.ps_config_free(config)
        if not self._pointer:
            raise SphinxError(f"no decoder with the words of {dictionary}")
        # What it calls errors from here on are utterances cut off in the middle of a word.
        self._lib.err_set_loglevel_str(b"FATAL")
        self._logmath = self._lib.ps_get_logmath(self._pointer)
        self._lib.ngram_model_apply_weights(model.pointer, lw, wip)
        self._check(self._lib.ps_add_lm(self._pointer, b"model", model.pointer))
        self._check(self._lib.ps_activate_search(self._pointer, b"model"))

    def close(self) -> None:
        self._lib.ps_free(self._pointer)

    def cepstral_mean(self, pcm: Pcm) -> str | None:
        """The mean that features of `pcm` are measured from; None: too little sound to tell."""
        frontend = self._lib.ps_get_fe(self._pointer)
        self._lib.ps_start_stream(self._pointer)
        self._check(self._lib.fe_start_utt(frontend))
        room = len(pcm) * FRAME_HZ // RATE_HZ + 2
        cepstra = np.zeros((room, CEPSTRA), np.float32)
        rows = (c_void_p * room)(
            *(cepstra.ctypes.data + row * cepstra.strides[0] for row in range(room))
        )
        sound, samples, frames = c_void_p(pcm.ctypes.data), c_size_t(len(pcm)), c_int32(room)
        self._check(
            self._lib.fe_process_frames(
                frontend,
                byref(sound),
                byref(samples),
                ctypes.cast(rows, POINTER(c_void_p)),
                byref(frames),
            )
        )
        heard = cepstra[: frames.value]
        heard = heard[heard[:, 0] >= 0]  # as the library does: frames without energy do not count
        if not len(heard):
            return None
        return ",".join(f"{value:.4f}" for value in heard.mean(axis=0))

    def start(self, cepstral_mean: str) -> None:
        self._lib.ps_start_stream(self._pointer)
        self._check(self._lib.ps_set_cmn(self._pointer, cepstral_mean.encode()))
        self._check(self._lib.ps_start_utt(self._pointer))

    def push(self, pcm: Pcm) -> None:
        pcm = np.ascontiguousarray(pcm)
        self._check(self._lib.ps_process_raw(self._pointer, pcm.ctypes.data, len(pcm), 0, 0))

    def end(self) -> None:
        self._check(self._lib.ps_end_utt(self._pointer))

    def best(self) -> tuple[str, int]:
        """The words of the best path so far and its score."""
        score = c_int32()
        text = self._lib.ps_get_hyp(self._pointer, byref(score))
        return (text.decode() if text else ""), score.value

    def frames(self) -> int:
        return int(self._lib.ps_get_n_frames(self._pointer))

    def segments(self) -> list[Segment]:
        """The best path, word by word; log posteriors are natural ones."""
        found = []
        first, last, unused = c_int(), c_int(), c_int32()
        at = self._lib.ps_seg_iter(self._pointer)
        while at:
            self._lib.ps_seg_frames(at, byref(first), byref(last))
            posterior = self._lib.ps_seg_prob(at, byref(unused), byref(unused), byref(unused))
            found.append(
                Segment(
                    self._lib.ps_seg_word(at).decode(),
                    first.value,
                    last.value,
                    min(0.0, self._lib.logmath_log_to_ln(self._logmath, posterior)),
                )
            )
            at = self._lib.ps_seg_next(at)
        return found

    def _check(self, result: int) -> None:
        if result < 0:
            raise SphinxError("the decoder refused the audio")


class Vad:
    """WebRTC's speech detector, frame by frame."""

    def __init__(self, strictness: int, frame_s: float) -> None:
        self._lib = library()
        self._pointer = self._lib.ps_vad_init(strictness, RATE_HZ, frame_s)
        if not self._pointer:
            raise SphinxError(f"no detector for frames of {frame_s:g} s")
        self.frame_samples = int(self._lib.ps_vad_frame_size(self._pointer))

    def is_speech(self, frame: Pcm) -> bool:
        frame = np.ascontiguousarray(frame)
        return bool(self._lib.ps_vad_classify(self._pointer, frame.ctypes.data) == 1)

    def __del__(self) -> None:
        if getattr(self, "_pointer", None):
            self._lib.ps_vad_free(self._pointer)


@cache
def library() -> Any:
    """The wheel's extension module, opened as the plain library that it also is."""
    found = next(PACKAGE.glob("_pocketsphinx*.so"), None)
    if found is None:
        raise SphinxError(f"there is no library in {PACKAGE}")
    lib = ctypes.CDLL(str(found))
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def _package() -> Path:
    spec = importlib.util.find_spec("pocketsphinx")
    if spec is None or spec.origin is None:
        raise ImportError("pocketsphinx is not installed: install the `stt` extra")
    return Path(spec.origin).parent


PACKAGE = _package()
MODEL_DIR = PACKAGE / "model" / "en-us"
