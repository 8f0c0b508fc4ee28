"""Clients that stall, leave, lie or come in crowds: the others are served, and nothing is left."""

import json
import random
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.processes import listening_pid, running, until

SPEECH = "/v1/audio/speech"
LONG = "This is one of many sentences, and it goes on for quite some time. " * 60
SHORT = {"input": "Hello there.", "response_format": "pcm"}
CLIENTS = 60
LEAVERS = 200
PROMPT_S = 5.0  # generous: the machine may be busy with other tests
MAX_MORE_BYTES = 60e6


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    lexicon: Path = tmp_path_factory.mktemp("tts") / "lexicon.json"
    environment = {
        "TTS_ENGINE": "espeak",
        "TTS_LEXICON": str(lexicon),
        "TTS_QUEUE_LIMIT": "256",
    }
    with running("inference.tts", environment) as url:
        yield url


@pytest.fixture(autouse=True)
def _is_free_again(url: str) -> Iterator[None]:
    yield
    until(lambda: metric(url, "parley_tts_speeches") == 0)
    assert spoken(url) > 0.5


def metric(url: str, name: str) -> float:
    lines = httpx2.get(f"{url}/metrics", timeout=10).text.splitlines()
    return next((float(x.rpartition(" ")[2]) for x in lines if x.startswith(f"{name} ")), 0.0)


def spoken(url: str) -> float:
    """Seconds of sound of a short text, promptly."""
    started_s = time.monotonic()
    answer = httpx2.post(f"{url}{SPEECH}", json=SHORT, timeout=20)
    assert answer.status_code == 200
    assert time.monotonic() - started_s < PROMPT_S
    return len(answer.content) / 48_000


def connected(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def head(length: int | str, *more: str) -> bytes:
    lines = (
        f"POST {SPEECH} HTTP/1.1",
        "Host: tts",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        *more,
    )
    return "\r\n".join([*lines, "", ""]).encode()


def request(body: dict[str, object]) -> bytes:
    content = json.dumps(body).encode()
    return head(len(content)) + content


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(4096).split(b" ", 2)[1])


def test_bodies_that_never_end_hold_nobody_up(url: str) -> None:
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            stalled = stack.enter_context(connected(url))
            stalled.sendall(head(1000) + b'{"input": "')
        assert spoken(url) > 0.5
        assert httpx2.get(f"{url}/health/ready", timeout=10).status_code == 200


def test_readers_that_never_read_hold_nobody_up(url: str) -> None:
    server = psutil.Process(listening_pid(url))
    before = server.memory_info().rss
    with ExitStack() as stack:
        for _ in range(6):
            deaf = stack.enter_context(connected(url))
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.sendall(request({"input": LONG, "response_format": "pcm"}))
            assert status_of(deaf) == 200
        assert spoken(url) > 0.5
        assert server.memory_info().rss - before < MAX_MORE_BYTES


@pytest.mark.parametrize("length", [3, 25])
def test_a_length_that_is_too_small_gives_no_500(url: str, length: int) -> None:
    """What follows the body is taken for the next request, and is none."""
    with connected(url) as liar:
        liar.sendall(head(length) + json.dumps(SHORT).encode())
        assert status_of(liar) == 400


def test_a_length_that_is_too_large_is_waited_for_and_left(url: str) -> None:
    with connected(url) as liar:
        liar.sendall(head(10_000) + json.dumps(SHORT).encode())
    assert spoken(url) > 0.5


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999", "x", "5, 5"])
def test_a_length_that_is_none_is_refused(url: str, length: str) -> None:
    with connected(url) as liar:
        liar.sendall(head(length) + b"{}")
        assert 400 <= status_of(liar) < 500


def test_two_ways_to_end_a_body_are_not_taken_for_two_requests(url: str) -> None:
    smuggled = b"0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: tts\r\n\r\n"
    with connected(url) as liar:
        liar.sendall(head(len(smuggled), "Transfer-Encoding: chunked") + smuggled)
        answers = liar.recv(65_536)
    assert b"200 OK" not in answers


def test_a_body_in_pieces_is_cut_at_the_limit(url: str) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"input": "'
        for _ in range(100):
            yield b"a" * 10_000

    headers = {"content-type": "application/json"}
    answer = httpx2.post(f"{url}{SPEECH}", content=pieces(), headers=headers, timeout=20)
    assert (answer.status_code, answer.json()["error"]["param"]) == (413, "body")


def test_headers_of_64_kb_are_refused(url: str) -> None:
    with connected(url) as client:
        client.sendall(head(2, "X: " + "a" * 65_536) + b"{}")
        assert 400 <= status_of(client) < 500


def leave(url: str, chance: random.Random) -> None:
    """At some moment: before the body is whole, before the first sound, after it, or in events."""
    body = {
        "input": LONG,
        "response_format": chance.choice(["pcm", "wav", "mp3", "opus", "aac", "flac"]),
        "stream_format": chance.choice(["audio", "sse"]),
        "speed": chance.choice([0.25, 1.0, 4.0]),
    }
    whole = request(body)
    with connected(url) as client:
        match chance.randrange(3):
            case 0:
                client.sendall(whole[: chance.randrange(len(whole))])
            case 1:
                client.sendall(whole)
            case 2:
                client.sendall(whole)
                client.recv(chance.choice([1, 4096, 65_536]))


def test_many_that_leave_leave_nothing_behind(url: str) -> None:
    server = psutil.Process(listening_pid(url))

    def all_leave(count: int, seed: int) -> None:
        chances = [random.Random(seed + number) for number in range(count)]
        with ThreadPoolExecutor(8) as clients:
            list(clients.map(lambda chance: leave(url, chance), chances))
        until(lambda: metric(url, "parley_tts_speeches") == 0)

    all_leave(CLIENTS, 0)  # until every thread and cache is there
    files, rss = server.num_fds(), server.memory_info().rss
    all_leave(LEAVERS, 1000)
    until(lambda: server.num_fds() <= files + 4)
    assert server.memory_info().rss - rss < MAX_MORE_BYTES
    assert metric(url, "parley_tts_cancelled_total") > 0


def test_a_crowd_is_served_or_told_to_come_again(tmp_path: Path) -> None:
    environment = {
        "TTS_ENGINE": "espeak",
        "TTS_SLOTS": "2",
        "TTS_QUEUE_LIMIT": "2",
        "TTS_LEXICON": str(tmp_path / "lexicon.json"),
    }
    with running("inference.tts", environment) as small, ThreadPoolExecutor(12) as clients:
        body = {"input": LONG[:600], "response_format": "pcm"}
        answers = list(
            clients.map(lambda _: httpx2.post(f"{small}{SPEECH}", json=body, timeout=60), range(24))
        )
        refused = [answer for answer in answers if answer.status_code != 200]
        assert 0 < len(refused) < 24
        assert {answer.status_code for answer in refused} == {429}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert {answer.json()["error"]["code"] for answer in refused} == {"queue_full"}
        assert spoken(small) > 0.5
