"""Against a real livekit-server: rooms are counted and closed, and both keys of a file work."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit import api, rtc
from pydantic import SecretStr

from backend.calls.ending import CallEnder
from backend.calls.keys import LiveKitKeys
from backend.calls.open_calls import OpenCalls
from backend.rooms.watcher_sfu import Sfu
from chassis.http import pooled_client
from chassis.metrics import Metrics
from chassis.settings import LiveKitSettings
from tests.processes import clean_env, free_ports, wait_ready

BINARIES = sorted(Path("~/.cache/parley").expanduser().glob("livekit-server-*/livekit-server"))
OLD, NEW = "o" * 32, "n" * 32
WITHIN_S = 20.0
CONFIG = """
port: {}
bind_addresses: ["127.0.0.1"]
key_file: {}
rtc: {{tcp_port: {}, udp_port: {}, node_ip: 127.0.0.1, use_external_ip: false}}
"""

pytestmark = pytest.mark.skipif(not BINARIES, reason="livekit-server is not built")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "keys.yaml"
    file.write_text(f"APIold: {OLD}\nAPInew: {NEW}\n")
    file.chmod(0o600)  # the SFU takes no other
    return file


@pytest.fixture
def sfu_url(key_file: Path, tmp_path: Path) -> Iterator[str]:
    http, tcp, udp = free_ports(3)
    env = clean_env({"LIVEKIT_CONFIG": CONFIG.format(http, key_file, tcp, udp)})
    with (tmp_path / "sfu.log").open("wb") as log:
        process = subprocess.Popen([str(BINARIES[-1])], env=env, stdout=log, stderr=log)
        try:
            wait_ready(f"http://127.0.0.1:{http}", process, WITHIN_S)
            yield f"ws://127.0.0.1:{http}"
        finally:
            process.kill()
            process.wait()


async def join(livekit: LiveKitSettings, room: str) -> rtc.Room:
    token = (
        api.AccessToken(livekit.api_key, livekit.api_secret.get_secret_value())
        .with_identity("somebody")
        .with_grants(api.VideoGrants(room_join=True, room=room))
    )
    joined = rtc.Room()
    await joined.connect(livekit.url, token.to_jwt())
    return joined


async def test_calls_signed_with_either_key_are_counted_and_ended(
    sfu_url: str, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.calls.keys.LOOK_EVERY_S", 0)
    monkeypatch.setattr("backend.calls.open_calls.FRESH_S", 0)
    environment = LiveKitSettings(url=sfu_url, api_key="APIenv", api_secret=SecretStr("e" * 32))
    keys = LiveKitKeys(environment, key_file)
    async with asyncio.timeout(WITHIN_S), pooled_client(metrics=Metrics("test")) as client:
        sfu = Sfu(client, keys.now, "parley")
        calls = OpenCalls(sfu)
        anns = await join(keys.now(), calls.claim("ann"))
        await asyncio.to_thread(key_file.write_text, f"APInew: {NEW}\nAPIold: {OLD}\n")
        assert keys.now().api_key == "APInew"
        bens = await join(keys.now(), calls.claim("ben"))
        await calls.look()
        assert (calls.count("ann"), calls.count("ben"), calls.count()) == (1, 1, 2)
        gone = asyncio.Event()
        anns.on("disconnected", lambda *_: gone.set())
        async with CallEnder(sfu, token_ttl_s=60) as ender:
            await ender.user_gone("ann")
            await gone.wait()
        assert bens.isconnected()
        await calls.look()
        assert (calls.count("ann"), calls.count("ben")) == (0, 1)
        await bens.disconnect()
