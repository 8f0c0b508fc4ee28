"""Hears whether speech sounded finished: one process a worker holds the model for all its calls.

The end-of-turn model (v1-mini, of livekit-local-inference) takes 243 MB in each process that loads
it; a call would double. So calls send the last second of their sound here, over a Unix socket:
`python -m livekit_agent.turn_scorer SOCKET`. Request: a length (u32) and 16 kHz mono s16le; answer:
a probability (f64), little-endian. It leaves when its worker does, or when no call was there for
IDLE_S.
"""

import asyncio
import contextlib
import os
import secrets
import struct
import sys
import tempfile
from pathlib import Path
from typing import Self

import numpy as np

from chassis.logs import get_logger

LENGTH, PROBABILITY = struct.Struct("<I"), struct.Struct("<d")
MAX_BYTES = 19_200 * 2  # 1.2 s, all that the model looks at
IDLE_S = 120.0
STOP_S = 2.0

log = get_logger(__name__)


class TurnScorer:
    """The process, as its worker keeps it. Enter it; it runs from the first call on."""

    def __init__(self) -> None:
        self.socket = Path(tempfile.gettempdir(), f"parley-turns-{secrets.token_hex(8)}.sock")
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await self._process.wait()
        self.socket.unlink(missing_ok=True)  # one system call

    async def wanted(self) -> None:
        """A call is coming: be there for it. Returns before the model is loaded (0.3 s)."""
        async with self._starting:
            if self._process is not None and self._process.returncode is None:
                return
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "livekit_agent.turn_scorer",
                    str(self.socket),
                    stdin=asyncio.subprocess.PIPE,  # closed when the worker dies, however it dies
                )
            except OSError as exc:  # words alone will do
                log.warning("turn_scorer_not_started", reason=str(exc))
                return
            log.info("turn_scorer_started", process=self._process.pid)


async def serve(socket: str) -> None:
    """Until the worker is gone, or no call was there for a while."""
    from livekit.local_inference import EOT, init_eot  # 243 MB, here and nowhere else

    await asyncio.to_thread(init_eot)
    last_at = asyncio.get_running_loop().time()
    open_calls = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal last_at, open_calls
        model = EOT()
        open_calls += 1
        try:
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                if length > MAX_BYTES or length % 2:
                    return
                pcm = np.frombuffer(await reader.readexactly(length), dtype=np.int16)
                probability = await asyncio.to_thread(model.predict, pcm)
                writer.write(PROBABILITY.pack(float(probability)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the call is over
        finally:
            open_calls -= 1
            last_at = asyncio.get_running_loop().time()
            writer.close()

    os.umask(0o177)  # what people say is for this user's processes alone
    server = await asyncio.start_unix_server(answer, socket)
    async with server:
        worker = asyncio.create_task(_worker_gone())
        while not worker.done():
            await asyncio.wait({worker}, timeout=IDLE_S / 4)
            now = asyncio.get_running_loop().time()
            if not open_calls and now - last_at > IDLE_S:
                break
        worker.cancel()


async def _worker_gone() -> None:
    """Returns when the pipe from the worker closes."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.argv[1]))
