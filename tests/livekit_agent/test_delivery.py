import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pydantic import SecretStr

from chassis.metrics import Metrics
from livekit_agent import delivery
from livekit_agent.backend_client import BackendClient, backend_http
from livekit_agent.delivery import Deliverer, delivered_records
from livekit_agent.outbox import Outbox
from livekit_agent.settings import AgentSettings
from tests.livekit_agent.backend_process import KEY, backend_in
from tests.processes import ROOT, clean_env, until

DELIVERER = """
import asyncio, sys
from pathlib import Path
from pydantic import SecretStr
from chassis.metrics import Metrics
from livekit_agent.backend_client import backend_http
from livekit_agent.delivery import Deliverer, delivered_records

async def main():
    metrics = Metrics("agent")
    async with backend_http(sys.argv[2], SecretStr(sys.argv[3]), metrics) as http:
        async with Deliverer(Path(sys.argv[1]), http, metrics):
            await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "POLL_S", 0.02)
    monkeypatch.setattr(delivery, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(delivery, "LONGEST_PAUSE_S", 0.2)


class Scripted:
    """A backend that answers as told, by key, and remembers what it was sent."""

    def __init__(self) -> None:
        self.script: dict[str, list[int]] = {}
        self.received: list[tuple[str, int]] = []
        self.forgotten: set[str] = set()  # keys of letters about what was deleted

    def answer(self, key: str) -> int:
        left = self.script.get(key, [])
        status = left.pop(0) if left else 200
        self.received.append((key, status))
        return status

    @property
    def taken(self) -> list[str]:
        return [key for key, status in self.received if status == 200]


@pytest.fixture
def scripted() -> Iterator[tuple[Scripted, str]]:
    backend = Scripted()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            key = self.headers["idempotency-key"]
            status = backend.answer(key)
            body = b'{"error": {"code": "forgotten"}}' if key in backend.forgotten else b""
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield backend, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextlib.asynccontextmanager
async def delivering(folder: Path, url: str, metrics: Metrics | None = None) -> AsyncIterator[None]:
    metrics = metrics or Metrics("agent")
    async with backend_http(url, SecretStr(KEY), metrics) as http, Deliverer(folder, http, metrics):
        yield


async def emptied(outbox: Outbox, *, but: int = 0) -> None:
    """Until at most `but` letters are left."""
    async with asyncio.timeout(60):
        while True:
            if await outbox.count() <= but:
                return
            await asyncio.sleep(0.01)  # between two looks


async def put(outbox: Outbox, key: str, lane: str = "c") -> None:
    await outbox.put("POST", "/x", {"text": key}, key, lane=lane)


async def put_turn(outbox: Outbox, i: int, conversation: str = "c1") -> None:
    body = {"role": "user", "text": str(i), "started_at": f"2026-01-02T12:00:{i:02}Z"}
    path = f"/internal/conversations/{conversation}/turns"
    await outbox.put("POST", path, body, f"{conversation}:{i}", lane=conversation)


async def told(url: str, conversation: str = "c1") -> list[str]:
    async with backend_http(url, SecretStr(KEY), Metrics("test")) as http:
        context = await BackendClient(http).context(conversation, within_s=10)
    return [turn.text for turn in context.turns]


async def test_letters_of_a_lane_arrive_in_order_whatever_fails(
    tmp_path: Path, scripted: tuple[Scripted, str]
) -> None:
    backend, url = scripted
    backend.script = {"2": [500, 503, 429], "5": [408, 401, 301]}
    async with Outbox(tmp_path) as outbox, delivering(tmp_path, url):
        for i in range(8):
            await put(outbox, str(i))
        await emptied(outbox)
    assert backend.taken == [str(i) for i in range(8)]


async def test_a_record_it_stumbles_over_holds_up_its_own_lane_only(
    tmp_path: Path, scripted: tuple[Scripted, str]
) -> None:
    backend, url = scripted
    backend.script = {"bad": [500] * 10_000}
    async with Outbox(tmp_path) as outbox, delivering(tmp_path, url):
        await put(outbox, "bad", "sick")
        await put(outbox, "behind", "sick")
        for i in range(5):
            await put(outbox, str(i), "well")
        await emptied(outbox, but=2)
    assert backend.taken == [str(i) for i in range(5)]


@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_what_will_never_be_taken_is_kept_aside(
    tmp_path: Path, scripted: tuple[Scripted, str], status: int
) -> None:
    backend, url = scripted
    backend.script = {"bad": [status]}
    metrics = Metrics("agent")
    async with Outbox(tmp_path) as outbox, delivering(tmp_path, url, metrics):
        await put(outbox, "bad")
        await put(outbox, "good")
        await emptied(outbox)
        assert await outbox.dead() == 1
    assert backend.received == [("bad", status), ("good", 200)]
    exposition = metrics.render().decode()
    assert "parley_agent_outbox_refused_total 1.0" in exposition
    assert "parley_agent_outbox_delivered_total 1.0" in exposition


async def test_of_two_deliverers_one_delivers(
    tmp_path: Path, scripted: tuple[Scripted, str]
) -> None:
    backend, url = scripted
    async with Outbox(tmp_path) as outbox, delivering(tmp_path, url), delivering(tmp_path, url):
        for i in range(20):
            await put(outbox, str(i))
        await emptied(outbox)
    assert backend.taken == [str(i) for i in range(20)]


async def test_the_other_takes_over(tmp_path: Path, scripted: tuple[Scripted, str]) -> None:
    backend, url = scripted
    async with Outbox(tmp_path) as outbox:
        async with contextlib.AsyncExitStack() as first, delivering(tmp_path, url):
            await first.enter_async_context(delivering(tmp_path, url))
            await put(outbox, "1")
            await emptied(outbox)
        async with delivering(tmp_path, url):
            await put(outbox, "2")
            await emptied(outbox)
    assert backend.taken == ["1", "2"]


async def test_what_is_left_is_delivered_before_the_worker_ends(
    tmp_path: Path, scripted: tuple[Scripted, str]
) -> None:
    backend, url = scripted
    async with Outbox(tmp_path) as outbox:
        async with delivering(tmp_path, url):
            for i in range(10):
                await put(outbox, str(i))
        assert await outbox.count() == 0
    assert backend.taken == [str(i) for i in range(10)]


async def test_an_absent_backend_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as outbox, asyncio.timeout(20):
        await put(outbox, "1")
        async with delivering(tmp_path, "http://127.0.0.1:9"):
            pass
        assert await outbox.count() == 1


async def test_without_a_key_nothing_is_delivered(
    tmp_path: Path, scripted: tuple[Scripted, str]
) -> None:
    backend, url = scripted
    settings = AgentSettings(data_dir=tmp_path, backend_url=url)
    async with Outbox(tmp_path) as outbox:
        async with delivered_records(settings, None, Metrics("agent")):
            await put(outbox, "1")
        assert await outbox.count() == 1
        async with delivered_records(settings, SecretStr(KEY), Metrics("agent")):
            await emptied(outbox)
    assert backend.taken == ["1"]


async def test_too_many_letters_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST_LETTERS", 3)
    monkeypatch.setattr(delivery, "TRIM_EVERY_S", 0)
    metrics = Metrics("agent")
    async with Outbox(tmp_path) as outbox:
        for i in range(10):
            await put(outbox, str(i))
        async with delivering(tmp_path, "http://127.0.0.1:9", metrics):
            await emptied(outbox, but=3)
    assert "parley_agent_outbox_dropped_total 7.0" in metrics.render().decode()


async def test_a_broken_outbox_does_not_end_deliveries(
    tmp_path: Path, scripted: tuple[Scripted, str]
) -> None:
    backend, url = scripted
    (tmp_path / "outbox.db").write_bytes(b"not a database at all" * 100)
    async with delivering(tmp_path, url), Outbox(tmp_path) as outbox:
        await asyncio.to_thread(until, (tmp_path / "outbox.db.broken").exists, 30)
        await put(outbox, "1")
        await emptied(outbox)
    assert backend.taken == ["1"]


# With a real backend


async def test_a_backend_that_goes_and_comes_back_has_every_turn_once(tmp_path: Path) -> None:
    with backend_in(tmp_path) as backend:
        async with Outbox(tmp_path) as outbox, delivering(tmp_path, backend.url):
            for i in range(5):
                await put_turn(outbox, i)
            await emptied(outbox)
            await asyncio.to_thread(backend.stop)
            for i in range(5, 12):
                await put_turn(outbox, i)
            await asyncio.to_thread(backend.start)
            await emptied(outbox)
        assert await told(backend.url) == [str(i) for i in range(12)]


async def test_a_killed_deliverer_delivers_nothing_twice(tmp_path: Path) -> None:
    """Killed at any moment: also between the backend's answer and the letter's removal."""
    with backend_in(tmp_path) as backend:
        command = [sys.executable, "-c", DELIVERER, str(tmp_path), backend.url, KEY]
        environment = clean_env({"PYTHONPATH": str(ROOT)})
        async with Outbox(tmp_path) as outbox:
            for i in range(20):
                await put_turn(outbox, i)
            for at_most in (15, 8, 0):
                process = await asyncio.create_subprocess_exec(*command, env=environment)
                await emptied(outbox, but=at_most)
                process.kill()
                await process.wait()
        assert await told(backend.url) == [str(i) for i in range(20)]


async def test_an_answer_lost_on_the_way_is_no_second_turn(tmp_path: Path) -> None:
    with backend_in(tmp_path) as backend:
        async with Outbox(tmp_path) as outbox:
            await put_turn(outbox, 1)
            (letter,) = await outbox.heads(frozenset(), 1)
            async with backend_http(backend.url, SecretStr(KEY), Metrics("test")) as http:
                await http.request(  # taken, but whoever sent it never heard so
                    letter.method,
                    letter.path,
                    json=json.loads(letter.body),
                    headers={"idempotency-key": letter.key},
                )
            async with delivering(tmp_path, backend.url):
                await emptied(outbox)
        assert await told(backend.url) == ["1"]


async def test_what_the_backend_forgot_is_dropped_and_leaves_no_trace(
    tmp_path: Path, scripted: tuple[Scripted, str]
) -> None:
    backend, url = scripted
    backend.script, backend.forgotten = {"c:2": [404]}, {"c:2"}
    async with Outbox(tmp_path) as outbox, delivering(tmp_path, url):
        for i in range(1, 6):
            await put(outbox, f"c:{i}", "c")
        await put(outbox, "other", "d")
        await emptied(outbox)
        await until_scrubbed(tmp_path)
        assert await outbox.dead() == 0
    assert ("c:3", 200) not in backend.received
    assert "other" in backend.taken


async def until_scrubbed(folder: Path) -> None:
    async with asyncio.timeout(60):
        while True:
            if b"c:" not in files_of(folder):
                return
            await asyncio.sleep(0.01)  # between two looks


def files_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("outbox.db*"))
