"""Which engine speaks: what was asked for, else the best whose package and weights are here."""

from chassis.errors import NotFound
from chassis.weights.store import ModelStore
from inference.candidates import Candidate
from inference.serving import Choice
from inference.tts.engine import Engine
from inference.tts.espeak import MODEL as ESPEAK
from inference.tts.espeak import Espeak
from inference.tts.settings import TtsSettings


class Chooser:
    """Makes candidates of model ids. Touches no weights: an engine loads itself."""

    def __init__(self, settings: TtsSettings, store: ModelStore) -> None:
        self._settings = settings
        self._store = store

    def choose(self) -> Choice[Engine]:
        """By TTS_ENGINE and TTS_MODEL. espeak-ng is always the last resort."""
        return Choice([self.candidate(ESPEAK)], [f"TTS_ENGINE={self._settings.engine}"])

    def candidate(self, model_id: str) -> Candidate[Engine]:
        """Raises NotFound for an id that nothing here can run."""
        if model_id == ESPEAK:
            return Candidate(model=ESPEAK, build=Espeak)
        raise NotFound(
            f"there is no model {model_id[:100]!r} here", param="model", code="model_not_found"
        )

    def ids(self) -> list[str]:
        """Models that could be loaded with what is here now."""
        return [ESPEAK]
