from collections.abc import Iterator

import pytest

from tests.faults.processes import Service
from tests.faults.rig import Rig, running_rig
from tests.processes import free_ports
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


@pytest.fixture(scope="package")
def hopeless_worker(_rig: Rig) -> Iterator[Service]:
    """A worker whose SFU never answers: it gives up after two minutes, while others are tested."""
    port, sdk_port, nowhere = free_ports(3)
    env = {
        **_rig.worker.environment,
        "AGENT_PORT": str(port),
        "AGENT_SDK_PORT": str(sdk_port),
        "AGENT_DATA_DIR": str(_rig.folder / "hopeless"),
        "LIVEKIT_URL": f"ws://127.0.0.1:{nowhere}",
    }
    url = f"http://127.0.0.1:{port}/health/ready"
    log = _rig.folder / "hopeless.log"
    service = Service(_rig.worker.command, env, _rig.folder, log, url)
    service.start()
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture
def rig(_rig: Rig, hopeless_worker: Service) -> Iterator[Rig]:
    """The rig of this folder: healthy at the start of every test."""
    _rig.ready()
    yield _rig
    _rig.heal()
