"""llama.cpp's own server as an engine: slots that answer side by side, tools, a prefix cache."""

import os
from pathlib import Path

import psutil

from chassis.metrics import Metrics
from inference.llm.child_engine import ChildEngine, Plan
from inference.llm.engine import Abilities
from inference.llm.upstream_body import Dialect
from inference.llm.upstream_http import Patience
from inference.model_status import EngineFailed

MIB = 1 << 20
# Part of what a model takes of memory, beside its file and its context: chats that lost their
# slot to another, kept for when they go on. llama.cpp's own default is 8 GiB.
PROMPT_CACHE_BYTES = 256 * MIB
CHECKPOINTS = 4  # states of models that cannot forget a part, by slot; the default is 32
# Read at once of a prompt: progress is told after each, and it is what tells a busy engine from a
# wedged one. Larger ones gain nothing on a CPU.
BATCH_TOKENS = 256
REUSED_TOKENS = 256  # stretches worth keeping when earlier turns were cut out of a chat
SPARE_THREADS = 16  # of HTTP: clients that left are noticed while slots work
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


class LlamaServer(ChildEngine):
    """One GGUF file served by `llama-server`, `slots` chats at once of `ctx_tokens` each.

    With `embeddings` it makes vectors and nothing else: llama.cpp cannot do both.
    """

    def __init__(
        self,
        *,
        model: str,
        file: Path,
        binary: Path,
        ctx_tokens: int,
        slots: int,
        threads: int,
        gpu_layers: int,
        max_rss_bytes: int,
        embeddings: bool,
        patience: Patience,
        metrics: Metrics,
    ) -> None:
        """`threads` 0: one a core; `gpu_layers` -1: as many as fit; `max_rss_bytes` 0: no cap,
        else beyond it the watchdog starts the engine anew."""
        super().__init__(
            model=model,
            slots=1 if embeddings else slots,  # more of them fail an assertion in llama.cpp
            abilities=Abilities(
                json=not embeddings,
                streamed_tools=not embeddings,
                logprobs=not embeddings,
                completions=not embeddings,
                embeddings=embeddings,
                context_tokens=ctx_tokens,
                can_skip_reasoning=True,
            ),
            max_rss_bytes=max_rss_bytes,
            patience=patience,
            metrics=metrics,
        )
        self._file = file
        self._binary = binary
        self._ctx_tokens = ctx_tokens
        self._threads = threads or cores()
        self._gpu_layers = gpu_layers

    def _plan(self, folder: Path, socket: Path) -> Plan:
        for what in (self._binary, self._file):
            if not what.is_file():
                raise EngineFailed(f"there is no file {what}")
        batch = self._ctx_tokens if self.abilities.embeddings else BATCH_TOKENS
        options: dict[str, object] = {
            "--model": self._file,
            "--alias": self.model,
            "--host": socket,
            "--ctx-size": self._ctx_tokens * self.slots,
            "--parallel": self.slots,
            "--threads": self._threads,
            "--threads-http": self.slots + SPARE_THREADS,
            "--batch-size": batch,
            "--ubatch-size": batch,
            "--gpu-layers": "auto" if self._gpu_layers < 0 else self._gpu_layers,
            "--cache-ram": PROMPT_CACHE_BYTES // MIB,
            "--cache-reuse": REUSED_TOKENS,
            "--ctx-checkpoints": CHECKPOINTS,
            "--reasoning-format": "deepseek",
            "--sse-ping-interval": -1,  # no sign of life: it comes from another thread
        }
        flags = ["--no-kv-unified", "--no-warmup", "--no-ui", "--offline", "--no-log-timestamps"]
        # A chat may end with the assistant: it goes on with words of its own, not with those.
        flags += (
            ["--embeddings"] if self.abilities.embeddings else ["--jinja", "--no-prefill-assistant"]
        )
        told = [str(part) for option in options.items() for part in option]
        return Plan(
            name="llama-server",
            command=[str(self._binary), *told, *flags],
            health="health",
            dialect=Dialect(extra={"return_progress": True}, knows_named=False),
        )


def cores() -> int:
    """As many threads as work side by side: whole cores, of those this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    counts = [psutil.cpu_count(logical=False), allowed, _quota()]
    return max(1, min(count for count in (*counts, os.cpu_count()) if count))


def _quota() -> int | None:
    """Cores a container was given; more threads than that only wait for each other."""
    try:
        quota, period = CPU_QUOTA.read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # "max": no quota
        return None
