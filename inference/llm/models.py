"""The GGUF models of this machine: found by id, judged by memory, described to clients."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis.errors import ParleyError
from chassis.weights.catalogue import Model
from chassis.weights.store import ModelStore
from inference.llm.first_model import best_to_fetch
from inference.llm.free_memory import free_bytes, free_vram_bytes
from inference.llm.gguf_files import GgufFile, GgufFolder
from inference.llm.memory_fit import Fit, best, fit, fixed_bytes, short, useful_tokens
from inference.llm.settings import LlmSettings
from inference.model_status import EngineFailed

EMBEDDED_TOKENS = 2048  # of one text; they are computed in one batch


class NoRoom(ParleyError):
    """The model does not fit into the memory that is free now, beside what serves."""

    status = 409
    type = "invalid_request_error"
    code = "insufficient_memory"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a model may take now."""

    free_bytes: Callable[[], int] = free_bytes
    free_vram_bytes: Callable[[], int] = free_vram_bytes

    def budgets(self, gpu_layers: int) -> list[int]:
        """Of the GPU alone first: there a model is fast; else of all, layers spilling over."""
        vram = self.free_vram_bytes() if gpu_layers else 0
        return [vram, vram + self.free_bytes()] if vram else [self.free_bytes()]


class GgufModels:
    """Blocking, all of it."""

    def __init__(self, settings: LlmSettings, store: ModelStore, memory: Memory) -> None:
        self._settings = settings
        self._store = store
        self._memory = memory
        self._folder = GgufFolder(store.root)
        self._named: dict[str, Path] = {}  # by the operator, wherever they lie

    def name(self, path: Path) -> str:
        """The id of a file of the operator's, which clients may use too."""
        self._named[path.stem] = path
        return path.stem

    def files(self) -> list[GgufFile]:
        """All that are here; broken ones and those of embeddings too."""
        named = [self._folder.file(path, id_) for id_, path in self._named.items()]
        return [*named, *(one for one in self._folder.files() if one.id not in self._named)]

    def find(self, id_: str) -> GgufFile | None:
        return next((file for file in self.files() if file.id == id_), None)

    def fetched(self, weights: Model) -> GgufFile:
        """The best that a download brought. Raises EngineFailed."""
        folder = self._store.folder(weights)
        here = [one for one in self._folder.files() if one.path.is_relative_to(folder)]
        if len(here) == 1:
            return here[0]
        chosen, reasons = self.best(here)
        if chosen is None:
            raise EngineFailed("; ".join(reasons) or f"{folder} holds no .gguf file")
        return chosen

    def best(self, files: list[GgufFile]) -> tuple[GgufFile | None, list[str]]:
        """The largest that fits, and why not the others."""
        size, slots = self._settings.ctx_size, self._settings.slots
        chosen, reasons = None, list[str]()
        for available in self._memory.budgets(self._settings.gpu_layers):
            chosen, reasons = best(files, available, ctx_size=size, slots=slots)
            if chosen:
                break
        return chosen, reasons

    def to_fetch(self) -> Model | None:
        """The best for the memory that is free now; None: none fits."""
        return best_to_fetch(self._memory.budgets(self._settings.gpu_layers))

    def fitted(self, file: GgufFile, *, embeddings: bool = False) -> Fit:
        """Context and slots by the memory that is free now. Raises NoRoom."""
        size, slots = self._settings.ctx_size, self._settings.slots
        if embeddings:
            size, slots = min(size, EMBEDDED_TOKENS), 1
        budgets = self._memory.budgets(self._settings.gpu_layers)
        fits = [fit(file, available, ctx_size=size, slots=slots) for available in budgets]
        useful = useful_tokens(file, size)
        # Short of memory it still talks, and forgets soon: it was asked for by name.
        found = next((one for one in fits if one and one.ctx_tokens >= useful), fits[-1])
        if found is None:
            raise NoRoom(
                f"{file.id} needs {short(fixed_bytes(file))} and a context, {short(budgets[-1])} "
                "are free: unload what serves first (DELETE /v1/models/…), or take a smaller one",
                param="model",
            )
        return found

    def details(self, id_: str) -> dict[str, Any]:
        """For `GET /v1/models`; empty for what is no GGUF file."""
        file = self.find(id_)
        if file is None:
            return {}
        return {
            "size_bytes": file.size_bytes,
            "architecture": file.architecture,
            "parameters": file.parameters,
            "quantisation": file.quantisation,
            "context_trained": file.context_tokens,
            "chat_template": file.has_chat_template,
            "embeddings": file.is_embedding,
        }


def summary(file: GgufFile) -> str:
    """One line for operators."""
    parameters = f"{file.parameters / 1e9:.1f}B" if file.parameters >= 1e8 else "tiny"
    return f"{file.architecture} {parameters} {file.quantisation or '?'}, {short(file.size_bytes)}"
