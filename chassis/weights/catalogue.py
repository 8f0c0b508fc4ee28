"""The models Parley knows by name, and what each consists of on the hub."""

import difflib
import re
from dataclasses import dataclass
from typing import Literal

from chassis.weights.errors import ModelUnknown

Kind = Literal["stt", "tts", "llm"]
ALL_FILES = ("*",)
QUANTISATION = re.compile(r"[A-Za-z0-9_]{2,32}")  # as GGUF files have it in their names
# What the hub allows in the name of an owner or a repository; `--` it does not, so that
# "owner--name" as a folder means only one repository.
HUB_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_]|[.-](?![.-])){0,95}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What to fetch for one model. `files` and `optional` are patterns of file names."""

    id: str
    kind: Kind | None  # None: a hub repository that is not in the catalogue
    repo: str | None  # None: only in the models folder, placed there by hand
    revision: str = "main"
    files: tuple[str, ...] = ALL_FILES  # each must match a file
    optional: tuple[str, ...] = ()  # taken where the repository has them
    size_bytes: int | None = None  # about; None: unknown until the hub is asked
    licence: str = "see the hub"
    what: str = ""


_NEMOTRON = "nemotron-speech-streaming-en-0.6b"
_NEMOTRON_LICENCE = "NVIDIA Open Model License"
_NEMOTRON_CHUNKS_MS = (80, 160, 560, 1120)


def _nemotron_onnx(chunk_ms: int) -> Model:
    # Published by the sherpa-onnx project. Names of repository and files are as its users quote
    # them in public; none of the four could be fetched where this was written.
    return Model(
        id=f"{_NEMOTRON}-{chunk_ms}ms-onnx",
        kind="stt",
        repo=f"csukuangfj2/sherpa-onnx-{_NEMOTRON}-{chunk_ms}ms-int8-2026-04-25",
        files=("encoder.int8.onnx", "decoder.int8.onnx", "joiner.int8.onnx", "tokens.txt"),
        size_bytes=663_000_000,
        licence=_NEMOTRON_LICENCE,
        what=f"Nemotron for sherpa-onnx, steps of {chunk_ms} ms, English",
    )


def _whisper(name: str, repo: str, size_bytes: int, what: str) -> Model:
    return Model(
        id=f"whisper-{name}",
        kind="stt",
        repo=repo,
        files=("config.json", "model.bin", "tokenizer.json", "vocabulary.*"),
        optional=("preprocessor_config.json",),  # the older, smaller ones have none
        size_bytes=size_bytes,
        licence="MIT",
        what=what,
    )


def _gguf(
    id_: str, repo: str, quantisation: str, size_bytes: int | None, licence: str, what: str
) -> Model:
    return Model(
        id=id_,
        kind="llm",
        repo=repo,
        files=(f"*{quantisation}.gguf",),
        size_bytes=size_bytes,
        licence=licence,
        what=f"{what}, {quantisation}",
    )


_APACHE = "Apache-2.0"
# Repositories as their users quote them in public; none could be fetched where this was written.
_CHAT_MODELS = (
    _gguf("qwen3-0.6b", "Qwen/Qwen3-0.6B-GGUF", "Q8_0", 639_000_000, _APACHE, "Qwen3 0.6B"),
    _gguf("qwen3-1.7b", "Qwen/Qwen3-1.7B-GGUF", "Q8_0", 1_830_000_000, _APACHE, "Qwen3 1.7B"),
    _gguf("qwen3-4b", "Qwen/Qwen3-4B-GGUF", "Q4_K_M", 2_500_000_000, _APACHE, "Qwen3 4B"),
    _gguf("qwen3-8b", "Qwen/Qwen3-8B-GGUF", "Q4_K_M", 5_030_000_000, _APACHE, "Qwen3 8B"),
    _gguf(
        "qwen3-4b-instruct-2507",
        "unsloth/Qwen3-4B-Instruct-2507-GGUF",
        "Q4_K_M",
        2_500_000_000,
        _APACHE,
        "Qwen3 4B that answers without thinking first",
    ),
    _gguf(
        "qwen3-30b-a3b-instruct-2507",
        "unsloth/Qwen3-30B-A3B-Instruct-2507-GGUF",
        "Q4_K_M",
        18_600_000_000,
        _APACHE,
        "Qwen3 30B, 3B of them at work, without thinking first",
    ),
    _gguf(
        "gemma-4-e2b-qat",
        "unsloth/gemma-4-E2B-it-qat-GGUF",
        "UD-Q4_K_XL",
        None,
        "see the hub",
        "Gemma 4 E2B",
    ),
    _gguf(
        "nemotron-3-nano-30b-a3b",
        "bartowski/nvidia_Nemotron-3-Nano-30B-A3B-GGUF",
        "Q4_K_M",
        None,
        _NEMOTRON_LICENCE,
        "Nemotron 3 Nano 30B, 3B of them at work",
    ),
    _gguf(
        "qwen3-embedding-0.6b",
        "Qwen/Qwen3-Embedding-0.6B-GGUF",
        "Q8_0",
        639_000_000,
        _APACHE,
        "embeddings by Qwen3 0.6B",
    ),
)

CATALOGUE: tuple[Model, ...] = (
    Model(
        id=_NEMOTRON,
        kind="stt",
        repo=f"nvidia/{_NEMOTRON}",
        files=("*.nemo",),
        size_bytes=2_470_000_000,
        licence=_NEMOTRON_LICENCE,
        what="Nemotron for NeMo, truly streaming, English",
    ),
    *(_nemotron_onnx(chunk_ms) for chunk_ms in _NEMOTRON_CHUNKS_MS),
    # Repositories as faster-whisper names them; sizes are of model.bin, the rest is small.
    _whisper("tiny", "Systran/faster-whisper-tiny", 78_000_000, "Whisper tiny, 99 languages"),
    _whisper("base", "Systran/faster-whisper-base", 148_000_000, "Whisper base, 99 languages"),
    _whisper("small", "Systran/faster-whisper-small", 486_000_000, "Whisper small, 99 languages"),
    _whisper(
        "medium", "Systran/faster-whisper-medium", 1_530_000_000, "Whisper medium, 99 languages"
    ),
    _whisper(
        "large-v3", "Systran/faster-whisper-large-v3", 3_090_000_000, "Whisper large, 100 languages"
    ),
    _whisper(
        "large-v3-turbo",
        "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        1_620_000_000,
        "Whisper large with a fast decoder, 100 languages",
    ),
    _whisper(
        "distil-large-v3",
        "Systran/faster-distil-whisper-large-v3",
        1_515_000_000,
        "Whisper large distilled, English",
    ),
    *_CHAT_MODELS,
    Model(
        id="kokoro-82m",
        kind="tts",
        repo="hexgrad/Kokoro-82M",
        files=("config.json", "kokoro-v1_0.pth", "voices/*.pt"),
        size_bytes=355_000_000,
        licence="Apache 2.0",
        what="Kokoro 82M for torch, 54 voices, 9 languages",
    ),
    # Names of its files are from memory of the repository, and its voices' layout (float32, 510
    # rows of 256) from those who use it; neither could be fetched where this was written. The
    # engine takes whatever .onnx and voices are there.
    Model(
        id="kokoro-82m-onnx",
        kind="tts",
        repo="onnx-community/Kokoro-82M-v1.0-ONNX",
        files=("onnx/model.onnx", "voices/*.bin"),
        optional=("config.json", "tokenizer.json"),
        size_bytes=355_000_000,
        licence="Apache 2.0",
        what="Kokoro 82M for onnxruntime, 54 voices, 9 languages",
    ),
)


def find_model(model_id: str) -> Model:
    """A model of the catalogue, or on the hub `owner/name`, or `owner/name:Q4_K_M`: of a
    repository of GGUF files those of one quantisation. Raises ModelUnknown."""
    for model in CATALOGUE:
        if model.id == model_id:
            return model
    repo, colon, quantisation = model_id.partition(":")
    parts = repo.split("/")
    if len(parts) == 2 and all(is_hub_name(part) for part in parts):
        if not colon:
            return Model(id=repo, kind=None, repo=repo, what="a repository on the hub")
        if QUANTISATION.fullmatch(quantisation):
            return _one_quantisation(repo, quantisation)
    raise unknown(model_id)


def _one_quantisation(repo: str, quantisation: str) -> Model:
    # Some write it in capitals in their files' names, some do not.
    either = "".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in quantisation)
    return Model(
        id=f"{repo}:{quantisation}",
        kind="llm",
        repo=repo,
        files=(f"*{either}*.gguf",),
        what=f"GGUF files of a repository on the hub, {quantisation}",
    )


def is_hub_name(name: str) -> bool:
    """Whether it can name an owner or a repository, and a folder."""
    return HUB_ID.fullmatch(name) is not None


def unknown(model_id: str) -> ModelUnknown:
    """The error for an id nothing has, with the ids that look like it."""
    known = [model.id for model in CATALOGUE]
    near = difflib.get_close_matches(model_id, known, n=3, cutoff=0.5)
    near += [id_ for id_ in known if model_id and model_id in id_ and id_ not in near]
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
    shown = model_id if len(model_id) <= 100 else f"{model_id[:100]}…"
    return ModelUnknown(
        f"no model is called {shown!r}: {hint} `owner/name` of the hub works too", param="model"
    )
