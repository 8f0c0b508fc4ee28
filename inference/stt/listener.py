"""A stream of sound cut into utterances: speech found, leading silence left out, pauses told."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from inference.audio import RATE_HZ, Pcm
from inference.stt.voice_activity import (
    DEFAULT_THRESHOLD,
    FRAME,
    FRAME_S,
    ONSET_FRAMES,
    VoiceActivity,
)

# Quiet that lets the decoder finish ahead; below it, the closures of ordinary consonants. Speech is
# found to have ended 0.05 s late.
PAUSE_S = 4 * FRAME_S
MIN_PADDING_S = 0.3  # kept before speech: its soft beginning, and quiet to measure from
CLIENT_PADDING_S = 0.3
# Of a pause inside an utterance, this much is kept: longer ones only cost time.
KEPT_PAUSE_S = 0.5
# Without server VAD: quiet after which the detector starts afresh.
CLIENT_QUIET_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVad:
    """When the server closes an utterance by itself."""

    threshold: float = DEFAULT_THRESHOLD
    padding_s: float = 0.3
    silence_s: float = 0.5


class Utterance(Protocol):
    """Where the sound of an utterance goes."""

    def push(self, pcm: Pcm) -> None: ...

    def pause(self) -> None: ...


class Listener:
    """`open_utterance(started_at_s)` is called when speech begins, `on_stopped(ended_at_s)` when
    server VAD says that it ended; the utterance is then over."""

    def __init__(
        self,
        *,
        vad: ServerVad | None,
        open_utterance: Callable[[float], Utterance],
        on_stopped: Callable[[float], None],
    ) -> None:
        self._open_utterance = open_utterance
        self._on_stopped = on_stopped
        self._utterance: Utterance | None = None
        self._samples = 0
        self._paused = False
        self.configure(vad)

    def configure(self, vad: ServerVad | None) -> None:
        """Change when utterances end; what is being said goes on."""
        self._vad = vad
        self._activity = VoiceActivity(vad.threshold if vad else DEFAULT_THRESHOLD)
        padding_s = max(MIN_PADDING_S, vad.padding_s) if vad else CLIENT_PADDING_S
        self._before: deque[Pcm] = deque(maxlen=ceil(padding_s / FRAME_S) + ONSET_FRAMES)
        self._gap: deque[Pcm] = deque(maxlen=round(KEPT_PAUSE_S / FRAME_S))

    @property
    def now_s(self) -> float:
        """The stream's audio clock."""
        return self._samples / RATE_HZ

    def push(self, pcm: Pcm) -> None:
        for frame in self._activity.frames(pcm):
            self._samples += FRAME
            if self._activity.speaking:
                self._hear(frame)
            elif self._utterance:
                self._gap.append(frame)
            else:
                self._before.append(frame)

    def commit(self) -> None:
        """The client says that the utterance is over."""
        rest = self._activity.take_rest()
        self._samples += len(rest)
        if self._utterance and self._activity.speaking and not self._paused:
            self._utterance.push(rest)
        self._forget()

    def clear(self) -> None:
        self._activity.take_rest()
        self._forget()

    def _hear(self, frame: Pcm) -> None:
        if self._utterance is None:
            padding_s = len(self._before) * FRAME_S
            self._utterance = self._open_utterance(max(0.0, self.now_s - FRAME_S - padding_s))
            for early in self._before:
                self._utterance.push(early)
            self._before.clear()
        quiet_s = self._activity.quiet_s
        if quiet_s < PAUSE_S - FRAME_S / 2:
            for skipped in self._gap:
                self._utterance.push(skipped)
            self._gap.clear()
            self._utterance.push(frame)
            self._paused = False
            return
        self._gap.append(frame)
        if not self._paused:
            self._paused = True
            self._utterance.pause()
        self._end_if_quiet(quiet_s)

    def _end_if_quiet(self, quiet_s: float) -> None:
        if self._vad and quiet_s >= self._vad.silence_s - FRAME_S / 2:
            self._on_stopped(self.now_s - quiet_s)
            self._forget()
        elif not self._vad and quiet_s >= CLIENT_QUIET_S:
            self._activity.reset()

    def _forget(self) -> None:
        self._utterance = None
        self._paused = False
        self._activity.reset()
        self._before.extend(self._gap)
        self._gap.clear()
