"""Whatever the OpenAPI document allows, and what it does not, is answered as it says."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.contract.openapi_cases import all_keep_to_it
from tests.fakes import openai_backend
from tests.processes import running

KEY = "k" * 40
BUT = ("negative_data_rejection",)  # null where a client leaves something out is taken

pytestmark = pytest.mark.timeout(300)  # some hundreds of requests, on a machine that may be busy


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("llm")
    return {
        "LLM_BACKEND": "assist",
        "PARLEY_MODELS_DIR": str(folder / "models"),
        "PARLEY_OFFLINE": "1",  # ids it makes up must not be looked for
    }


@pytest.fixture(scope="module")
def url(environment: dict[str, str]) -> Iterator[str]:
    with running("inference.llm", environment) as url:
        yield url


@pytest.fixture(scope="module")
def keyed_url(environment: dict[str, str]) -> Iterator[str]:
    with running("inference.llm", {**environment, "LLM_API_KEY": KEY}) as url:
        yield url


@pytest.fixture(scope="module")
def able_url(environment: dict[str, str]) -> Iterator[str]:
    """Before a backend that can do everything, and always says the same."""
    with openai_backend.running() as backend:
        external = {"LLM_BACKEND": "external", "LLM_BASE_URL": backend.url}
        with running("inference.llm", {**environment, **external}) as url:
            yield url


def test_every_operation_keeps_to_the_document(url: str) -> None:
    all_keep_to_it(url, but=BUT)


def test_every_operation_keeps_to_the_document_behind_a_key(keyed_url: str) -> None:
    all_keep_to_it(keyed_url, key=KEY, but=BUT)


def test_every_operation_keeps_to_the_document_before_a_backend(able_url: str) -> None:
    all_keep_to_it(able_url, but=BUT)


def test_the_document_says_how_urgent_a_request_may_be(url: str) -> None:
    paths = httpx2.get(f"{url}/openapi.json").json()["paths"]
    for path in ("/v1/chat/completions", "/v1/completions", "/v1/embeddings"):
        named = {one["name"]: one["schema"] for one in paths[path]["post"]["parameters"]}
        levels = named["x-parley-priority"]["enum"]
        assert set(levels) >= {"live", "normal", "batch"}
        for level in levels:
            body = {"messages": [{"role": "user", "content": "hi"}], "prompt": "hi", "input": "hi"}
            headers = {"x-parley-priority": level}
            response = httpx2.post(f"{url}{path}", json=body, headers=headers)
            assert response.status_code == (400 if "embeddings" in path else 200)
