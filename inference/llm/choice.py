"""Which backend and model answer: what was asked for, else the best there is here."""

from chassis.errors import NotFound
from chassis.weights.store import ModelStore
from inference.candidates import Candidate
from inference.llm.assist import MODEL as ASSIST
from inference.llm.assist import AssistEngine
from inference.llm.engine import Engine
from inference.llm.settings import LlmSettings
from inference.serving import Choice


class Chooser:
    """Makes candidates of model ids. Touches no weights: an engine loads itself."""

    def __init__(self, settings: LlmSettings, store: ModelStore) -> None:
        self._settings = settings
        self._store = store

    def choose(self) -> Choice[Engine]:
        """By LLM_BACKEND and LLM_MODEL. The embedded assistant is always the last resort."""
        return Choice([self.candidate(ASSIST)], [f"LLM_BACKEND={self._settings.backend}"])

    def candidate(self, model_id: str) -> Candidate[Engine]:
        """Raises NotFound for an id that nothing here can run."""
        if model_id == ASSIST:
            return Candidate(model=ASSIST, build=self._assist)
        raise NotFound(
            f"there is no model {model_id[:100]!r} here", param="model", code="model_not_found"
        )

    def ids(self) -> list[str]:
        """Models that could be loaded with what is here now."""
        return [ASSIST]

    def _assist(self) -> Engine:
        return AssistEngine(timezone=self._settings.timezone)
