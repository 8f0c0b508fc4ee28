"""Decoder processes: confined, replaced when lost, freed when left, ended with the server."""

import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

import numpy as np
import psutil
import pytest

from chassis.errors import InvalidRequest, RateLimited, Unavailable
from inference.audio import RATE_HZ, Pcm
from inference.sound_files import SoundFiles
from tests.inference.sound_makers import sndfile, tone

WITHIN_S = 10.0
SHORT = sndfile(tone(RATE_HZ), RATE_HZ, "WAV", "PCM_16")
LONG_S = 1_200
LONG = sndfile(np.zeros(LONG_S * 8_000, np.int16), 8_000, "FLAC", "PCM_16")


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not is_so():  # noqa: ASYNC110 processes set no event
            await asyncio.sleep(0.01)


def worker_pids() -> set[int]:
    """The decoders of this process; those that have only just ended are no longer counted."""
    children = psutil.Process().children()
    return {child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture
def before() -> set[int]:
    """The decoders of other tests."""
    return worker_pids()


async def seconds(files: SoundFiles, data: bytes = SHORT) -> float:
    return await rest_s(files.pieces(data, max_s=7_200))


async def rest_s(pieces: AsyncGenerator[Pcm, None]) -> float:
    return sum([len(piece) async for piece in pieces]) / RATE_HZ


async def begun(files: SoundFiles) -> AsyncGenerator[Pcm, None]:
    """The sound of LONG behind its first piece."""
    pieces = files.pieces(LONG, max_s=7_200)
    await anext(pieces)
    return pieces


async def test_a_worker_killed_while_idle_is_replaced(before: set[int]) -> None:
    async with SoundFiles(1) as files:
        assert await seconds(files) == 0.5
        (pid,) = worker_pids() - before
        os.kill(pid, signal.SIGKILL)
        assert await seconds(files) == 0.5
        assert worker_pids() - before - {pid}


async def test_a_worker_killed_at_work_loses_its_own_file_only(before: set[int]) -> None:
    async with SoundFiles(2) as files:
        both = [await begun(files), await begun(files)]
        os.kill(min(worker_pids() - before), signal.SIGKILL)
        ends = await asyncio.gather(*map(rest_s, both), return_exceptions=True)
        (refused,) = [end for end in ends if isinstance(end, InvalidRequest)]
        assert (refused.param, refused.error_code) == ("file", "invalid_audio")
        assert pytest.approx(LONG_S, abs=2) in ends
        await until(lambda: len(worker_pids() - before) == 2)


async def test_a_worker_that_hangs_is_killed_at_the_deadline(before: set[int]) -> None:
    async with SoundFiles(1, silence_s=1.0) as files:
        pieces = await begun(files)
        (pid,) = worker_pids() - before
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(InvalidRequest):
            await rest_s(pieces)
        assert await seconds(files) == 0.5
        assert not psutil.pid_exists(pid)


async def test_a_worker_that_hangs_before_it_has_a_file_does_not_cost_the_file(
    before: set[int],
) -> None:
    async with SoundFiles(1, silence_s=1.0) as files:
        await seconds(files)
        (pid,) = worker_pids() - before
        os.kill(pid, signal.SIGSTOP)
        assert await seconds(files, LONG) == LONG_S


async def test_a_caller_that_is_cancelled_frees_its_worker(before: set[int]) -> None:
    async with SoundFiles(1) as files:
        for data in (SHORT, LONG):
            reading = asyncio.create_task(seconds(files, data))
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        assert await seconds(files) == 0.5
        await until(lambda: len(worker_pids() - before) == 1)


async def test_a_reader_that_leaves_ends_the_decoding(before: set[int]) -> None:
    async with SoundFiles(1) as files:
        async with aclosing(files.pieces(LONG, max_s=7_200)) as pieces:
            await anext(pieces)
            (pid,) = worker_pids() - before
        assert await seconds(files) == 0.5
        assert not psutil.pid_exists(pid)


async def test_two_files_do_not_wait_for_each_other() -> None:
    async with SoundFiles(2) as files:
        held = await begun(files)
        assert await seconds(files) == 0.5
        assert await rest_s(held) == pytest.approx(LONG_S, abs=2)


async def test_workers_are_started_as_they_are_needed(before: set[int]) -> None:
    async with SoundFiles(4) as files:
        for _ in range(5):
            assert await seconds(files) == 0.5
        assert len(worker_pids() - before) == 2
        held = [await begun(files) for _ in range(4)]
        assert len(worker_pids() - before) == 4
        for pieces in held:
            await pieces.aclose()


async def test_a_file_that_finds_no_free_worker_is_told_when_to_come_back() -> None:
    async with SoundFiles(1, queue_s=3.0) as files:
        held = await begun(files)
        began_s = time.monotonic()
        with pytest.raises(RateLimited) as refused:
            await seconds(files)
        assert 2.9 < time.monotonic() - began_s < 6.0
        assert refused.value.retry_after_s
        assert await rest_s(held) == pytest.approx(LONG_S, abs=2)
        assert await seconds(files) == 0.5


async def note_lengths(pieces: AsyncGenerator[Pcm, None], lengths: list[int]) -> None:
    async for piece in pieces:
        lengths.append(len(piece))


async def test_decoding_goes_no_further_than_its_reader(before: set[int]) -> None:
    async with SoundFiles(1) as files:
        pieces = await begun(files)
        (pid,) = worker_pids() - before
        await until(lambda: psutil.Process(pid).status() == psutil.STATUS_SLEEPING)
        os.kill(pid, signal.SIGKILL)
        ahead: list[int] = []
        with pytest.raises(InvalidRequest):
            await note_lengths(pieces, ahead)
        assert sum(ahead) / RATE_HZ < 60


async def test_the_event_loop_keeps_its_pace_while_a_large_file_is_read() -> None:
    late_s: list[float] = []

    async def tick() -> None:
        while True:
            began_s = time.perf_counter()
            await asyncio.sleep(0.005)
            late_s.append(time.perf_counter() - began_s - 0.005)

    large = sndfile(np.zeros(20 << 19, np.int16), RATE_HZ, "WAV", "PCM_16")
    async with SoundFiles(1) as files:
        await seconds(files)
        ticking = asyncio.create_task(tick())
        assert await seconds(files, large) == (20 << 19) / RATE_HZ
        ticking.cancel()
    assert len(late_s) > 5
    assert max(late_s) < 0.2


async def test_nothing_runs_after_the_close(before: set[int]) -> None:
    async with SoundFiles(2) as files:
        await seconds(files)
    assert worker_pids() <= before
    async with SoundFiles(2):
        pass  # closed before any is ready
    assert worker_pids() <= before


async def test_closing_ends_a_file_that_is_being_read(before: set[int]) -> None:
    async with SoundFiles(1) as files:
        pieces = await begun(files)
    assert worker_pids() <= before
    with pytest.raises(Unavailable):
        await rest_s(pieces)


async def test_without_workers_the_answer_is_that_it_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    async with SoundFiles(1, queue_s=0.2) as files:
        with pytest.raises(Unavailable) as refused:
            await seconds(files)
    assert refused.value.retry_after_s


async def test_a_worker_can_open_nothing_and_knows_nothing(
    before: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STT_API_KEY", "hush")
    async with SoundFiles(1) as files:
        await seconds(files)
        (pid,) = worker_pids() - before
        worker = psutil.Process(pid)
        assert worker.rlimit(psutil.RLIMIT_NOFILE) == (4, 4)
        assert worker.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
        assert worker.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert worker.rlimit(psutil.RLIMIT_AS)[0] < 1 << 30
        assert worker.rlimit(psutil.RLIMIT_CPU)[0] != resource.RLIM_INFINITY
        assert worker.num_threads() == 1
        with suppress(psutil.AccessDenied):  # the kernel lets none but root look
            assert "STT_API_KEY" not in worker.environ()
            assert worker.num_fds() == 4  # all it may have


SERVER = """
import asyncio, sys
import uvloop
from inference.sound_files import SoundFiles

async def serve():
    async with SoundFiles(1) as files:
        async for _ in files.pieces(sys.stdin.buffer.read(), max_s=7_200):
            print("piece", flush=True)
            await asyncio.sleep(60)

uvloop.run(serve())
"""


async def test_workers_do_not_outlive_a_server_that_is_killed() -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdin
    assert server.stdout
    server.stdin.write(LONG)
    server.stdin.close()
    async with asyncio.timeout(WITHIN_S):
        await server.stdout.readuntil(b"piece")
    (worker,) = psutil.Process(server.pid).children()
    worker.suspend()  # one that runs would notice by itself
    server.kill()
    await server.wait()
    await until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


async def test_a_warm_worker_answers_at_once() -> None:
    async with SoundFiles(1) as files:
        voice = sndfile(tone(RATE_HZ, seconds=3), RATE_HZ, "WAV", "PCM_16")
        await seconds(files, voice)
        taken_s = []
        for _ in range(20):
            began_s = time.perf_counter()
            assert await seconds(files, voice) == 3
            taken_s.append(time.perf_counter() - began_s)
    assert np.median(taken_s) < 0.015
