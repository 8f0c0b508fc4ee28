"""Which backend and model answer: what was asked for, else the best there is here."""

from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from chassis.errors import InvalidRequest, NotFound
from chassis.logs import get_logger
from chassis.metrics import Metrics
from chassis.settings import SettingsError
from chassis.weights.catalogue import Model
from chassis.weights.store import ModelStore
from inference.candidates import Candidate
from inference.llm.assist import MODEL as ASSIST
from inference.llm.assist import STANDBY_MODEL, AssistEngine
from inference.llm.engine import Engine
from inference.llm.external import MODEL as EXTERNAL
from inference.llm.external import External
from inference.llm.gguf_files import SUFFIX, GgufFile
from inference.llm.models import GgufModels, Memory, NoRoom, summary
from inference.llm.runners import Runners, patience
from inference.llm.settings import LlmSettings
from inference.model_status import EngineFailed
from inference.serving import Choice
from inference.stored_models import not_found, weights_for

DEFAULT = "qwen3-4b-instruct-2507"  # fetched where a backend is demanded and no model is here
DEFAULT_QUANTISATION = "Q4_K_M"  # what most repositories have, and most people take
ASSISTANTS = (ASSIST, STANDBY_MODEL)

log = get_logger(__name__)


class Chooser:
    """Makes candidates of model ids. Touches no weights: an engine loads itself."""

    def __init__(
        self,
        settings: LlmSettings,
        store: ModelStore,
        metrics: Metrics,
        memory: Memory | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._metrics = metrics
        self._runners = Runners(settings, metrics)
        self.models = GgufModels(settings, store, memory or Memory())
        self._alive: WeakValueDictionary[str, Engine] = WeakValueDictionary()

    def choose(self) -> Choice[Engine]:
        """By LLM_BACKEND and LLM_MODEL. The embedded assistant is always the last resort."""
        chosen, reasons = self._chosen()
        log.info("backend_chosen", model=chosen[0].model if chosen else ASSIST, reasons=reasons)
        if not chosen:
            chosen.append(self.candidate(ASSIST))
        elif chosen[0].model not in ASSISTANTS:
            chosen.append(self.candidate(STANDBY_MODEL))
        return Choice(chosen, reasons)

    def candidate(self, model_id: str) -> Candidate[Engine]:
        """Raises NotFound for an id that nothing here can run, NoRoom where it does not fit."""
        if model_id in ASSISTANTS:
            return Candidate(model=model_id, build=lambda: self._assist(model_id))
        if self._is_external:  # it alone knows what it has
            return Candidate(model=model_id, build=lambda: self._external(model_id))
        file = self.models.find(model_id)
        if file:
            self._check(file)
            return self._of_file(file)
        weights = self._weights(model_id)
        if not self._runners.name():
            raise not_found(f"{model_id}: {self._runners.missing()}")
        return Candidate(
            model=weights.id, build=lambda: self._fetched_engine(weights), weights=weights
        )

    def embedder(self, model: str) -> Candidate[Engine]:
        """By LLM_EMBEDDINGS_MODEL, named like LLM_MODEL. Raises SettingsError."""
        if self._is_external:
            return Candidate(model=model, build=lambda: self._external(model), comes_and_goes=True)
        path = Path(model).expanduser()
        if path.is_absolute():
            model = self.models.name(path)
        if self.models.find(model) or not self._runners.name():
            return Candidate(model=model, build=lambda: self._named_engine(model, embeddings=True))
        try:
            weights = self._weights(model)
        except NotFound as exc:
            raise SettingsError([f"LLM_EMBEDDINGS_MODEL: {exc.message}"]) from exc
        return Candidate(
            model=weights.id,
            build=lambda: self._engine(weights.id, self.models.fetched(weights), embeddings=True),
            weights=weights,
        )

    def ids(self) -> list[str]:
        """Models that could be loaded with what is here now."""
        if self._is_external or not self._runners.name():
            return [ASSIST]
        here = [one.id for one in self.models.files() if not one.broken and not one.is_embedding]
        return [*here, ASSIST]

    def details(self, model_id: str) -> dict[str, Any]:
        """Of a model's file, for clients."""
        return self.models.details(model_id)

    # --- by the settings

    @property
    def _is_external(self) -> bool:
        backend = self._settings.backend
        return backend == "external" or (backend == "auto" and self._settings.base_url is not None)

    def _chosen(self) -> tuple[list[Candidate[Engine]], list[str]]:
        asked = self._settings
        if asked.model in ASSISTANTS:
            return [self.candidate(asked.model)], [f"LLM_MODEL={asked.model}"]
        if asked.backend == "assist":
            return [self.candidate(ASSIST)], ["LLM_BACKEND=assist"]
        if self._is_external:
            if asked.base_url is None:
                raise SettingsError(["LLM_BACKEND=external needs LLM_BASE_URL: set it too"])
            candidate = Candidate(
                model=asked.model or EXTERNAL,
                build=lambda: self._external(asked.model),
                comes_and_goes=True,  # it may come up after us
            )
            return [candidate], ["LLM_BASE_URL is set"]
        if asked.model:
            return [self._of_setting(asked.model)], [f"LLM_MODEL={asked.model}"]
        return self._best_here()

    def _of_setting(self, model: str) -> Candidate[Engine]:
        """The operator, unlike clients, may name a file of the machine."""
        path = Path(model).expanduser()
        if path.is_absolute():
            if path.suffix != SUFFIX:
                raise SettingsError([f"LLM_MODEL: {path} is no {SUFFIX} file"])
            id_ = self.models.name(path)
            return Candidate(model=id_, build=lambda: self._named_engine(id_))
        if self.models.find(model):  # whatever is wrong with it is told when it is loaded
            return Candidate(model=model, build=lambda: self._named_engine(model))
        if not self._runners.name():
            return Candidate(model=model, build=lambda: self._named_engine(model))
        try:
            return self.candidate(model)
        except NotFound as exc:
            raise SettingsError([f"LLM_MODEL: {exc.message}"]) from exc

    def _best_here(self) -> tuple[list[Candidate[Engine]], list[str]]:
        is_demanded = self._settings.backend != "auto"
        runner = self._runners.name()
        if not runner and not is_demanded:
            return [], [self._runners.missing()]
        best, reasons = self.models.best(self.models.files())
        if best:
            reason = f"{best.id}: {summary(best)}, the best that fits, by {runner or 'nothing'}"
            return [self._of_file(best)], [reason, *reasons]
        if self._settings.download == "auto" and runner and (weights := self.models.to_fetch()):
            reason = f"{weights.id}: the best for this machine, to be fetched"
            return [self.candidate(weights.id)], [reason, *reasons]
        if is_demanded:
            return [self._of_setting(DEFAULT)], [f"LLM_BACKEND={self._settings.backend}", *reasons]
        return [], [f"no GGUF file that fits is in {self._store.root}", *reasons]

    # --- by a client

    def _check(self, file: GgufFile) -> None:
        """Before a client is told that it is on its way."""
        if file.broken:
            raise InvalidRequest(f"{file.id} {file.broken}", param="model", code="model_broken")
        if file.is_embedding:
            raise not_found(f"{file.id} makes embeddings: it cannot chat")
        if not self._runners.name():
            raise not_found(f"{file.id}: {self._runners.missing()}")
        if file.id not in self._alive:  # what is in memory has found its room
            self.models.fitted(file)

    def _weights(self, model_id: str) -> Model:
        weights = weights_for("llm", model_id, self._store)
        if weights.kind is None and weights.repo and not self._store.present(weights):
            weights = weights_for("llm", f"{model_id}:{DEFAULT_QUANTISATION}", self._store)
        return weights

    # --- engines

    def _of_file(self, file: GgufFile) -> Candidate[Engine]:
        return Candidate(model=file.id, build=lambda: self._named_engine(file.id))

    def _named_engine(self, model_id: str, *, embeddings: bool = False) -> Engine:
        file = self.models.find(model_id)  # as it is now
        if file is None and self._runners.name():
            raise EngineFailed(f"{model_id} is not in {self._store.root} any more")
        return self._engine(model_id, file, embeddings=embeddings)

    def _fetched_engine(self, weights: Model) -> Engine:
        return self._engine(weights.id, self.models.fetched(weights))

    def _engine(self, model_id: str, file: GgufFile | None, *, embeddings: bool = False) -> Engine:
        if file is None:
            raise EngineFailed(self._runners.missing())
        if file.broken:
            raise EngineFailed(f"{file.path.name} {file.broken}")
        if file.is_embedding and not embeddings:
            raise EngineFailed(f"{file.path.name} makes embeddings, not chats")
        try:
            fit = self.models.fitted(file, embeddings=embeddings)
        except NoRoom as exc:
            raise EngineFailed(exc.message) from exc
        engine = self._runners.engine(model_id, file, fit, embeddings=embeddings)
        self._alive[model_id] = engine
        return engine

    def _external(self, model: str | None) -> Engine:
        asked = self._settings
        return External(
            base_url=asked.base_url or "",
            key=asked.base_url_key.get_secret_value() if asked.base_url_key else None,
            model=model,
            slots=asked.slots,
            patience=patience(asked),
            metrics=self._metrics,
        )

    def _assist(self, model: str) -> Engine:
        return AssistEngine(timezone=self._settings.timezone, standing_in=model == STANDBY_MODEL)
