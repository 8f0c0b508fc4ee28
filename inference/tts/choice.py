"""Which engine speaks: what was asked for, else the best whose package and weights are here."""

import os
from collections.abc import Callable
from pathlib import Path

from chassis.errors import NotFound
from chassis.settings import SettingsError
from chassis.weights.store import ModelStore
from inference.candidates import Candidate, has_package
from inference.serving import Choice
from inference.stored_models import ids_here, uses_gpu, weights_for
from inference.tts.engine import Engine
from inference.tts.espeak import MODEL as ESPEAK
from inference.tts.espeak import Espeak
from inference.tts.kokoro import Kokoro
from inference.tts.kokoro_onnx import KokoroOnnx
from inference.tts.settings import TtsSettings

KOKORO = "kokoro-82m"
KOKORO_ONNX = "kokoro-82m-onnx"
MODELS = {"kokoro": KOKORO, "kokoro-onnx": KOKORO_ONNX, "espeak": ESPEAK}  # by TTS_ENGINE
PACKAGES = {
    KOKORO: ("kokoro", "tts-kokoro"),
    KOKORO_ONNX: ("kokoro_onnx", "tts-kokoro-onnx"),
}


class Chooser:
    """Makes candidates of model ids. Touches no weights: an engine loads itself."""

    def __init__(self, settings: TtsSettings, store: ModelStore) -> None:
        self._settings = settings
        self._store = store
        self.has_gpu = uses_gpu(settings.device)

    def choose(self) -> Choice[Engine]:
        """By TTS_ENGINE and TTS_MODEL. espeak-ng is always the last resort."""
        asked = self._settings
        if asked.model:
            chosen = [self._of_setting(asked.model)]
            reasons = [f"TTS_MODEL={asked.model}"]
        elif asked.engine == "auto":
            chosen, reasons = self._here()
        else:
            chosen = [self.candidate(MODELS[asked.engine])]
            reasons = [f"TTS_ENGINE={asked.engine}"]
        if chosen[-1].model != ESPEAK:
            chosen.append(self.candidate(ESPEAK))
        if chosen[0].model == ESPEAK:
            _check_voice(asked.voice)
        return Choice(chosen, reasons)

    def candidate(self, model_id: str) -> Candidate[Engine]:
        """Raises NotFound for an id that nothing here can run."""
        if model_id == ESPEAK:
            return Candidate(model=ESPEAK, build=Espeak)
        weights = weights_for("tts", model_id, self._store)
        build = self._builder(model_id, self._store.folder(weights))
        return Candidate(model=model_id, build=build, weights=weights)

    def ids(self) -> list[str]:
        """Models that could be loaded with what is here now."""
        return [ESPEAK, *ids_here("tts", self._store)]

    def _of_setting(self, model: str) -> Candidate[Engine]:
        """The operator, unlike clients, may name a folder of the machine."""
        path = Path(model).expanduser()
        if path.is_absolute():
            return Candidate(model=path.name, build=self._builder(path.name, path))
        try:
            return self.candidate(model)
        except NotFound as exc:
            raise SettingsError([f"TTS_MODEL: {exc.message}"]) from exc

    def _here(self) -> tuple[list[Candidate[Engine]], list[str]]:
        chosen, reasons = [], []
        for model in self._ranked():
            package, extra = PACKAGES[model]
            if not self._is_here(model):
                reasons.append(f"{model}: no weights here")
            elif not has_package(package):
                reasons.append(f"{model}: package {package} is missing (extra {extra})")
            else:
                reasons.append(f"{model}: weights and package are here")
                chosen.append(self.candidate(model))
        if not chosen and self._settings.download == "auto":
            chosen.extend(self._best_to_fetch(reasons))
        return [*chosen, self.candidate(ESPEAK)], reasons

    def _best_to_fetch(self, reasons: list[str]) -> list[Candidate[Engine]]:
        found = next((model for model in self._ranked() if has_package(PACKAGES[model][0])), None)
        if found is None:
            reasons.append("nothing is fetched: no package here speaks with what there is to fetch")
            return []
        reasons.append(f"{found}: the best for this machine, to be fetched")
        return [self.candidate(found)]

    def _ranked(self) -> tuple[str, ...]:
        # Without a GPU onnxruntime is the quicker one, and torch the larger by far.
        return (KOKORO, KOKORO_ONNX) if self.has_gpu else (KOKORO_ONNX, KOKORO)

    def _is_here(self, model_id: str) -> bool:
        return self._store.present(self._store.find(model_id))

    def _builder(self, model_id: str, folder: Path) -> Callable[[], Engine]:
        """By what the folder holds when the engine is made: before that it may not be there."""

        def build() -> Engine:
            if any(folder.glob("*.onnx")) or any(folder.glob("onnx/*.onnx")):
                return KokoroOnnx(model=model_id, folder=folder, threads=self.threads)
            return Kokoro(
                model=model_id,
                folder=folder,
                device=self._settings.device,
                threads=self.threads,
            )

        return build

    @property
    def threads(self) -> int:
        return self._settings.threads or os.cpu_count() or 1


def _check_voice(voice_id: str) -> None:
    """Of the embedded engine, whose voices take no loading. Raises SettingsError."""
    with Espeak() as engine:
        if engine.find_voice(voice_id) is None:
            raise SettingsError([f"TTS_VOICE: there is no voice {voice_id!r} in {ESPEAK}"])
