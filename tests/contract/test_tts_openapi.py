"""Whatever the OpenAPI document allows, and what it does not, is answered as it says."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.contract.openapi_cases import all_keep_to_it
from tests.processes import running

KEY = "k" * 40

pytestmark = pytest.mark.timeout(300)  # some hundreds of requests, on a machine that may be busy


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("tts")
    return {
        "TTS_ENGINE": "espeak",
        "TTS_LEXICON": str(folder / "lexicon.json"),
        "PARLEY_MODELS_DIR": str(folder / "models"),
        "PARLEY_OFFLINE": "1",  # ids it makes up must not be looked for
    }


@pytest.fixture(scope="module")
def url(environment: dict[str, str]) -> Iterator[str]:
    with running("inference.tts", environment) as url:
        yield url


@pytest.fixture(scope="module")
def keyed_url(environment: dict[str, str]) -> Iterator[str]:
    with running("inference.tts", {**environment, "TTS_API_KEY": KEY}) as url:
        yield url


def test_every_operation_keeps_to_the_document(url: str) -> None:
    all_keep_to_it(url)


def test_every_operation_keeps_to_the_document_behind_a_key(keyed_url: str) -> None:
    all_keep_to_it(keyed_url, key=KEY)


def test_every_format_of_the_document_comes_under_a_type_it_names(url: str) -> None:
    document = httpx2.get(f"{url}/openapi.json").json()
    operation = document["paths"]["/v1/audio/speech"]["post"]
    body = document["components"]["schemas"]["SpeechBody"]["properties"]
    kinds = next(one["enum"] for one in body["response_format"]["anyOf"] if "enum" in one)
    named = operation["responses"]["200"]["content"]
    for kind in kinds:
        response = httpx2.post(
            f"{url}/v1/audio/speech", json={"input": "Hello.", "response_format": kind}
        )
        assert response.headers["content-type"] in named
    assert len(named) == len(kinds) + 1  # and events
    assert {"voice", "language", "timestamps", "stream_format", "speed"} <= set(body)
