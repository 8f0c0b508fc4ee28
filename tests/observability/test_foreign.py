"""What is written down of the telephone bridge's and Redis's metrics is what they export."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
import yaml

from parley import sip
from tests.observability.exported import FOREIGN, Exported
from tests.processes import LOGS, free_ports, until, wait_ready

PASSWORD = "a-password-of-thirty-two-characters"
WRITTEN: dict[str, list[str]] = yaml.safe_load(FOREIGN.read_text())
INVITE = """INVITE sip:+15550100@127.0.0.1:{to} SIP/2.0\r
Via: SIP/2.0/UDP 127.0.0.1:{mine};branch=z9hG4bK1\r
Max-Forwards: 70\r
From: <sip:+15550199@127.0.0.1>;tag=1\r
To: <sip:+15550100@127.0.0.1>\r
Call-ID: one@127.0.0.1\r
CSeq: 1 INVITE\r
Contact: <sip:+15550199@127.0.0.1:{mine}>\r
Content-Type: application/sdp\r
Content-Length: {length}\r
\r
{sdp}"""
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="Debian's package redis-server is not here"
)


@contextmanager
def started(name: str, *command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    LOGS.mkdir(exist_ok=True)
    with (LOGS / f"foreign-{name}.log").open("wb") as log:
        process = subprocess.Popen([str(w) for w in command], stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def redis_port() -> Iterator[int]:
    (port,) = free_ports(1)
    options = ("--port", str(port), "--requirepass", PASSWORD, "--save", "")
    with started("redis", "redis-server", "--bind", "127.0.0.1", *options):
        until(lambda: _listens(port), 20)
        yield port


@needs_redis
@pytest.mark.skipif(
    shutil.which("prometheus-redis-exporter") is None, reason="the exporter is not here"
)
def test_redis_is_told_of_by_its_exporter(redis_port: int, tmp_path: Path) -> None:
    address = f"redis://127.0.0.1:{redis_port}"
    passwords = tmp_path / "redis.json"
    passwords.write_text(json.dumps({address: PASSWORD}))
    (port,) = free_ports(1)
    how = (f"--redis.addr={address}", f"--redis.password-file={passwords}")
    listen = f"--web.listen-address=127.0.0.1:{port}"
    with started("redis-exporter", "prometheus-redis-exporter", *how, listen) as process:
        wait_ready(f"http://127.0.0.1:{port}/health", process)
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    assert "redis_up 1" in text
    assert missing(text, "redis_") == set()


@needs_redis
@pytest.mark.skipif(not sip.cached_binary().is_file(), reason="livekit-sip is not built")
def test_the_telephone_bridge_exports_what_is_written_down(redis_port: int, tmp_path: Path) -> None:
    health, numbers, mine, to, rtp = free_ports(5)
    config = {
        "api_key": "key",
        "api_secret": PASSWORD,
        "ws_url": "ws://127.0.0.1:9",
        "redis": {"address": f"127.0.0.1:{redis_port}", "password": PASSWORD},
        "sip_port": to,
        "listen_ip": "127.0.0.1",
        "nat_1_to_1_ip": "127.0.0.1",
        "rtp_port": f"{rtp}-{rtp + 10}",
        "health_port": health,
        "prometheus_port": numbers,
    }
    (tmp_path / "sip.yaml").write_text(json.dumps(config))
    url = f"http://127.0.0.1:{numbers}/metrics"
    with ExitStack() as stack:
        wire = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        wire.bind(("127.0.0.1", mine))
        how = ("--config", tmp_path / "sip.yaml")
        process = stack.enter_context(started("sip", sip.cached_binary(), *how))
        wait_ready(url, process)
        asking = INVITE.format(to=to, mine=mine, length=len(SDP), sdp=SDP)
        wire.sendto(asking.encode(), ("127.0.0.1", to))
        # Nobody can say whether the number is ours: it is turned away, and that is counted.
        until(lambda: "livekit_sip_invite_error" in httpx2.get(url, trust_env=False).text, 30)
        text = httpx2.get(url, trust_env=False).text
    assert missing(text, "livekit_sip_available") == set()
    exported = Exported()
    exported.add(text)
    for name in WRITTEN.keys() & exported.labels.keys():
        ours = {label for label in exported.labels[name] if not label.startswith("node_")}
        assert ours == set(WRITTEN[name]), name


def missing(exposition: str, prefix: str) -> set[str]:
    exported = Exported()
    exported.add(exposition)
    return {name for name in WRITTEN if name.startswith(prefix)} - exported.labels.keys()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
