"""How fast an engine speaks, and so how long its next phrase may be."""

from inference.tts.phrases import MAX_PHRASE_CHARS

FIRST_CHARS = 40  # where nobody else waits for a first sound
FEWEST_CHARS = 10
FEWEST_NEXT_CHARS = 24  # shorter ones sound choppy, and catch up with nothing
SAFETY = 0.7  # of the time there is, the part that is planned
# All who share an engine get some sound within this, also those who are far ahead: on a slow
# machine one long phrase would hold up the others, and time out.
ROUND_S = 5.0
_NEWEST = 0.3  # what one phrase weighs in the average


class Pace:
    """Of one engine, by the phrases it made. A guess until it made one."""

    def __init__(self) -> None:
        self.rtf = 0.5
        self.chars_per_s = 15.0  # of sound

    def made(self, chars: int, audio_s: float, busy_s: float) -> None:
        if audio_s > 0:
            self.rtf += _NEWEST * (busy_s / audio_s - self.rtf)
            self.chars_per_s += _NEWEST * (chars / audio_s - self.chars_per_s)

    def next_chars(self, ahead_s: float, sharers: float) -> int:
        """What is made while a listener hears the `ahead_s` there are; others share the engine,
        `sharers` for each thread of it, all told."""
        seconds = min(ahead_s * SAFETY, ROUND_S) / max(self.rtf * max(sharers, 1.0), 1e-3)
        return round(min(MAX_PHRASE_CHARS, max(FEWEST_NEXT_CHARS, seconds * self.chars_per_s)))


def first_chars(rivals: int) -> int:
    """The more wait for their first sound, the shorter it is: the last of them waits for all."""
    return max(FEWEST_CHARS, FIRST_CHARS // (1 + rivals))
