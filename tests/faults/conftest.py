from collections.abc import Iterator

import pytest

from tests.faults.rig import Rig, running_rig
from tests.stack import Stack, running_stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack of this module's own: its services get killed."""
    with running_stack("faults") as stack:
        yield stack


@pytest.fixture(scope="package")
def _rig() -> Iterator[Rig]:
    with running_rig("faults-rig") as rig:
        yield rig


@pytest.fixture
def rig(_rig: Rig) -> Iterator[Rig]:
    """The rig of this folder: healthy at the start of every test."""
    _rig.ready()
    yield _rig
    _rig.heal()
