"""Which engine serves: what was asked for, else the best whose package and weights are here."""

import os
from collections.abc import Callable
from pathlib import Path

from chassis.errors import NotFound
from chassis.settings import SettingsError
from chassis.weights.store import ModelStore
from inference.assist.sentences import sentences, sentences_version
from inference.candidates import Candidate, has_package
from inference.serving import Choice
from inference.stored_models import ids_here, uses_gpu, weights_for
from inference.stt.batching import OnStep
from inference.stt.engine import Engine
from inference.stt.nemo import Nemo
from inference.stt.nemotron import FILE_PLACES, MAX_BATCH, Nemotron
from inference.stt.nemotron_runtime import Runtime
from inference.stt.pocketsphinx import Pocketsphinx
from inference.stt.settings import SttSettings
from inference.stt.sherpa import Sherpa
from inference.stt.whisper import Whisper

POCKETSPHINX = "pocketsphinx-en"
NEMOTRON = "nemotron-speech-streaming-en-0.6b"
WHISPER = "whisper-small"
WHISPERS = tuple(
    f"whisper-{size}"
    for size in ("small", "large-v3-turbo", "distil-large-v3", "medium", "large-v3", "base", "tiny")
)
GPU_CHUNK_MS, CPU_CHUNK_MS = 160, 560
PACKAGES = {
    "nemo": ("nemo", "stt-nemotron"),
    "sherpa": ("sherpa_onnx", "stt-sherpa"),
    "whisper": ("faster_whisper", "stt-whisper"),
}


class Chooser:
    """Makes candidates of model ids. Touches no weights: an engine loads itself."""

    def __init__(self, settings: SttSettings, store: ModelStore, on_step: OnStep) -> None:
        self._settings = settings
        self._store = store
        self._on_step = on_step
        self.has_gpu = uses_gpu(settings.device)
        default = GPU_CHUNK_MS if self.has_gpu else CPU_CHUNK_MS
        self.chunk_ms = default if settings.chunk_ms == "auto" else int(settings.chunk_ms)

    def choose(self) -> Choice[Engine]:
        """By STT_ENGINE and STT_MODEL. The embedded engine is always the last resort."""
        asked = self._settings
        if asked.model:
            chosen = [self._of_setting(asked.model)]
            reasons = [f"STT_MODEL={asked.model}"]
        elif asked.engine == "auto":
            chosen, reasons = self._here()
        else:
            model = {
                "nemotron": self._nemotron_ids()[0],
                "whisper": next((id_ for id_ in WHISPERS if self._is_here(id_)), WHISPER),
                "pocketsphinx": POCKETSPHINX,
            }[asked.engine]
            chosen, reasons = [self.candidate(model)], [f"STT_ENGINE={asked.engine}"]
        if chosen[-1].model != POCKETSPHINX:
            chosen.append(self.candidate(POCKETSPHINX))
        return Choice(chosen, reasons)

    def candidate(self, model_id: str) -> Candidate[Engine]:
        """Raises NotFound for an id that nothing here can run."""
        if model_id == POCKETSPHINX:
            return Candidate(model=model_id, build=self._pocketsphinx)
        weights = weights_for("stt", model_id, self._store)
        build = self._builder(model_id, self._store.folder(weights))
        return Candidate(model=model_id, build=build, weights=weights)

    def _of_setting(self, model: str) -> Candidate[Engine]:
        """The operator, unlike clients, may name a file or folder of the machine."""
        path = Path(model).expanduser()
        if path.is_absolute():
            model = path.name.removesuffix(".nemo")
            return Candidate(model=model, build=self._builder(model, path))
        try:
            return self.candidate(model)
        except NotFound as exc:
            raise SettingsError([f"STT_MODEL: {exc.message}"]) from exc

    def ids(self) -> list[str]:
        """Models that could be loaded with what is here now."""
        return [POCKETSPHINX, *ids_here("stt", self._store)]

    def _here(self) -> tuple[list[Candidate[Engine]], list[str]]:
        chosen, reasons = [], []
        for ids, package, extra in self._ranked():
            found = next((id_ for id_ in ids if self._is_here(id_)), None)
            if found is None:
                reasons.append(f"{ids[0]}: no weights here")
            elif not has_package(package):
                reasons.append(f"{found}: package {package} is missing (extra {extra})")
            else:
                reasons.append(f"{found}: weights and package are here")
                chosen.append(self.candidate(found))
        if not chosen and self._settings.download == "auto":
            chosen.extend(self._best_to_fetch(reasons))
        return [*chosen, self.candidate(POCKETSPHINX)], reasons

    def _best_to_fetch(self, reasons: list[str]) -> list[Candidate[Engine]]:
        found = next((ids[0] for ids, package, _ in self._ranked() if has_package(package)), None)
        if found is None:
            reasons.append("nothing is fetched: no package here hears with what there is to fetch")
            return []
        reasons.append(f"{found}: the best for this machine, to be fetched")
        return [self.candidate(found)]

    def _ranked(self) -> list[tuple[list[str], str, str]]:
        """Models of an engine, the best first; its package and extra."""
        on_cpu = (self._onnx_ids(), *PACKAGES["sherpa"])
        # On a machine with a GPU and without NeMo, sherpa-onnx still hears live on the CPU.
        nemotrons = [([NEMOTRON], *PACKAGES["nemo"]), on_cpu] if self.has_gpu else [on_cpu]
        return [*nemotrons, (list(WHISPERS), *PACKAGES["whisper"])]

    def _nemotron_ids(self) -> list[str]:
        """NeMo's weights where a GPU runs them, else those of sherpa-onnx."""
        return [NEMOTRON] if self.has_gpu else self._onnx_ids()

    def _onnx_ids(self) -> list[str]:
        return [f"{NEMOTRON}-{self.chunk_ms}ms-onnx"]

    def _is_here(self, model_id: str) -> bool:
        return self._store.present(self._store.find(model_id))

    def _builder(self, model_id: str, path: Path) -> Callable[[], Engine]:
        """By what the folder holds when the engine is made: before that it may not be there."""

        def build() -> Engine:
            nemo = path if path.suffix == ".nemo" else next(path.glob("*.nemo"), None)
            if nemo:
                return self._nemotron(model_id, self._nemo_runtime(nemo))
            if any(path.glob("encoder*.onnx")):
                return self._nemotron(model_id, self._sherpa_runtime(path))
            return self._whisper(model_id, path)

        return build

    def _nemotron(self, model_id: str, runtime: Runtime) -> Engine:
        return Nemotron(
            model=model_id,
            runtime=runtime,
            max_batch=MAX_BATCH if self._settings.batching else 1,
            on_step=self._on_step,
        )

    def _nemo_runtime(self, file: Path) -> Runtime:
        return Nemo(
            file,
            device=self._settings.device,
            precision=self._settings.quantisation,
            chunk_ms=self.chunk_ms,
            max_streams=self._settings.max_streams + FILE_PLACES,
            threads=self._settings.threads,
        )

    def _sherpa_runtime(self, folder: Path) -> Runtime:
        return Sherpa(
            folder,
            threads=self.threads,
            max_streams=self._settings.max_streams + FILE_PLACES,
            provider="cuda" if self._settings.device == "cuda" else "cpu",
        )

    def _whisper(self, model_id: str, folder: Path) -> Engine:
        return Whisper(
            model=model_id,
            folder=folder,
            device="cpu" if self._settings.device == "mps" else self._settings.device,
            quantisation=self._settings.quantisation,
            threads=self.threads,
            workers=self.slots,
        )

    def _pocketsphinx(self) -> Engine:
        return Pocketsphinx(
            model=POCKETSPHINX,
            sentences=sentences,
            sentences_version=sentences_version(),
            cache_dir=self._settings.cache_dir,
            open_vocabulary=self._settings.open_vocabulary,
            slots=self.slots,
            ready_pairs=self._settings.ready_pairs,
            kept_pairs=self._settings.kept_pairs,
        )

    @property
    def slots(self) -> int:
        """Pieces of model work at once."""
        return self._settings.slots or os.cpu_count() or 1

    @property
    def threads(self) -> int:
        return self._settings.threads or os.cpu_count() or 1
