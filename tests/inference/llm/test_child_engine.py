"""An engine's process is loaded, blamed for its failure, abandoned, and leaves nothing behind."""

import asyncio
import errno
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.metrics import Metrics
from inference.candidates import Candidate, load
from inference.llm.child_engine import ChildEngine, Plan, blamed
from inference.llm.engine import Abilities
from inference.llm.upstream_http import Patience
from inference.model_status import EngineFailed

WITHIN_S = 20.0
ABILITIES = Abilities(
    json=False,
    streamed_tools=False,
    logprobs=False,
    completions=True,
    embeddings=False,
    context_tokens=512,
)
LLAMA_SAYS = """\
I srv    load_model: loading model 'a.gguf'
E gguf_init_from_reader: invalid magic characters: 'hell', expected 'GGUF'
E srv    load_model: failed to load model, 'a.gguf'
"""


class Fake(ChildEngine):
    """Runs a line of Python."""

    def __init__(self, code: str) -> None:
        super().__init__(
            model="fake",
            slots=1,
            abilities=ABILITIES,
            max_rss_bytes=0,
            patience=Patience(),
            metrics=Metrics("test"),
        )
        self._code = code

    def _plan(self, folder: Path, socket: Path) -> Plan:
        return Plan(name="fake", command=[sys.executable, "-c", self._code], health="health")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


async def never_warm(engine: Fake) -> None:
    raise AssertionError("it is not loaded")


async def test_one_that_ends_while_it_loads_is_told_with_its_own_words() -> None:
    engine = Fake("print('E loader: the file is cut short'); raise SystemExit(1)")
    with pytest.raises(EngineFailed, match="fake ended with status 1: the file is cut short"):
        await load(Candidate(model="fake", build=lambda: engine), never_warm)


async def test_one_that_cannot_be_made_a_process_says_why_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, "no process is left")

    monkeypatch.setattr(subprocess, "Popen", none_left)
    engine = Fake("")
    with pytest.raises(EngineFailed, match="no process is left"):
        async with asyncio.timeout(2):
            await load(Candidate(model="fake", build=lambda: engine), never_warm)


async def test_a_loading_that_nobody_waits_for_is_ended() -> None:
    engine = Fake("import time; print('loading', flush=True); time.sleep(600)")
    loading = asyncio.create_task(load(Candidate(model="f", build=lambda: engine), never_warm))
    async with asyncio.timeout(WITHIN_S):
        while True:
            await asyncio.sleep(0.01)
            try:
                if engine.child.last_lines():
                    break
            except EngineFailed:
                continue
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
    assert loading.cancelled()
    assert engine.child.ended


async def test_one_that_is_not_loaded_says_so() -> None:
    with pytest.raises(EngineFailed, match="not loaded"):
        await Fake("").infer()


def test_the_first_error_of_a_log_is_the_cause() -> None:
    assert blamed(LLAMA_SAYS.splitlines()) == "invalid magic characters: 'hell', expected 'GGUF'"
    assert blamed(["a", "ValueError: no such file"]) == "ValueError: no such file"
    assert blamed(["ggml.c:3354: GGML_ASSERT(x) failed", "more"]).endswith("GGML_ASSERT(x) failed")
    assert blamed([]) == "it said nothing"
