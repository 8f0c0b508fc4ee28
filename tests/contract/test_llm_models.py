"""GGUF models as clients see them: listed with what they are, refused with a reason, never a path.

The engine of these tests is a program that dies at once: what is asked is how that is told.
Real loading and switching is in tests/slow/llm.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tests.fakes.gguf_model import make_embedding_gguf, make_gguf
from tests.processes import running, until

WITHIN_S = 30.0
CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "what is two plus two"}]}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = tmp_path_factory.mktemp("models")
    make_gguf(models / "tiny.gguf", quantisation="Q8_0")
    make_gguf(models / "acme--talker" / "talker.gguf", chat_template=None)
    make_embedding_gguf(models / "vectors.gguf")
    (models / "bad.gguf").write_bytes(b"GGUF")
    os.truncate(make_gguf(models / "vast.gguf"), 1 << 43)  # of holes: it takes no disk
    with running("inference.llm", environment(models)) as url:
        yield url


def environment(models: Path) -> dict[str, str]:
    return {"PARLEY_MODELS_DIR": str(models), "LLM_LLAMA_SERVER_BIN": "/bin/false"}


def listed(url: str) -> dict[str, dict[str, Any]]:
    rows = httpx2.get(f"{url}/v1/models", timeout=10).json()["data"]
    return {row["id"]: row["meta"] for row in rows}


def told(url: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx2.get(f"{url}/health/ready", timeout=20).json()
    return dict(answer["model"])


def load(url: str, model: str) -> httpx2.Response:
    return httpx2.post(f"{url}/v1/models/{model}/load", timeout=10)


def test_models_are_listed_with_what_they_are(url: str) -> None:
    meta = listed(url)
    assert set(meta) == {"assist-standby", "assist", "tiny", "acme/talker", "vast"}
    assert meta["assist-standby"] == {"loaded": True, "context": None, "slots": 8}
    assert meta["assist"] == {"loaded": False}
    size_bytes = meta["tiny"].pop("size_bytes")
    assert 100_000 < size_bytes < 200_000
    assert meta["tiny"] == {
        "architecture": "llama",
        "parameters": 122_176,
        "quantisation": "Q8_0",
        "context_trained": 2048,
        "chat_template": True,
        "embeddings": False,
        "loaded": False,
    }
    assert meta["acme/talker"]["chat_template"] is False


def test_the_stock_client_reads_the_list(url: str) -> None:
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    assert "acme/talker" in [model.id for model in client.models.list()]
    assert client.models.retrieve("tiny").owned_by == "parley"


def test_the_report_says_why_which_model_was_chosen(url: str) -> None:
    reasons = told(url)["choice"]
    assert any(reason.startswith("tiny: llama tiny Q8_0") for reason in reasons)
    assert "bad is cut short in its header" in reasons
    assert "vectors makes embeddings, not chats" in reasons
    assert any(reason.startswith("vast needs 8796.") for reason in reasons)


@pytest.mark.parametrize(
    ("model", "status", "code", "words"),
    [
        ("bad", 400, "model_broken", "cut short"),
        ("vast", 409, "insufficient_memory", "unload what serves first"),
        ("vectors", 404, "model_not_found", "cannot chat"),
        ("nonsense", 404, "model_not_found", "no model is called"),
        ("whisper-tiny", 404, "model_not_found", "does not chat"),
        ("tiny.gguf", 404, "model_not_found", "no model is called"),
        ("%2Fetc%2Fpasswd", 404, "model_not_found", "no model is called"),
        ("..%2F..%2Ftiny", 404, "model_not_found", "no model is called"),
        ("acme--talker", 404, "model_not_found", "no model is called"),
    ],
)
def test_what_cannot_be_loaded_is_refused_with_the_reason(
    url: str, model: str, status: int, code: str, words: str
) -> None:
    response = load(url, model)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (status, code, "model")
    assert words in error["message"]


def test_an_engine_that_dies_is_told_of_and_the_assistant_goes_on(url: str) -> None:
    assert load(url, "acme/talker").status_code == 202
    until(lambda: "acme/talker" in told(url)["failed"])
    assert told(url)["serving"] == "assist-standby"
    answer = httpx2.post(f"{url}/v1/chat/completions", json=CHAT, timeout=10)
    assert answer.status_code == 200
    assert answer.json()["model"] == "assist-standby"


def test_a_file_that_comes_later_is_listed(tmp_path: Path) -> None:
    with running("inference.llm", environment(tmp_path)) as url:
        assert set(listed(url)) == {"assist"}
        make_gguf(tmp_path / "late.gguf")
        assert set(listed(url)) == {"assist", "late"}
