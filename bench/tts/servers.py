"""The servers under test: ours and the plain one, on espeak-ng or on Kokoro of the real size."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil

from bench.stt.server import Server
from tests.processes import ROOT, listening_pid, running

FOLDER = Path("~/.cache/parley/bench/kokoro-82m-random").expanduser()
READY = "READY-1"  # as bench.tts.kokoro_weights writes it: needs torch, is not imported
TORCH = ROOT / ".venv-kokoro" / "bin" / "python"
BUILD_WITHIN_S = 600.0
LOAD_WITHIN_S = 300.0  # torch alone takes half a minute
MAIN = ROOT / ".venv" / "bin" / "python"


@contextmanager
def ours(engine: str, *, cache: bool = False) -> Iterator[Server]:
    """Without its memory of phrases, unless asked for: else the same text costs nothing twice."""
    env = {"TTS_ENGINE": engine, "PARLEY_OFFLINE": "1", "TTS_LEXICON": "/nonexistent/lexicon.json"}
    if not cache:
        env["TTS_CACHE_BYTES"] = "0"
    if engine == "kokoro":
        env["TTS_MODEL"] = str(kokoro())
    with _served("parley", "inference.tts", env, engine) as server:
        model = httpx2.get(f"{server.url}/v1/audio/models", timeout=5).json()["models"][0]["id"]
        assert model.startswith(engine), f"{model} stepped in for {engine}"
        yield server


@contextmanager
def plain(engine: str) -> Iterator[Server]:
    env = {"PLAIN_HANDLER_MODEL": str(kokoro())} if engine == "kokoro" else {}
    with _served("plain", "bench.tts.plain_handler", env, engine) as server:
        yield server


@contextmanager
def _served(name: str, module: str, env: dict[str, str], engine: str) -> Iterator[Server]:
    python = str(TORCH if engine == "kokoro" else MAIN)
    with running(module, env, python=python, ready_within_s=LOAD_WITHIN_S) as url:
        yield Server(name, url, psutil.Process(listening_pid(url)))


def kokoro() -> Path:
    """82 million weights. Made by torch's environment: a minute, once."""
    if not TORCH.exists():
        subprocess.run(["make", "--no-print-directory", "kokoro"], cwd=ROOT, check=True)
    if not (FOLDER / READY).exists():
        command = [str(TORCH), "-m", "bench.tts.kokoro_weights", str(FOLDER)]
        subprocess.run(command, cwd=ROOT, check=True, timeout=BUILD_WITHIN_S)
    return FOLDER
