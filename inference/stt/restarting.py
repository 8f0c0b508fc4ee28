"""A live utterance on decoders that can be finished only once: ahead of time, and again.

A pause finishes the decoder, so that the transcript is there when the end is asked for; if the
speaker goes on, the segment so far is decoded again. That costs a tenth of its length.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np

from inference.audio import RATE_HZ, Pcm
from inference.stt.cutting import MAX_STRETCH_S
from inference.stt.engine import Hypothesis, Segment, Transcript, Word

# A pause after this much ends a segment for good: what was said so long ago is decided.
LONG_SEGMENT_S = 8.0


class OneShot(Protocol):
    """A decoder's one pass over some sound: nothing can be pushed once it is finished."""

    def push(self, pcm: Pcm) -> Hypothesis: ...

    def finish(self) -> Transcript: ...

    def close(self) -> None: ...


class RestartingStream:
    """An `engine.Stream` made of one-shot passes; it holds a decoder only while one works."""

    def __init__(self, open_pass: Callable[[], OneShot]) -> None:
        self._open_pass = open_pass
        self._pass: OneShot | None = None
        self._segment: list[Pcm] = []
        self._began_s = 0.0  # the segment, within the utterance
        self._decided: list[Segment] = []
        self._ahead: Transcript | None = None  # of the segment, if nothing follows
        self._stable: list[str] = []

    def push(self, pcm: Pcm) -> Hypothesis:
        if self._ahead is not None and self._segment_s() >= LONG_SEGMENT_S:
            self._decide()
        self._ahead = None
        self._segment.append(pcm)
        if self._pass is None:
            self._pass = self._open_pass()
            pcm = np.concatenate(self._segment)
            self._segment = [pcm]
        heard = self._grown(self._pass.push(pcm))
        if self._segment_s() >= MAX_STRETCH_S:
            self._look_ahead()
            self._decide()
        return heard

    def pause(self) -> None:
        self._look_ahead()

    def finish(self) -> Transcript:
        self._look_ahead()
        self._decide()
        return Transcript(segments=tuple(self._decided))

    def close(self) -> None:
        ended, self._pass = self._pass, None
        if ended:
            ended.close()

    def _look_ahead(self) -> None:
        """The segment's transcript, should nothing follow."""
        if self._pass is None:
            return
        try:
            self._ahead = self._pass.finish()
        finally:
            self.close()

    def _decide(self) -> None:
        if self._ahead is not None:
            self._decided += [_later(part, self._began_s) for part in self._ahead.segments]
        self._ahead = None
        self._began_s += self._segment_s()
        self._segment.clear()

    def _grown(self, heard: Hypothesis) -> Hypothesis:
        """Of the whole utterance: a pass that begins anew takes back nothing that was settled."""
        decided = [word for part in self._decided for word in part.text.split()]
        settled = decided + heard.stable.split()
        if settled[: len(self._stable)] == self._stable:
            self._stable = settled
        words = settled + heard.unstable.split()
        agrees = words[: len(self._stable)] == self._stable
        rest = words[len(self._stable) :] if agrees else []
        return Hypothesis(stable=" ".join(self._stable), unstable=" ".join(rest))

    def _segment_s(self) -> float:
        return sum(map(len, self._segment)) / RATE_HZ


def _later(part: Segment, by_s: float) -> Segment:
    return replace(
        part,
        started_at_s=part.started_at_s + by_s,
        ended_at_s=part.ended_at_s + by_s,
        words=tuple(_word_later(word, by_s) for word in part.words),
    )


def _word_later(word: Word, by_s: float) -> Word:
    return replace(word, started_at_s=word.started_at_s + by_s, ended_at_s=word.ended_at_s + by_s)
