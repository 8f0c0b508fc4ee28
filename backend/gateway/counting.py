"""What a request used, read from its answer as it passes by; no body is kept or parsed.

Servers say it themselves where they can: STT in the header x-parley-audio-s or in `usage`, TTS its
characters in x-parley-characters, LLM its tokens in `usage`, which a stream ends with in a comment
that clients skip. What they do not say, or could not when a client left, is told by the bytes.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any, Protocol

from backend.gateway.schema import Service
from backend.gateway.usage import Used
from backend.gateway.wire import Headers

AUDIO_S, CHARACTERS, FORMAT = b"x-parley-audio-s", b"x-parley-characters", b"x-parley-format"
USAGE = b'"usage"'  # cannot be part of a JSON string: there its quotes would have backslashes
TAIL_BYTES = 1024  # longer than any `usage`
BYTES_PER_TOKEN = 4  # of English prompts, when nobody counted them
# What our TTS sends for a second of speech: 24 kHz s16 mono, or the bit rate of its encoders. FLAC
# is as long as the sound is dense: half of its samples, about.
BYTES_PER_S = {
    "audio/pcm": 48_000,
    "audio/wav": 48_000,
    "audio/mpeg": 8_000,
    "audio/aac": 8_000,
    "audio/flac": 24_000,
}
OPUS_RATE_HZ = 48_000
EVENTS = "text/event-stream"


class Counter(Protocol):
    """Sees every piece of an answer. `used` may be asked at any time."""

    def feed(self, chunk: bytes) -> None: ...

    def used(self, sent_bytes: int) -> Used:
        """`sent_bytes`: of the request's body."""


def counter_of(service: Service, status: int, headers: Headers) -> Counter:
    """`headers`: the answer's, their names in small letters."""
    if status >= 400:
        return _Nothing()
    told = {name: value.decode("latin-1") for name, value in headers}
    kind = told.get(b"content-type", "").partition(";")[0].strip().lower()
    if service == "tts":
        return _Speech(told.get(FORMAT, kind), kind == EVENTS, _number(told, CHARACTERS))
    if service == "stt":
        return _Heard(_number(told, AUDIO_S))
    return _Tokens()


class _Nothing:
    """A refusal uses nothing."""

    def feed(self, chunk: bytes) -> None: ...

    def used(self, sent_bytes: int) -> Used:
        return Used()


class _UsageScan:
    """The last `usage` object that went by."""

    def __init__(self) -> None:
        self._tail = b""
        self.usage: Mapping[str, Any] | None = None

    def feed(self, chunk: bytes) -> None:
        window = self._tail + chunk
        self._tail = window[-TAIL_BYTES:]
        at = window.rfind(USAGE)
        if at >= 0:
            found = _object_after(window[at + len(USAGE) : at + TAIL_BYTES])
            self.usage = found or self.usage

    def number(self, *names: str) -> float | None:
        told = self.usage or {}
        found = [told[name] for name in names if isinstance(told.get(name), int | float)]
        return found[0] if found else None


class _Tokens:
    """`usage.total_tokens`; of a stream that was left, a token an event and the prompt's bytes."""

    def __init__(self) -> None:
        self._scan = _UsageScan()
        self._events = 0

    def feed(self, chunk: bytes) -> None:
        self._events += chunk.count(b"data: {")
        self._scan.feed(chunk)

    def used(self, sent_bytes: int) -> Used:
        told = self._scan.number("total_tokens")
        if told is not None:
            return Used(tokens=int(told))
        return Used(tokens=self._events + sent_bytes // BYTES_PER_TOKEN)


class _Heard:
    """Seconds of the file, as the server says."""

    def __init__(self, told_s: float | None) -> None:
        self._told_s = told_s
        self._scan = _UsageScan()

    def feed(self, chunk: bytes) -> None:
        if self._told_s is None:
            self._scan.feed(chunk)

    def used(self, sent_bytes: int) -> Used:
        seconds = self._scan.number("seconds") if self._told_s is None else self._told_s
        return Used(audio_s=seconds or 0.0)


class _Speech:
    """Seconds of what was streamed, by its bytes; of Opus by the clock of its pages."""

    def __init__(self, kind: str, in_events: bool, characters: float | None) -> None:
        self._kind = kind
        self._in_events = in_events  # base64: four characters of three bytes
        self._characters = int(characters or 0)
        self._bytes = 0
        self._samples = 0

    def feed(self, chunk: bytes) -> None:
        self._bytes += len(chunk)
        if self._kind == "audio/ogg" and not self._in_events:
            at = chunk.rfind(b"OggS")
            if 0 <= at <= len(chunk) - 14:
                (samples,) = struct.unpack_from("<q", chunk, at + 6)
                self._samples = max(self._samples, samples)

    def used(self, sent_bytes: int) -> Used:
        if self._samples:
            seconds = self._samples / OPUS_RATE_HZ
        else:
            sound = self._bytes * 3 / 4 if self._in_events else self._bytes
            seconds = sound / BYTES_PER_S.get(self._kind, BYTES_PER_S["audio/mpeg"])
        return Used(audio_s=seconds, characters=self._characters)


def _object_after(found: bytes) -> Mapping[str, Any] | None:
    """The JSON object after a name; None while it is cut off, or when it is none."""
    text = found.decode("utf-8", "replace").lstrip().removeprefix(":").lstrip()
    if not text.startswith("{"):
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _number(headers: Mapping[bytes, str], name: bytes) -> float | None:
    try:
        return float(headers[name])
    except (KeyError, ValueError):
        return None
