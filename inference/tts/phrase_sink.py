"""Where an engine puts a phrase: polished, and kept if it is worth it."""

from inference.tts.engine import SAMPLE_RATE_HZ, Mark, Samples
from inference.tts.polish import Polish
from inference.tts.speech import Speech


class PhraseSink:
    """A Sink: one phrase's way from the engine into its speech."""

    def __init__(self, speech: Speech, is_kept: bool) -> None:
        self._speech = speech
        self._polish = Polish()
        self._kept: list[bytes] | None = [] if is_kept else None
        self._marks: list[Mark] = []

    @property
    def wanted(self) -> bool:
        return not self._speech.cancelled

    @property
    def sound(self) -> bytes:
        return b"".join(self._kept or ())

    @property
    def marks(self) -> tuple[Mark, ...]:
        """With times in what was sent: the silence before the phrase was not."""
        skipped_s = self._polish.skipped / SAMPLE_RATE_HZ
        return tuple(
            Mark(
                start=mark.start,
                end=mark.end,
                started_at_s=max(0.0, mark.started_at_s - skipped_s),
                ended_at_s=max(0.0, mark.ended_at_s - skipped_s),
            )
            for mark in self._marks
        )

    def push(self, samples: Samples) -> None:
        self._send(self._polish.push(samples))

    def mark(self, mark: Mark) -> None:
        self._marks.append(mark)

    def finish(self) -> None:
        self._send(self._polish.finish())

    def _send(self, sound: bytes) -> None:
        if sound:
            if self._kept is not None:
                self._kept.append(sound)
            self._speech.put(sound)
