"""Whatever the standby's OpenAPI document allows, and what it does not, is answered as it says."""

import pytest

from tests.contract.openapi_cases import all_keep_to_it
from tests.processes import running

KEY = "contract-key-of-the-standby-0123456789"

pytestmark = pytest.mark.timeout(300)  # some hundreds of requests, on a machine that may be busy


def test_every_operation_keeps_to_the_document() -> None:
    with running("inference.embedded", {"EMBEDDED_API_KEY": KEY}) as url:
        all_keep_to_it(url, key=KEY)
