"""Engines that crash, hang, grow or cannot load: the server lives, and so does the chat."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from inference.llm.assist import STANDBY_MODEL
from tests.fakes.gguf_model import Shape, make_gguf
from tests.processes import until
from tests.slow.llm.servers import (
    PACKAGE,
    SERVER,
    Running,
    running,
    starting,
    stream,
    written,
)

BACK_WITHIN_S = 20.0  # a guard: on an idle machine it is half a second
HANG_WITHIN_S = 40.0  # a guard: four seconds of silence, and to be started anew


@pytest.fixture(params=[SERVER, PACKAGE])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, backend=request.param) as server:
        yield server


def test_a_crash_mid_stream_is_told_in_band_and_the_next_request_is_served(server: Running) -> None:
    dead = server.engine()
    with stream(server) as chunks:
        next(chunk for chunk in chunks if written(chunk))
        dead.kill()
        killed_at_s = time.monotonic()
        rest = list(chunks)
    assert rest[-1]["error"]["code"]
    assert set(rest[-1]["error"]) >= {"message", "type", "code"}
    answer = server.ask()
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - killed_at_s < BACK_WITHIN_S
    assert server.engine().pid != dead.pid
    assert server.metric('parley_llm_engine_restarts_total{reason="exit"}') == 1


def test_a_crash_between_requests_is_not_noticed_by_the_next(server: Running) -> None:
    dead = server.engine()
    dead.kill()
    began = time.monotonic()
    answer = server.ask()
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"]
    assert time.monotonic() - began < BACK_WITHIN_S


def test_a_crash_before_the_first_token_is_not_noticed(server: Running) -> None:
    dead = server.engine()
    dead.send_signal(signal.SIGSTOP)  # so that the request is surely in it
    answers: list[httpx2.Response] = []
    asking = threading.Thread(target=lambda: answers.append(server.ask()))
    asking.start()
    until(lambda: server.metric('parley_llm_slots_busy{lane="all"}') == 1)
    dead.kill()
    asking.join(HANG_WITHIN_S)
    assert [answer.status_code for answer in answers] == [200]
    assert server.metric("parley_llm_requests_retried_total") == 1


def test_an_engine_that_hangs_is_killed_and_the_client_sees_only_a_wait(server: Running) -> None:
    hanging = server.engine()
    hanging.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    answer = server.ask()
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - began < HANG_WITHIN_S
    assert not hanging.is_running()
    assert server.metric('parley_llm_engine_restarts_total{reason="stalled"}') == 1
    assert server.metric("parley_llm_requests_retried_total") == 1


def test_an_engine_that_hangs_mid_stream_is_told_in_band(server: Running) -> None:
    with stream(server) as chunks:
        next(chunk for chunk in chunks if written(chunk))
        server.engine().send_signal(signal.SIGSTOP)
        began = time.monotonic()
        rest = list(chunks)
    assert rest[-1]["error"]["code"]
    assert time.monotonic() - began < HANG_WITHIN_S
    assert server.ask().status_code == 200


def test_a_busy_engine_is_not_taken_for_a_wedged_one(tmp_path: Path) -> None:
    with running(tmp_path, slots="1", ctx_size="4096") as server:
        before = server.engine()
        with stream(
            server, "the and you that was for are with his they " * 60, max_tokens=200
        ) as chunks:
            assert sum(map(written, chunks)) > 100
        assert server.engine().pid == before.pid
        assert server.metric('parley_llm_engine_restarts_total{reason="stalled"}') == 0


def test_an_engine_beyond_its_memory_is_started_anew(tmp_path: Path) -> None:
    remembers = Shape(width=128, layers=16, heads=2, kv_heads=2, feed_forward=64)  # 8 kB a token
    with running(tmp_path, shape=remembers) as server:
        held = server.engine().memory_info().rss
    with running(tmp_path, max_rss_bytes=str(held + (16 << 20))) as server:
        first = server.engine()
        for number in range(40):  # chats that lost their slot to another are kept in memory
            if not first.is_running():
                break
            server.ask(f"{number} " * 700, max_tokens=1)
        until(lambda: not first.is_running())
        assert server.metric('parley_llm_engine_restarts_total{reason="memory"}') >= 1
        assert server.ask().status_code == 200


def test_a_model_that_keeps_crashing_leaves_its_chats_to_the_assistant(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        for crash in range(3):
            until(lambda: server.serves("tiny"))
            server.engine().kill()
            expected = crash + 1
            until(
                lambda expected=expected: (
                    server.metric(  # type: ignore[misc]
                        'parley_llm_engine_restarts_total{reason="exit"}'
                    )
                    == expected
                )
            )
        until(lambda: server.serves(STANDBY_MODEL))
        assert "3 times within a minute" in server.ready()["failed"]["tiny"]
        assert server.ask("what time is it", max_tokens=50).status_code == 200


@pytest.mark.parametrize("backend", [SERVER, PACKAGE])
def test_a_file_that_is_cut_short_is_told_of_and_the_assistant_serves(
    backend: str, tmp_path: Path
) -> None:
    path = make_gguf(tmp_path / "tiny.gguf")
    path.write_bytes(path.read_bytes().replace(b"blk.1.ffn_up.weight", b"blk.1.ffn_xx.weight"))
    with starting(tmp_path, backend=backend) as server:
        until(lambda: server.serves(STANDBY_MODEL))
        assert "blk.1.ffn_up.weight" in server.ready()["failed"]["tiny"] or backend == PACKAGE


def test_a_file_that_is_gone_is_told_of(tmp_path: Path) -> None:
    with starting(tmp_path, model=str(tmp_path / "gone.gguf")) as server:
        until(lambda: server.serves(STANDBY_MODEL))
        assert server.ready()["failed"]


def test_nothing_is_left_when_the_server_is_killed(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        engine = server.engine()
        psutil.Process(server.pid).kill()
        until(lambda: not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE, 5)
