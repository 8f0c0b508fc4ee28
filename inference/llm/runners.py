"""What can run a GGUF file here: llama-server, or the package llama-cpp-python."""

import shutil
from pathlib import Path

from chassis.metrics import Metrics
from inference.candidates import has_package
from inference.llm.engine import Engine
from inference.llm.gguf_files import GgufFile
from inference.llm.llama_cpp_python import LlamaCppPython
from inference.llm.llama_server import PROMPT_CACHE_BYTES, LlamaServer
from inference.llm.memory_fit import Fit
from inference.llm.settings import LlmSettings
from inference.llm.upstream_http import Patience
from inference.model_status import EngineFailed

BUILDS = Path("~/.cache/parley")  # where `make llama` leaves what it built
BUILT = "llama.cpp-*/bin/llama-server"
PROGRAM = "llama-server"
PACKAGE = "llama_cpp"
RSS_MARGIN = 1.5  # of what the model needs by its header: beyond it something leaks


class Runners:
    """By LLM_BACKEND and by what is installed, which may change while the server runs."""

    def __init__(self, settings: LlmSettings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics

    def name(self) -> str | None:
        """Of the one that would run a file now; None: nothing would."""
        if self.llama_server():
            return f"llama-server ({self.llama_server()})"
        return "llama-cpp-python" if self._has_package() else None

    def missing(self) -> str:
        """Why there is none."""
        if self._settings.backend == "llama-server":
            return "llama-server is not here: `make llama` builds it, LLM_LLAMA_SERVER_BIN names it"
        if self._settings.backend == "llama-cpp-python":
            return "package llama-cpp-python is missing (extra llm-llama-cpp)"
        return (
            "nothing here runs GGUF files: `make llama` builds llama-server, or install package "
            "llama-cpp-python (extra llm-llama-cpp)"
        )

    def engine(self, model_id: str, file: GgufFile, fit: Fit, *, embeddings: bool) -> Engine:
        """Not loaded yet. Raises EngineFailed where nothing runs it."""
        asked = self._settings
        binary = self.llama_server()
        if binary is None and not self._has_package():
            raise EngineFailed(self.missing())
        max_rss_bytes = asked.max_rss_bytes or int(
            fit.needed_bytes * RSS_MARGIN + PROMPT_CACHE_BYTES
        )
        if binary:
            return LlamaServer(
                model=model_id,
                file=file.path,
                binary=binary,
                ctx_tokens=fit.ctx_tokens,
                slots=fit.slots,
                threads=asked.threads,
                gpu_layers=asked.gpu_layers,
                max_rss_bytes=max_rss_bytes,
                embeddings=embeddings,
                patience=patience(asked),
                metrics=self._metrics,
            )
        return LlamaCppPython(
            model=model_id,
            file=file.path,
            ctx_tokens=fit.ctx_tokens,
            threads=asked.threads,
            gpu_layers=asked.gpu_layers,
            max_rss_bytes=max_rss_bytes,
            embeddings=embeddings,
            patience=patience(asked),
            metrics=self._metrics,
        )

    def _has_package(self) -> bool:
        return self._settings.backend != PROGRAM and has_package(PACKAGE)

    def llama_server(self) -> Path | None:
        """The operator's, else the newest that was built here, else that on PATH."""
        if self._settings.backend not in ("auto", PROGRAM):
            return None
        if self._settings.llama_server_bin:
            return self._settings.llama_server_bin.expanduser()
        built = sorted(BUILDS.expanduser().glob(BUILT), key=lambda path: path.stat().st_mtime)
        found = built[-1] if built else shutil.which(PROGRAM)
        return Path(found) if found else None


def patience(settings: LlmSettings) -> Patience:
    """With any backend that is asked over HTTP."""
    return Patience(
        first_token_s=settings.first_token_s,
        inter_token_s=settings.inter_token_s,
        total_s=settings.total_s,
    )
