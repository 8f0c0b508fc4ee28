"""The templates are compiled before the first test: the service does it before its first chat."""

import pytest

from inference.assist.language import codes
from inference.assist.recognise import recognise


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    for code in codes():
        recognise("one", code)
