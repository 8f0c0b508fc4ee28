"""Whom the SFU sends its clients to for their own address: to nobody on the internet."""

import asyncio
import json
from pathlib import Path

import aiohttp
from livekit import api
from livekit.protocol.rtc import SignalResponse

from parley.environment import SFU_CONFIG
from parley.sfu import cached_binary
from tests.faults.processes import Service
from tests.processes import free_port

KEY, SECRET = "APItest", "s" * 40
HOST = "127.0.0.1"
ANSWERS_WITHIN_S = 20.0


async def test_no_client_is_told_of_a_server_on_the_internet(tmp_path: Path) -> None:
    port = free_port()
    sfu = Service(
        [
            str(cached_binary()),
            f"--config={SFU_CONFIG}",
            f"--port={port}",
            f"--rtc.tcp_port={free_port()}",
            f"--udp-port={free_port()}",
        ],
        {"LIVEKIT_KEYS": f"{json.dumps(KEY)}: {json.dumps(SECRET)}"},
        tmp_path,
        tmp_path / "sfu.log",
        f"http://{HOST}:{port}",
    )
    sfu.start()
    try:
        await asyncio.to_thread(sfu.wait_ready)
        urls = await ice_urls(port)
    finally:
        await asyncio.to_thread(sfu.stop)
    # One must be named: without any the SFU tells of public ones.
    assert urls == [f"stun:{HOST}:3478"]


async def ice_urls(port: int) -> list[str]:
    """As the SFU tells who joins."""
    may = api.VideoGrants(room_join=True, room="r")
    token = api.AccessToken(KEY, SECRET).with_identity("me").with_grants(may).to_jwt()
    where = f"ws://{HOST}:{port}/rtc?access_token={token}&protocol=15&auto_subscribe=0"
    async with (
        asyncio.timeout(ANSWERS_WITHIN_S),
        aiohttp.ClientSession() as http,
        http.ws_connect(where) as wire,
    ):
        first = SignalResponse.FromString(await wire.receive_bytes())
    return [url for server in first.join.ice_servers for url in server.urls]
