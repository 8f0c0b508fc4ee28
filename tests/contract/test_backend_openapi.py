"""Whatever the OpenAPI document allows, and what it does not, is answered as it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.openapi_cases import all_keep_to_it
from tests.processes import running

KEY = "k" * 40
BUT = ("negative_data_rejection",)  # an object in a query is another parameter, which is ignored

pytestmark = pytest.mark.timeout(300)  # some hundreds of requests, on a machine that may be busy


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("backend")
    environment = {
        "PARLEY_SERVICE_KEY": KEY,
        "LIVEKIT_API_KEY": "APItest",
        "LIVEKIT_API_SECRET": "0123456789abcdef0123456789abcdef",
    }
    with running("backend", environment, cwd=folder, health="/health/live") as url:
        yield url


def test_every_operation_keeps_to_the_document(url: str) -> None:
    all_keep_to_it(url, key=KEY, but=BUT)
