"""An SFU with telephony, and the parts of the telephone over it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr

from backend.phone.sip_sfu import SipSfu
from backend.rooms.watcher_sfu import Sfu
from chassis.http import pooled_client
from chassis.metrics import Metrics
from chassis.settings import LiveKitSettings
from tests.backend.apps import SECRET
from tests.backend.phone.sfu import FakeSfu, fake_sfu


@pytest.fixture
def sfu() -> Iterator[FakeSfu]:
    with fake_sfu() as sfu:
        yield sfu


@pytest.fixture
async def sip(sfu: FakeSfu) -> AsyncIterator[SipSfu]:
    url = sfu.url.replace("http", "ws")
    livekit = LiveKitSettings(url=url, api_key="APItest", api_secret=SecretStr(SECRET))
    async with pooled_client(metrics=Metrics("backend")) as client:
        yield SipSfu(Sfu(client, lambda: livekit, "parley"))
