"""The server of the package llama-cpp-python as an engine, where llama-server is not there.

It answers one chat at a time, and has no tool calls in streams.
"""

import importlib.metadata
import importlib.util
import json
import os
import sys
from pathlib import Path

from chassis.metrics import Metrics
from inference.llm.child_engine import ChildEngine, Plan
from inference.llm.engine import Abilities
from inference.llm.llama_server import BATCH_TOKENS, cores
from inference.llm.upstream_body import Dialect
from inference.llm.upstream_http import Patience
from inference.model_status import EngineFailed

LIBRARIES = "LLAMA_CPP_LIB_PATH"  # where the package finds llama.cpp, if not within itself
BUILDS = Path("~/.cache/parley")  # where `make llama` leaves what it built
ALL_LAYERS = -1


class LlamaCppPython(ChildEngine):
    """One GGUF file served by the package; satisfies Engine."""

    def __init__(
        self,
        *,
        model: str,
        file: Path,
        ctx_tokens: int,
        threads: int,
        gpu_layers: int,
        max_rss_bytes: int,
        embeddings: bool,
        patience: Patience,
        metrics: Metrics,
        python: Path = Path(sys.executable),
        libraries: Path | None = None,
    ) -> None:
        """`libraries`: the folder of libllama.so, of an environment whose package has none.
        The others as for LlamaServer."""
        super().__init__(
            model=model,
            slots=1,
            abilities=Abilities(
                json=not embeddings,
                streamed_tools=False,
                logprobs=False,
                completions=not embeddings,
                embeddings=embeddings,
                context_tokens=ctx_tokens,
            ),
            max_rss_bytes=max_rss_bytes,
            patience=patience,
            metrics=metrics,
        )
        self._file = file
        self._ctx_tokens = ctx_tokens
        self._threads = threads or cores()
        self._gpu_layers = gpu_layers
        self._python = python
        self._libraries = libraries or _libraries()

    def _plan(self, folder: Path, socket: Path) -> Plan:
        if not self._file.is_file():
            raise EngineFailed(f"there is no file {self._file}")
        config = folder / "config.json"
        config.write_text(json.dumps(self._config()))
        # The package's own `python -m llama_cpp.server` listens on no Unix socket.
        serve = ["-m", "uvicorn", "--factory", "llama_cpp.server.app:create_app"]
        environment = {"CONFIG_FILE": str(config)}
        if self._libraries:
            environment[LIBRARIES] = str(self._libraries)
        return Plan(
            name="llama-cpp-python",
            command=[str(self._python), *serve, "--uds", str(socket), "--no-access-log"],
            health="models",
            environment=environment,
            dialect=Dialect(schema_in_json_object=True, knows_required=False, null_content=False),
        )

    def _config(self) -> dict[str, object]:
        model: dict[str, object] = {
            "model": str(self._file),
            "model_alias": self.model,
            "n_ctx": self._ctx_tokens,
            "n_batch": self._ctx_tokens if self.abilities.embeddings else BATCH_TOKENS,
            "n_threads": self._threads,
            "n_threads_batch": self._threads,
            "n_gpu_layers": ALL_LAYERS if self._gpu_layers < 0 else self._gpu_layers,
            "embedding": self.abilities.embeddings,
        }
        # By default a second request cuts off the first one's answer.
        return {"interrupt_requests": False, "disable_ping_events": True, "models": [model]}


def _libraries() -> Path | None:
    """Those that `make llama` built, for a package that was installed without its own."""
    if named := os.environ.get(LIBRARIES):
        return Path(named)
    found = importlib.util.find_spec("llama_cpp")
    folders = (found.submodule_search_locations or []) if found else []
    if not folders or any((Path(folder) / "lib").is_dir() for folder in folders):
        return None
    version = importlib.metadata.version("llama-cpp-python")
    return BUILDS.expanduser() / f"llama.cpp-{version}" / "bin"
