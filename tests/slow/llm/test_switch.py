"""Chat models switched at run time, with llama-server: streams that run finish on the old one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chassis.metrics import Metrics
from inference.llm.runners import Runners
from inference.llm.settings import LlmSettings
from tests.fakes.gguf_model import Shape, make_gguf
from tests.fakes.hub import FakeHub, fake_hub
from tests.processes import running, until

WITHIN_S = 60.0
SLOW = Shape(width=256, layers=8, feed_forward=1024)  # a second or more for a long reply
LONG_TOKENS = 1500
HI = [{"role": "user", "content": "hello there"}]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    make_gguf(tmp_path / "old.gguf", ctx=4096, shape=SLOW)
    make_gguf(tmp_path / "new.gguf")
    return tmp_path


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub() as hub:
        yield hub


@pytest.fixture
def url(models: Path, hub: FakeHub) -> Iterator[str]:
    if Runners(LlmSettings(), Metrics("llm")).name() is None:
        pytest.skip("llama-server is not here: `make llama`")
    binary = LlmSettings().llama_server_bin
    found = {"LLM_LLAMA_SERVER_BIN": str(binary)} if binary else {}
    # One thread: two engines whose threads wait for each other crawl on a busy machine.
    settings = {"PARLEY_MODELS_DIR": str(models), "LLM_MODEL": "old", "LLM_THREADS": "1"}
    settings["PARLEY_MODELS_URL"] = hub.url
    with running("inference.llm", settings | found) as url:
        until(lambda: told(url)["serving"] == "old")
        yield url


def told(url: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx2.get(f"{url}/health/ready", timeout=20).json()
    return dict(answer["model"])


def chunks(response: httpx2.Response) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


def say(url: str) -> dict[str, Any]:
    body = {"messages": HI, "max_tokens": 4}
    answer = httpx2.post(f"{url}/v1/chat/completions", json=body, timeout=WITHIN_S)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def meta(url: str, model: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx2.get(f"{url}/v1/models/{model}", timeout=10).json()
    return dict(answer["meta"])


def test_a_running_stream_finishes_on_the_old_model(url: str) -> None:
    body = {"messages": HI, "max_tokens": LONG_TOKENS, "stream": True}
    with (
        httpx2.Client(timeout=WITHIN_S) as client,
        client.stream("POST", f"{url}/v1/chat/completions", json=body) as response,
    ):
        stream = chunks(response)
        assert next(stream)["model"] == "old"
        assert httpx2.post(f"{url}/v1/models/new/load").status_code == 202
        until(lambda: told(url)["serving"] == "new")
        assert say(url)["model"] == "new"  # beside the stream
        rest = list(stream)
    assert {chunk["model"] for chunk in rest} == {"old"}
    assert rest[-1]["choices"][0]["finish_reason"] == "length"
    assert (meta(url, "old")["loaded"], meta(url, "new")["loaded"]) == (False, True)
    assert meta(url, "new")["context"] == 2048


def test_back_and_forth_is_no_matter(url: str) -> None:
    for model in ("new", "old", "new"):
        assert httpx2.post(f"{url}/v1/models/{model}/load").status_code == 202
        until(lambda model=model: told(url)["serving"] == model)  # type: ignore[misc]
        assert say(url)["model"] == model


def test_a_file_whose_weights_are_cut_short_leaves_what_serves(url: str, models: Path) -> None:
    whole = make_gguf(models / "later.gguf").read_bytes()
    (models / "later.gguf").write_bytes(whole[: len(whole) // 2])
    refused = httpx2.post(f"{url}/v1/models/later/load")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "model_broken")
    assert say(url)["model"] == "old"


def test_a_file_that_llama_server_refuses_leaves_what_serves(url: str, models: Path) -> None:
    path = make_gguf(models / "odd.gguf")
    path.write_bytes(path.read_bytes().replace(b"blk.1.ffn_up.weight", b"blk.1.ffn_xx.weight"))
    assert httpx2.post(f"{url}/v1/models/odd/load").status_code == 202
    until(lambda: "odd" in told(url)["failed"])
    assert told(url)["serving"] == "old"
    assert say(url)["model"] == "old"


def test_an_unloaded_model_comes_back_by_load(url: str) -> None:
    assert httpx2.delete(f"{url}/v1/models/old").status_code == 200
    assert httpx2.get(f"{url}/health/ready").status_code == 503
    assert httpx2.post(f"{url}/v1/models/old/load").status_code == 202
    until(lambda: told(url)["serving"] == "old")
    assert say(url)["model"] == "old"


def test_a_model_of_the_hub_is_fetched_and_serves(url: str, hub: FakeHub, tmp_path: Path) -> None:
    content = make_gguf(tmp_path / "elsewhere" / "talker").read_bytes()
    hub.repos["acme/talker-GGUF"] = {"talker-Q8_0.gguf": content, "talker-F16.gguf": b"x"}
    hub.crawls_from_bytes = len(content) // 2
    model = "acme/talker-GGUF:Q8_0"
    assert httpx2.post(f"{url}/v1/models/{model}/load").status_code == 202
    until(lambda: told(url).get("done_bytes", 0) >= len(content) // 2)
    assert told(url)["state"] == "downloading"
    assert told(url)["total_bytes"] == len(content)
    assert say(url)["model"] == "old"  # goes on meanwhile
    hub.flows.set()
    until(lambda: told(url)["serving"] == model)
    assert say(url)["model"] == model
    assert meta(url, model)["loaded"]
