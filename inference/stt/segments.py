"""Stretches of speech in a whole recording: what lies between pauses, never longer than a limit."""

from collections.abc import Iterator
from dataclasses import dataclass

from inference.audio import RATE_HZ, Pcm
from inference.stt.voice_activity import FRAME, ONSET_FRAMES, VoiceActivity

MAX_SEGMENT_S = 20.0  # bounds what one piece of work costs
PAUSE_S = 0.6  # shorter ones are within a sentence
PADDING_S = 0.3  # kept on both sides: the soft edges of words


@dataclass(frozen=True, slots=True)
class Span:
    """From sample to sample of a recording, and the share of its frames that are speech."""

    first: int
    end: int
    speech_share: float


def speech_spans(recording: Pcm) -> Iterator[Span]:
    """Every stretch of speech, in order."""
    activity = VoiceActivity()
    padding, pause_s = int(PADDING_S * RATE_HZ), PAUSE_S
    begun: int | None = None
    spoken = at = floor = 0
    for _ in activity.frames(recording):
        at += FRAME
        if not activity.speaking:
            continue
        if begun is None:
            begun = max(floor, at - ONSET_FRAMES * FRAME - padding)
            spoken = 0
        spoken += activity.quiet_s == 0
        paused = activity.quiet_s >= pause_s
        if paused or at - begun >= MAX_SEGMENT_S * RATE_HZ:
            end = at - int((pause_s - PADDING_S) * RATE_HZ) if paused else at
            yield Span(begun, end, spoken * FRAME / (end - begun))
            floor, begun = end, None
            if paused:
                activity.reset()
            else:
                begun, spoken = end, 0
    if begun is not None and begun < len(recording) and spoken:
        yield Span(begun, len(recording), spoken * FRAME / (len(recording) - begun))
