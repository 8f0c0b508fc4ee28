"""Whatever the OpenAPI document allows, and what it does not, is answered as it says."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.contract.openapi_cases import all_keep_to_it
from tests.processes import running
from tests.speech import speak, wav_bytes

KEY = "k" * 40

pytestmark = pytest.mark.timeout(300)  # some hundreds of requests, on a machine that may be busy


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("stt")
    return {
        "STT_CACHE_DIR": str(folder / "cache"),
        "PARLEY_MODELS_DIR": str(folder / "models"),
        "STT_OPEN_VOCABULARY": "false",  # starts in half the time
        "PARLEY_OFFLINE": "1",  # ids it makes up must not be looked for
    }


@pytest.fixture(scope="module")
def url(environment: dict[str, str]) -> Iterator[str]:
    with running("inference.stt", environment) as url:
        yield url


@pytest.fixture(scope="module")
def keyed_url(environment: dict[str, str]) -> Iterator[str]:
    with running("inference.stt", {**environment, "STT_API_KEY": KEY}) as url:
        yield url


def test_every_operation_keeps_to_the_document(url: str) -> None:
    all_keep_to_it(url)


def test_every_operation_keeps_to_the_document_behind_a_key(keyed_url: str) -> None:
    all_keep_to_it(keyed_url, key=KEY)


def test_a_real_file_is_heard_through_the_documented_form(url: str) -> None:
    schema = httpx2.get(f"{url}/openapi.json").json()
    operation = schema["paths"]["/v1/audio/transcriptions"]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    files = {"file": ("a.wav", wav_bytes(speak("what time is it")))}
    for kind in form["properties"]["response_format"]["enum"]:
        data = {"response_format": kind}
        response = httpx2.post(f"{url}/v1/audio/transcriptions", files=files, data=data)
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in operation["responses"]["200"]["content"]
        assert "what time is it" in response.text
