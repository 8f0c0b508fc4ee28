"""A VAD whose events are also told to the call's STT, which sends, ends and prepares by them."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from livekit import rtc
from livekit.agents import vad

Observer = Callable[[vad.VADEvent], None]


class ObservedVad(vad.VAD):
    """`inner`, with each event told to `observer` before the session acts on it."""

    def __init__(self, inner: vad.VAD, observer: Observer) -> None:
        super().__init__(capabilities=inner.capabilities)
        self._inner = inner
        self._observer = observer

    @property
    def model(self) -> str:
        return self._inner.model

    @property
    def provider(self) -> str:
        return self._inner.provider

    @property
    def min_silence_duration(self) -> float | None:
        return getattr(self._inner, "min_silence_duration", None)

    def stream(self) -> vad.VADStream:
        return _ObservedStream(self._inner.stream(), self._observer)


class _ObservedStream(vad.VADStream):
    """Passes everything on; only the events are looked at. Its base is a type, not a beginning."""

    def __init__(self, inner: vad.VADStream, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer

    async def _main_task(self) -> None:
        """The inner stream has its own."""

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        self._inner.push_frame(frame)

    def flush(self) -> None:
        self._inner.flush()

    def end_input(self) -> None:
        self._inner.end_input()

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __anext__(self) -> vad.VADEvent:
        event = await self._inner.__anext__()
        self._observer(event)
        return event

    def __aiter__(self) -> AsyncIterator[vad.VADEvent]:
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
