"""Kokoro without torch: an ONNX export of it, run by onnxruntime."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.model_status import EngineFailed
from inference.tts.kokoro_engine import KokoroEngine, Made, Network, shared
from inference.tts.kokoro_voices import NAME, STYLE_SIZE, Styles, checked

LOOK_EVERY_S = 0.01  # how often a run's listener is asked whether it is still wanted
# A stopped run goes on to the end of the node it is at: a quarter of a second of a long phrase on
# busy cores. Nobody waits for it, so that there may be more runs than phrases.
MAX_RUNS = 8
# Idle threads would spin for work, on cores that others want.
NO_SPINNING = "session.intra_op.allow_spinning"


class KokoroOnnx(KokoroEngine):
    """Engine (see engine.py) of a folder in one of two layouts.

    As kokoro-onnx releases it: `*.onnx`, and `voices*.bin` with all voices. As the hub has it:
    `onnx/*.onnx` and `voices/<name>.bin`. Of several networks the largest is taken: the smaller
    ones are no faster on a CPU. `threads`: for all it does at once; 0 is one a core.
    """

    def __init__(self, *, model: str, folder: Path, threads: int) -> None:
        super().__init__(model=model, folder=folder)
        self.concurrency, self._threads = shared(threads)

    def _load(self) -> tuple[Network, Mapping[str, Styles]]:
        path = _largest(self._folder)
        styles = _styles(self._folder)
        return _Session(path, self._folder, self._threads), styles


class _Session:
    """A Network."""

    def __init__(self, path: Path, folder: Path, threads: int) -> None:
        try:
            runtime = import_module("onnxruntime")
            library = import_module("kokoro_onnx.session")
        except (ImportError, OSError) as exc:
            raise EngineFailed(f"kokoro-onnx does not load: {exc}") from exc
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry(NO_SPINNING, "0")
        options.log_severity_level = 3  # errors
        try:
            self._session = runtime.InferenceSession(
                str(path), options, providers=library.resolve_providers()
            )
        except Exception as exc:  # its errors have no common type but this
            raise EngineFailed(f"{path.name} is damaged or no ONNX network: {exc}") from exc
        self._runs = ThreadPoolExecutor(MAX_RUNS, thread_name_prefix="kokoro-onnx")
        self._new_options: Callable[[], Any] = runtime.RunOptions
        self._types: dict[str, np.dtype[Any]] = library.input_dtypes(self._session)
        self._tokens = "input_ids" if "input_ids" in self._types else "tokens"
        if set(self._types) != {self._tokens, "style", "speed"}:
            raise EngineFailed(f"{path.name} is no Kokoro: it takes {', '.join(self._types)}")
        self._tells_durations = any(o.name == "duration" for o in self._session.get_outputs())
        # Some exports take whole numbers only.
        self.has_speed = self._types["speed"].kind == "f"
        self.vocabulary: Mapping[str, int] = (
            library.embedded_vocab(self._session)
            or _vocabulary(folder)
            or import_module("kokoro_onnx.config").DEFAULT_VOCAB
        )

    def run(
        self, tokens: Sequence[int], style: Styles, speed: float, wanted: Callable[[], bool]
    ) -> Made | None:
        inputs = {
            self._tokens: np.array([tokens], self._types[self._tokens]),
            "style": style.astype(self._types["style"]),
            "speed": np.array([speed], self._types["speed"]),
        }
        options = self._new_options()
        running = self._runs.submit(self._session.run, None, inputs, options)
        while not wait([running], LOOK_EVERY_S).done:
            if not wanted():
                options.terminate = True
                return None
        try:
            outputs = running.result()
        except Exception as exc:  # onnxruntime's errors have no common type but this
            raise EngineFailed(f"onnxruntime: {exc}") from exc
        samples = np.asarray(outputs[0], np.float32).ravel()
        frames = np.asarray(outputs[1]).ravel() if self._tells_durations else None
        return Made(samples, frames)

    def close(self) -> None:
        self._runs.shutdown(cancel_futures=True)


def _largest(folder: Path) -> Path:
    found = [*folder.glob("*.onnx"), *folder.glob("onnx/*.onnx")]
    if not found:
        raise EngineFailed(f"there is no .onnx file in {folder}")
    return max(found, key=lambda path: path.stat().st_size)


def _vocabulary(folder: Path) -> Mapping[str, int] | None:
    """Phoneme → token, where the folder says it."""
    for name in ("config.json", "tokenizer.json"):
        try:
            told = json.loads((folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as exc:
            raise EngineFailed(f"{name} is damaged: {exc}") from exc
        holder = told.get("model", told) if name == "tokenizer.json" else told
        if vocabulary := holder.get("vocab"):
            return {str(phoneme): int(token) for phoneme, token in vocabulary.items()}
    return None


def _styles(folder: Path) -> dict[str, Styles]:
    """Every voice there is, by name."""
    styles: dict[str, Styles] = {}
    for bundle in sorted(folder.glob("voices*.bin")):
        styles.update(_bundled(bundle))
    for path in sorted(folder.glob("voices/*.bin")):
        if NAME.fullmatch(path.stem):
            styles[path.stem] = _alone(path)
    if not styles:
        raise EngineFailed(f"there are no voices in {folder}: voices*.bin or voices/<name>.bin")
    return styles


def _bundled(path: Path) -> Iterator[tuple[str, Styles]]:
    try:
        with np.load(path, allow_pickle=False) as bundle:
            found: list[tuple[str, NDArray[np.generic]]] = [
                (name, bundle[name]) for name in bundle.files if NAME.fullmatch(name)
            ]
    except Exception as exc:  # zip, npy and header errors have no common type but this
        raise EngineFailed(f"{path.name} is damaged: {exc}") from exc
    for name, styles in found:
        yield name, checked(styles, name)


def _alone(path: Path) -> Styles:
    raw = np.frombuffer(path.read_bytes(), np.uint8)
    if raw.size % (STYLE_SIZE * 4):
        raise EngineFailed(f"the voice {path.stem} is damaged: it has {raw.size} bytes")
    return checked(raw.view("<f4").reshape(-1, STYLE_SIZE), path.stem)
