"""A model of embeddings beside the chat model: each answers what is its own."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import psutil
import pytest

from chassis.metrics import Metrics
from inference.llm.runners import Runners
from inference.llm.settings import LlmSettings
from tests.fakes.gguf_model import make_embedding_gguf, make_gguf
from tests.processes import listening_pid, running, until

WITHIN_S = 60.0


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binary = Runners(LlmSettings(), Metrics("llm")).llama_server()
    if binary is None:
        pytest.skip("llama-server is not here: `make llama`")
    models: Path = tmp_path_factory.mktemp("models")
    make_gguf(models / "talker.gguf")
    make_embedding_gguf(models / "vectors.gguf")
    settings = {
        "PARLEY_MODELS_DIR": str(models),
        "LLM_EMBEDDINGS_MODEL": "vectors",
        "LLM_LLAMA_SERVER_BIN": str(binary),
        "LLM_THREADS": "1",
    }
    with running("inference.llm", settings) as url:
        until(lambda: told(url)["embeddings"]["state"] == "ready")
        yield url


def told(url: str) -> dict[str, Any]:
    return dict(httpx2.get(f"{url}/health/ready", timeout=20).json())


def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=WITHIN_S)


@pytest.mark.parametrize("model", ["vectors", "text-embedding-3-small"])
def test_the_stock_client_gets_vectors(url: str, model: str) -> None:
    made = client(url).embeddings.create(model=model, input=["hello there", "and that"])
    assert made.model == "vectors"
    first, second = (one.embedding for one in made.data)
    assert len(first) == len(second) == 64
    assert math.isclose(math.hypot(*first), 1.0, abs_tol=1e-3)
    assert first != second


def test_the_chat_model_still_chats(url: str) -> None:
    messages: Any = [{"role": "user", "content": "hello"}]
    said = client(url).chat.completions.create(model="talker", messages=messages, max_tokens=4)
    assert said.model == "talker"
    assert told(url)["model"]["serving"] == "talker"


def test_neither_is_asked_for_what_is_the_others(url: str) -> None:
    with pytest.raises(openai.NotFoundError):
        client(url).embeddings.create(model="talker", input="hello")
    with pytest.raises(openai.NotFoundError):
        client(url).chat.completions.create(
            model="vectors", messages=[{"role": "user", "content": "hello"}]
        )


def test_its_death_is_noticed_and_mended(url: str) -> None:
    server = psutil.Process(listening_pid(url))
    engines = [
        one for one in server.children(recursive=True) if "vectors" in " ".join(one.cmdline())
    ]
    assert engines
    for engine in engines:
        engine.kill()
    made = client(url).embeddings.create(model="vectors", input="hello")
    assert len(made.data[0].embedding) == 64
