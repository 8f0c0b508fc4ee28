"""The standby runs with the stack."""

import httpx2
import pytest

from tests.stack import Stack

pytestmark = pytest.mark.e2e
MODELS = ["pocketsphinx-en", "assist-standby", "espeak-ng"]


def test_it_is_up_and_the_backend_knows(stack: Stack) -> None:
    assert stack.status()["embedded"] == "ready"
    address = f"http://127.0.0.1:{stack.ports['EMBEDDED_PORT']}"
    answer = httpx2.get(f"{address}/v1/models", trust_env=False).json()
    assert [model["id"] for model in answer["data"]] == MODELS
