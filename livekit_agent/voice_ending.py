"""Whether the voice of a call sounded finished, as the worker's turn scorer hears it."""

import asyncio
import contextlib
from collections import deque
from pathlib import Path
from typing import Final, Self

from livekit import rtc
from livekit.agents.inference.eot.languages import ThresholdOptions
from livekit.agents.language import LanguageCode
from livekit.agents.types import NOT_GIVEN

from chassis.logs import get_logger
from livekit_agent.turn_scorer import LENGTH, MAX_BYTES, PROBABILITY

RATE_HZ = 16_000
WITHIN_S = 0.35  # 60 ms when the machine is idle; words alone decide what comes later
RETRY_S = 0.2  # a system call, while the scorer starts
MODEL: Final = "turn-detector-v1-mini"

log = get_logger(__name__)


class VoiceEnding:
    """Of one call. Enter it; without a scorer it has no opinion."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._thresholds = ThresholdOptions(MODEL, NOT_GIVEN, NOT_GIVEN)
        self._sound: deque[bytes] = deque()
        self._bytes = 0
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._connected_by: asyncio.Task[None] | None = None
        self._busy = asyncio.Lock()
        self._dropped = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._connected_by = asyncio.create_task(self._connect())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connected_by is not None:
            self._connected_by.cancel()
            await asyncio.gather(self._connected_by, return_exceptions=True)
        self._drop()

    def push(self, frame: rtc.AudioFrame) -> None:
        """Keep the last second of sound. Another rate than 16 kHz is not looked at."""
        if frame.sample_rate != RATE_HZ:
            return
        self._sound.append(bytes(frame.data))
        self._bytes += len(self._sound[-1])
        while self._bytes - len(self._sound[0]) >= MAX_BYTES:
            self._bytes -= len(self._sound.popleft())

    def forget(self) -> None:
        """The turn is over: its sound belongs to no other."""
        self._sound.clear()
        self._bytes = 0

    async def finished(self, language: str) -> bool | None:
        """Whether what was heard last sounded finished; None when nobody can tell in time."""
        pcm = b"".join(self._sound)[-MAX_BYTES:]
        threshold = self._thresholds.lookup(LanguageCode(language))
        if self._connection is None or threshold is None or not pcm:
            return None
        reader, writer = self._connection
        try:
            async with asyncio.timeout(WITHIN_S), self._busy:
                writer.write(LENGTH.pack(len(pcm)) + pcm)
                (probability,) = PROBABILITY.unpack(await reader.readexactly(PROBABILITY.size))
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as exc:
            log.info("turn_scorer_late", reason=type(exc).__name__)
            self._drop()  # an answer that comes now would be taken for the next one
            return None
        except asyncio.CancelledError:  # the caller went on speaking: nobody waits for the answer
            self._drop()
            raise
        return bool(probability >= threshold)

    async def _connect(self) -> None:
        while True:
            self._dropped.clear()
            with contextlib.suppress(OSError):
                self._connection = await asyncio.open_unix_connection(str(self._socket))
            if self._connection is not None:
                await self._dropped.wait()
            else:
                await asyncio.sleep(RETRY_S)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None
            self._dropped.set()
