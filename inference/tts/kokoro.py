"""Kokoro on torch: on a CPU, an NVIDIA GPU or a Mac's."""

import gc
import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from inference.model_status import EngineFailed
from inference.tts.kokoro_engine import KokoroEngine, Made, Network, shared
from inference.tts.kokoro_voices import NAME, Styles, checked

CONFIG = "config.json"
# A convolution of a long phrase takes half a second of one core. It is made in stretches of so
# many multiplications, some 40 ms each, so that it can be stopped.
STRETCH = 800_000_000
# Files leave out a few numbers that are as they were born; more than that is another network.
LEAST_LOADED = 0.99


class Kokoro(KokoroEngine):
    """Engine (see engine.py) of a folder with config.json, a .pth file and voices/<name>.pt.

    `threads`: for all it does at once on a CPU; 0 is one a core.
    """

    def __init__(self, *, model: str, folder: Path, device: str, threads: int) -> None:
        super().__init__(model=model, folder=folder)
        self._device = device
        self.concurrency, self._threads = shared(threads)
        if device in ("cuda", "mps"):
            self.concurrency = 1

    def _load(self) -> tuple[Network, Mapping[str, Styles]]:
        weights = _weights(self._folder)
        # Where others want the cores, threads that spin for work make a phrase take five times
        # as long (9.4 s instead of 1.7 s for 2.4 s of speech, on two busy cores). Read once, when
        # torch is imported.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what torch is to do otherwise one day
            try:
                torch, kokoro = import_module("torch"), import_module("kokoro.model")
            except (ImportError, OSError) as exc:
                raise EngineFailed(f"kokoro does not load: {exc}") from exc
            device = _device(torch, self._device)
            if device != "cpu":
                self.concurrency = 1
            try:
                network = kokoro.KModel(
                    repo_id=self.model, config=str(self._folder / CONFIG), model=str(weights)
                )
                loaded = _loaded_share(torch, weights, network)
                styles = _styles(torch, self._folder)
                network = network.to(device).eval()
            except EngineFailed:
                raise
            except Exception as exc:  # torch, pickle, zip and json share no other error
                raise EngineFailed(f"{weights.name} or {CONFIG} is damaged: {exc!r}") from exc
        if loaded < LEAST_LOADED:
            raise EngineFailed(f"{weights.name} holds another network than {CONFIG} describes")
        return _Torch(torch, network, device, self._threads * self.concurrency), styles


class _NotWantedError(Exception):
    """Out of the midst of a forward pass: nobody listens any more."""


class _Torch:
    """A Network."""

    has_speed = True

    def __init__(self, torch: Any, network: Any, device: str, threads: int) -> None:
        self._torch = torch
        self._network = network
        self._device = device
        self._threads = threads  # of all phrases together
        self._running = 0
        self._lock = threading.Lock()
        self._asked = threading.local()  # .wanted: of the phrase that this thread is making
        self.vocabulary: Mapping[str, int] = network.vocab
        for module in network.modules():
            module.register_forward_pre_hook(self._look)
            is_long = device == "cpu" and isinstance(module, torch.nn.Conv1d)  # GPUs are done soon
            if is_long and module.stride == (1,):
                module.forward = _Stretched(torch, module, self._look)

    def run(
        self, tokens: Sequence[int], style: Styles, speed: float, wanted: Callable[[], bool]
    ) -> Made | None:
        torch = self._torch
        self._asked.wanted = wanted
        with self._lock:
            self._running += 1
            share = max(1, self._threads // self._running)
        try:
            torch.set_num_threads(share)  # OpenMP counts them by the thread that asks
            with torch.inference_mode():
                samples, frames = self._network.forward_with_tokens(
                    torch.tensor([tokens], dtype=torch.long, device=self._device),
                    torch.from_numpy(style).to(self._device),
                    speed,
                )
                return Made(samples.cpu().numpy().reshape(-1), frames.cpu().numpy().reshape(-1))
        except _NotWantedError:
            return None
        except RuntimeError as exc:  # torch's own: out of memory, a GPU that went away
            raise EngineFailed(f"torch: {exc}") from exc
        finally:
            self._asked.wanted = None
            with self._lock:
                self._running -= 1

    def close(self) -> None:
        self._network = None
        gc.collect()  # hooks and layers know each other in circles
        if self._device == "cuda":
            self._torch.cuda.empty_cache()

    def _look(self, *_: object) -> None:
        """Before each layer, some hundreds a phrase."""
        wanted = getattr(self._asked, "wanted", None)
        if wanted is not None and not wanted():
            raise _NotWantedError


class _Stretched:
    """What a convolution does, a stretch of time after the other, with a look between them."""

    def __init__(self, torch: Any, layer: Any, look: Callable[[], None]) -> None:
        self._torch = torch
        self._layer = layer
        self._look = look
        self._whole = layer.forward
        (self._pad,), (self._dilation,), (size,) = layer.padding, layer.dilation, layer.kernel_size
        self._reach = self._dilation * (size - 1)
        cost = layer.in_channels * layer.out_channels * size // layer.groups
        self._stretch = max(1, STRETCH // cost)  # of time

    def __call__(self, sound: Any) -> Any:
        long = sound.shape[-1] + 2 * self._pad - self._reach
        if long <= self._stretch:
            return self._whole(sound)
        functions, layer = self._torch.nn.functional, self._layer
        padded = functions.pad(sound, (self._pad, self._pad))
        made = []
        for start in range(0, long, self._stretch):
            self._look()
            some = padded[..., start : min(start + self._stretch, long) + self._reach]
            made.append(
                functions.conv1d(some, layer.weight, layer.bias, 1, 0, self._dilation, layer.groups)
            )
        return self._torch.cat(made, dim=-1)


def _device(torch: Any, asked: str) -> str:
    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    here = {"cpu": True, "cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    is_here = here.get(asked, False)
    if not (is_here() if callable(is_here) else is_here):
        raise EngineFailed(f"there is no device {asked} here")
    return asked


def _weights(folder: Path) -> Path:
    found = sorted(folder.glob("*.pth"))
    if not found:
        raise EngineFailed(f"there is no .pth file in {folder}")
    if not (folder / CONFIG).is_file():
        raise EngineFailed(f"there is no {CONFIG} in {folder}")
    return found[0]


def _loaded_share(torch: Any, path: Path, network: Any) -> float:
    """How much of the network came from the file: kokoro says nothing of what did not."""
    parts = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    there = {
        f"{part}.{name.removeprefix('module.')}" for part, names in parts.items() for name in names
    }
    sizes = {name: tensor.numel() for name, tensor in network.state_dict().items()}
    loaded: int = sum(size for name, size in sizes.items() if name in there)
    return float(loaded / sum(sizes.values()))


def _styles(torch: Any, folder: Path) -> dict[str, Styles]:
    """Every voice there is, by name."""
    styles: dict[str, Styles] = {}
    for path in sorted(folder.glob("voices/*.pt")):
        if not NAME.fullmatch(path.stem):
            continue
        try:
            styles[path.stem] = checked(
                np.asarray(torch.load(path, map_location="cpu", weights_only=True)), path.stem
            )
        except EngineFailed:
            raise
        except Exception as exc:  # torch, pickle and zip share no other error
            raise EngineFailed(f"the voice {path.stem} is damaged: {exc!r}") from exc
    if not styles:
        raise EngineFailed(f"there are no voices in {folder}: voices/<name>.pt")
    return styles
