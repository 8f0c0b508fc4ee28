from collections.abc import Iterator

import pytest

from tests.stack import Stack, running_stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """One stack for this folder's tests: real SFU, servers, agent, backend."""
    with running_stack("e2e") as stack:
        yield stack
