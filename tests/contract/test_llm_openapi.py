"""Whatever the OpenAPI document allows, and what it does not, is answered as it says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from tests.fakes import openai_backend
from tests.processes import running

KEY = "k" * 40
ERROR = {"message", "type", "param", "code", "request_id"}
HEALTH = ("/health/ready", "/metrics")  # of the chassis: their answers are documented there

load_all_checks()
EXCLUDED = CHECKS.get_by_names(
    [
        "not_a_server_error",  # 503 is an honest answer; checked below
        "positive_data_acceptance",  # what fits the schema need not fit together, nor the model
        "negative_data_rejection",  # null where a client leaves something out is taken
    ]
)
BOUNDED = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


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
    _all_keep_to_it(url, has_key=False, excluded_checks=EXCLUDED)


def test_every_operation_keeps_to_the_document_behind_a_key(keyed_url: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    _all_keep_to_it(keyed_url, has_key=True, headers=headers, excluded_checks=EXCLUDED)


def test_every_operation_keeps_to_the_document_before_a_backend(able_url: str) -> None:
    _all_keep_to_it(able_url, has_key=False, excluded_checks=EXCLUDED)


def _all_keep_to_it(url: str, *, has_key: bool, **how: Any) -> None:
    document = schemathesis.openapi.from_dict(_document(url, has_key=has_key))
    tried = set()
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        # A path that takes nothing can be asked in one way only.
        takes_nothing = not list(operation.iter_parameters()) and not operation.body
        modes = [GenerationMode.POSITIVE] if takes_nothing else list(GenerationMode)
        for mode in modes:

            @BOUNDED
            @given(case=operation.as_strategy(generation_mode=mode))
            def keeps_to_it(case: Any) -> None:
                tried.add(case.operation.path)
                _is_answered_as_documented(case, base_url=url, **how)

            keeps_to_it()
    assert len(tried) == len(document.raw_schema["paths"])


def _document(url: str, *, has_key: bool) -> dict[str, Any]:
    document: dict[str, Any] = httpx2.get(f"{url}/openapi.json").json()
    if not has_key:  # the document does not know whether one is set
        for path in document["paths"].values():
            for operation in path.values():
                operation.pop("security", None)
    return document


def _is_answered_as_documented(case: Any, *, base_url: str, **how: Any) -> None:
    is_health = case.operation.path in HEALTH
    response = case.call(base_url) if is_health else case.call_and_validate(base_url, **how)
    assert response.status_code < 500 or response.status_code == 503, response.text
    if response.status_code >= 400 and not is_health:
        error = response.json()["error"]
        assert set(error) == ERROR
        assert error["message"]
        assert error["param"] or response.status_code in (429, 503)


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
