"""An utterance is finished ahead at a pause, decoded again if it goes on, and cut when long."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inference.audio import RATE_HZ, Pcm
from inference.stt.cutting import MAX_STRETCH_S
from inference.stt.engine import Hypothesis, Segment, Transcript, Word
from inference.stt.restarting import RestartingStream

WORD_S = 0.5


class Counting:
    """Makes passes that hear one word each half second."""

    def __init__(self) -> None:
        self.opened = self.open_passes = self.samples = 0

    def open_pass(self) -> "CountingPass":
        self.opened += 1
        self.open_passes += 1
        return CountingPass(self)

    @property
    def decoded_s(self) -> float:
        return self.samples / RATE_HZ


class CountingPass:
    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._samples = 0
        self._closed = False

    def push(self, pcm: Pcm) -> Hypothesis:
        self._samples += len(pcm)
        self._counting.samples += len(pcm)
        return Hypothesis(stable=" ".join(word.text for word in self._words()), unstable="w")

    def finish(self) -> Transcript:
        words = self._words()
        if not words:
            return Transcript()
        text = " ".join(word.text for word in words)
        return Transcript(
            segments=(
                Segment(text=text, started_at_s=0.0, ended_at_s=words[-1].ended_at_s, words=words),
            )
        )

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._counting.open_passes -= 1

    def _words(self) -> tuple[Word, ...]:
        return tuple(
            Word(text="w", started_at_s=at * WORD_S, ended_at_s=(at + 1) * WORD_S, confidence=1)
            for at in range(int(self._samples / RATE_HZ / WORD_S))
        )


class Saying:
    """Makes passes that hold for said what they are told, one hypothesis a push."""

    def __init__(self, said: list[str]) -> None:
        self._said = iter(said)

    def open_pass(self) -> "Saying":
        return self

    def push(self, pcm: Pcm) -> Hypothesis:
        return Hypothesis(stable=next(self._said))

    def finish(self) -> Transcript:
        return Transcript()

    def close(self) -> None: ...


def sound(seconds: float) -> Pcm:
    return np.ones(int(seconds * RATE_HZ), np.int16)


def test_words_come_while_sound_does() -> None:
    stream = RestartingStream(Counting().open_pass)
    assert stream.push(sound(1)) == Hypothesis(stable="w w", unstable="w")
    assert stream.push(sound(1)).stable == "w w w w"
    assert stream.finish().text == "w w w w"


def test_a_finish_after_a_pause_finds_the_work_done() -> None:
    counting = Counting()
    stream = RestartingStream(counting.open_pass)
    stream.push(sound(1))
    stream.pause()
    assert counting.open_passes == 0
    assert stream.finish().text == "w w"
    assert counting.opened == 1


def test_a_second_pause_costs_nothing() -> None:
    counting = Counting()
    stream = RestartingStream(counting.open_pass)
    stream.pause()
    stream.push(sound(1))
    stream.pause()
    stream.pause()
    assert counting.opened == 1


def test_speech_after_a_pause_is_decoded_with_what_came_before() -> None:
    counting = Counting()
    stream = RestartingStream(counting.open_pass)
    stream.push(sound(1))
    stream.pause()
    assert stream.push(sound(1)).stable == "w w w w"
    assert stream.finish().text == "w w w w"
    assert counting.decoded_s == 3


def test_what_was_said_before_a_late_pause_is_not_decoded_again() -> None:
    counting = Counting()
    stream = RestartingStream(counting.open_pass)
    stream.push(sound(9))
    stream.pause()
    assert stream.push(sound(1)).stable == " ".join("w" * 20)
    assert len(stream.finish().words) == 20
    assert counting.decoded_s == 10


def test_speech_without_a_pause_is_cut_into_segments() -> None:
    counting = Counting()
    stream = RestartingStream(counting.open_pass)
    for _ in range(50):
        stream.push(sound(1))
    assert len(stream.finish().words) == 100
    assert counting.opened == np.ceil(50 / MAX_STRETCH_S)


def test_words_of_all_segments_lie_on_one_clock() -> None:
    stream = RestartingStream(Counting().open_pass)
    for _ in range(2 * int(MAX_STRETCH_S) + 3):
        stream.push(sound(1))
    words = stream.finish().words
    assert [word.started_at_s for word in words] == [at * WORD_S for at in range(len(words))]


def test_no_sound_is_no_text() -> None:
    assert RestartingStream(Counting().open_pass).finish() == Transcript()


def test_a_closed_stream_holds_no_decoder() -> None:
    counting = Counting()
    stream = RestartingStream(counting.open_pass)
    stream.push(sound(1))
    stream.close()
    stream.close()
    assert counting.open_passes == 0


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from("ab"), max_size=4).map(" ".join), st.booleans()),
        max_size=20,
    )
)
def test_what_is_stable_only_grows_over_restarts(steps: list[tuple[str, bool]]) -> None:
    stream = RestartingStream(Saying([said for said, _ in steps]).open_pass)
    stable = []
    for _, paused in steps:
        stable.append(stream.push(sound(0.1)).stable)
        if paused:
            stream.pause()
    assert all(
        later == earlier or later.startswith(f"{earlier} ") or not earlier
        for earlier, later in pairwise(stable)
    )
