"""Sound files decoded in worker processes: whatever a file does to its decoder, the server lives.

Decoding keeps pace with its reader: a worker holds a second of sound and the pipe a few more, so
memory does not grow with the length of the sound.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Self

import numpy as np

from chassis.errors import InvalidRequest, ParleyError, RateLimited, TooLarge, Unavailable
from chassis.logs import get_logger
from inference.audio import RATE_HZ, Pcm
from inference.sound_wire import (
    ANSWER,
    BEGUN,
    DONE,
    MAX_ANSWER_BYTES,
    PIECE,
    READY,
    REQUEST,
    Decoded,
    Refused,
)

WORKERS = 2
SPARES = 1  # started before they are asked for; a worker takes 25 MB
QUEUE_S = 10.0  # longest wait for a free worker
SILENCE_S = 10.0  # a worker that says nothing for so long hangs; a piece takes 10 ms
START_S = 30.0  # to be ready: half a second on an idle machine
RESTART_S = 1.0  # between two tries to start one
RETRY_AFTER_S = 1.0
SLICE_BYTES = 1 << 18  # of a file sent at once, so that the event loop is never held up
CODE_ROOT = Path(__file__).resolve().parents[1]
# Nothing of the server's own: its keys are in there.
ENVIRONMENT = {
    "PYTHONPATH": str(CODE_ROOT),
    "MALLOC_ARENA_MAX": "1",  # memory is counted by address space
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}

log = get_logger(__name__)


class WorkerLost(Exception):
    """A worker ended, hangs, or makes no sense."""


class SoundFiles:
    """Decodes as many files at once as there are `workers`; others wait, `queue_s` at most.

    A worker is taken until its file's last piece is read: there should be one for every file
    that may be listened to at once. They are started when the one before is taken, and stay.
    """

    def __init__(
        self, workers: int = WORKERS, *, queue_s: float = QUEUE_S, silence_s: float = SILENCE_S
    ) -> None:
        self._count = workers
        self._queue_s = queue_s
        self._silence_s = silence_s
        self._free: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._keepers: list[asyncio.Task[None]] = []
        self._wanted = 0
        self._alive = 0
        self._closing = False

    async def __aenter__(self) -> Self:
        self._grow()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def pieces(self, data: bytes, *, max_s: float) -> AsyncGenerator[Pcm, None]:
        """The sound in `data`, mono at RATE_HZ, about a second at a time, while it is decoded.

        Raises InvalidRequest for what is no sound, TooLarge beyond `max_s`: both name `file`, and
        may come after pieces. RateLimited when no worker is free in time, Unavailable when none
        can be started. Leaving early ends the decoding.
        """
        with self._wanting():
            worker = await self._begin(data, max_s)
            del data  # the worker has it: 25 MB less while it is listened to
            samples, is_whole = 0, False
            try:
                while True:
                    kind, body = await worker.answer(self._silence_s)
                    if kind != PIECE:
                        break
                    piece = np.frombuffer(body, np.int16).copy()  # writable, as others' are
                    samples += len(piece)
                    yield piece
                refusal = None if kind == DONE else _refusal(Refused.from_bytes(body))
                if refusal is None:
                    _log_decoded(Decoded.from_bytes(body), samples / RATE_HZ)
                is_whole = True
            except WorkerLost as exc:
                raise self._lost(exc) from exc
            finally:
                if is_whole:
                    self._free.put_nowait(worker)
                else:
                    worker.kill()  # its keeper starts another
        if refusal is not None:
            raise refusal

    async def _begin(self, data: bytes, max_s: float) -> "_Worker":
        """A worker that has the file."""
        try:
            async with asyncio.timeout(self._queue_s):
                while True:
                    worker = await self._free.get()
                    if await self._handed_over(worker, data, max_s):
                        return worker
        except TimeoutError as exc:
            if not self._alive:
                raise Unavailable(
                    "sound files cannot be decoded now", retry_after_s=RETRY_AFTER_S
                ) from exc
            raise RateLimited(
                "all decoders of sound files are busy",
                code="queue_full",
                retry_after_s=RETRY_AFTER_S,
            ) from exc

    async def _handed_over(self, worker: "_Worker", data: bytes, max_s: float) -> bool:
        """False of a worker that was gone before it had the file, which did nothing to it."""
        has_it = False
        try:
            with suppress(WorkerLost):
                await worker.send(data, max_s, self._silence_s)
                has_it = True
        finally:
            if not has_it:  # also where the caller left: half a file is of no use to the next
                worker.kill()
        return has_it

    def _lost(self, why: WorkerLost) -> ParleyError:
        if self._closing:
            return Unavailable("the server is stopping", retry_after_s=RETRY_AFTER_S)
        log.warning("sound_decoder_lost", reason=str(why))
        return InvalidRequest(
            "the file stopped its decoder: it is damaged, or made to do so",
            param="file",
            code="invalid_audio",
        )

    @contextmanager
    def _wanting(self) -> Iterator[None]:
        """Counted among those that have or wait for a worker."""
        self._wanted += 1
        self._grow()
        try:
            yield
        finally:
            self._wanted -= 1

    def _grow(self) -> None:
        while len(self._keepers) < min(self._wanted + SPARES, self._count) and not self._closing:
            self._keepers.append(asyncio.create_task(self._keep_one()))

    async def _keep_one(self) -> None:
        """One worker, and another whenever it ends."""
        while True:
            try:
                async with _started() as worker:
                    self._alive += 1
                    try:
                        self._free.put_nowait(worker)
                        log.info("sound_worker_ended", status=await worker.ended())
                    finally:
                        self._alive -= 1
            except (OSError, WorkerLost) as exc:
                log.error("sound_worker_failed_to_start", error=str(exc))
                await asyncio.sleep(RESTART_S)


class _Worker:
    """A decoder process, and the socket that is its standard input and output."""

    def __init__(
        self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes, max_s: float, silence_s: float) -> None:
        """Give it a file; returns when it has it. Raises WorkerLost."""
        view = memoryview(data)
        self._writer.write(REQUEST.pack(len(data), max_s))
        for at in range(0, len(data), SLICE_BYTES):
            self._writer.write(view[at : at + SLICE_BYTES])
            try:
                async with asyncio.timeout(silence_s):
                    await self._writer.drain()
            except (OSError, TimeoutError) as exc:
                raise WorkerLost("it takes no file") from exc
        kind, _ = await self.answer(silence_s)
        if kind != BEGUN:
            raise WorkerLost("it makes no sense")

    async def answer(self, within_s: float) -> tuple[bytes, bytes]:
        """What it says next. Raises WorkerLost."""
        try:
            async with asyncio.timeout(within_s):
                kind, size = ANSWER.unpack(await self._reader.readexactly(ANSWER.size))
                if size > MAX_ANSWER_BYTES:
                    raise WorkerLost("it makes no sense")
                return kind, await self._reader.readexactly(size)
        except TimeoutError as exc:
            raise WorkerLost(f"it said nothing for {within_s:g} s") from exc
        except (asyncio.IncompleteReadError, OSError) as exc:
            raise WorkerLost("it ended") from exc

    def kill(self) -> None:
        # Not Process.kill(): that may take the exit status away from who waits for it.
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for its end; its exit status, negative when a signal ended it."""
        return await self._process.wait()

    async def close(self) -> None:
        """End it, and wait until it has."""
        self.kill()
        self._writer.close()
        await self._process.wait()


@asynccontextmanager
async def _started() -> AsyncIterator[_Worker]:
    """A worker that is ready, until the block ends. Raises OSError or WorkerLost."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = await _spawn(theirs)
        except BaseException:  # cancelled, too: nobody else would close it
            ours.close()
            raise
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    worker = _Worker(process, reader, writer)
    try:
        began_s = time.monotonic()
        kind, _ = await worker.answer(START_S)
        if kind != READY:
            raise WorkerLost("it makes no sense")
        log.debug("sound_worker_started", pid=process.pid, start_s=time.monotonic() - began_s)
        yield worker
    finally:
        await worker.close()


async def _spawn(theirs: socket.socket) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # modules are not looked for where the server happens to stand
        "-m",
        "inference.sound_worker",
        str(os.getpid()),
        stdin=theirs.fileno(),
        stdout=theirs.fileno(),
        env=ENVIRONMENT,
        start_new_session=True,  # a Ctrl-C in the terminal is the server's to answer
    )


def _refusal(refused: Refused) -> ParleyError:
    if refused.too_long:
        return TooLarge(refused.message, param="file")
    return InvalidRequest(refused.message, param="file", code="invalid_audio")


def _log_decoded(decoded: Decoded, duration_s: float) -> None:
    log.info(
        "sound_decoded",
        decoder=decoded.decoder,
        container=decoded.container,
        codec=decoded.codec,
        rate_hz=decoded.rate_hz,
        channels=decoded.channels,
        duration_s=round(duration_s, 3),
    )
