"""The espeak-ng engine itself: rate, level, timbre, languages, stopping."""

import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from inference.tts.engine import SAMPLE_RATE_HZ, Mark, Samples
from inference.tts.espeak import ALIASES, Espeak

SENTENCE = "The quick brown fox jumps over the lazy sleeping dog."
OPENAI_VOICES = [
    *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx"),
    *("sage", "shimmer", "verse"),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[Espeak]:
    with Espeak() as engine:
        yield engine


class Listener:
    """A sink that keeps what it is given, until it has had `enough` pieces."""

    def __init__(self, enough: float = float("inf")) -> None:
        self.heard: list[Samples] = []
        self.marks: list[Mark] = []
        self.stopped_at_s = 0.0
        self._enough = enough

    @property
    def wanted(self) -> bool:
        if len(self.heard) < self._enough:
            return True
        self.stopped_at_s = self.stopped_at_s or time.monotonic()
        return False

    def push(self, samples: Samples) -> None:
        self.heard.append(samples)

    def mark(self, mark: Mark) -> None:
        self.marks.append(mark)

    @property
    def samples(self) -> Samples:
        return np.concatenate([np.zeros(0, np.float32), *self.heard])


def spoken(engine: Espeak, text: str, voice_id: str = "alloy", speed: float = 1.0) -> Samples:
    voice = engine.find_voice(voice_id)
    assert voice is not None
    listener = Listener()
    engine.synthesize(text, voice, speed, listener)
    return listener.samples


def seconds(samples: Samples) -> float:
    return samples.size / SAMPLE_RATE_HZ


def pitch_hz(samples: Samples) -> float:
    """Median of the strongest autocorrelation between 60 and 400 Hz."""
    found = []
    for at in range(0, samples.size - 1200, 600):
        frame = samples[at : at + 1200] * np.hanning(1200)
        if np.sqrt((frame**2).mean()) < 0.02:
            continue
        score = np.correlate(frame, frame, "full")[1199:]
        lag = 60 + int(score[60:400].argmax())
        if score[lag] > 0.4 * score[0]:
            found.append(SAMPLE_RATE_HZ / lag)
    return float(np.median(found))


@pytest.mark.parametrize("speed", [0.25, 0.4, 0.5, 2.0, 3.0, 4.0])
def test_speed_means_what_it_says(engine: Espeak, speed: float) -> None:
    ratio = seconds(spoken(engine, SENTENCE)) / seconds(spoken(engine, SENTENCE, speed=speed))
    assert ratio == pytest.approx(speed, rel=0.15)


def test_slow_speech_keeps_its_pitch(engine: Espeak) -> None:
    slow = pitch_hz(spoken(engine, SENTENCE, speed=0.25))
    assert slow == pytest.approx(pitch_hz(spoken(engine, SENTENCE)), rel=0.1)


@pytest.mark.parametrize("voice_id", [*OPENAI_VOICES, "en-us", "en-gb", "fr-fr", "de"])
def test_every_voice_is_equally_loud_and_unclipped(engine: Espeak, voice_id: str) -> None:
    samples = spoken(engine, SENTENCE, voice_id)
    frames = samples[: samples.size // 480 * 480].reshape(-1, 480)
    power = np.sort((frames**2).mean(axis=1))[frames.shape[0] // 3 :]
    assert -23 < 10 * np.log10(power.mean()) < -16
    assert np.abs(samples).max() < 0.95


def test_the_thirteen_voices_can_be_told_apart(engine: Espeak) -> None:
    assert sorted(ALIASES) == OPENAI_VOICES
    seen: list[tuple[float, float]] = []
    for voice_id in OPENAI_VOICES:
        samples = spoken(engine, SENTENCE, voice_id)
        power = np.abs(np.fft.rfft(samples)) ** 2
        hz = np.fft.rfftfreq(samples.size, 1 / SAMPLE_RATE_HZ)
        here = (pitch_hz(samples), float((power * hz).sum() / power.sum()))
        for pitch, brightness in seen:
            assert abs(np.log(here[0] / pitch)) > 0.04 or abs(np.log(here[1] / brightness)) > 0.08
        seen.append(here)


def test_every_listed_voice_speaks(engine: Espeak) -> None:
    voices = engine.voices()
    assert len(voices) > 120
    assert len({voice.id for voice in voices}) == len(voices)
    some_of_every_script = "1 2 3 mellon Чӑваш ᏣᎳᎩ"
    silent = [
        voice.id
        for voice in voices
        if seconds(spoken(engine, some_of_every_script, voice.id)) < 0.3
    ]
    assert silent == []


@pytest.mark.parametrize("voice_id", ["", "nobody", "en-us+nobody", "en-nobody", "+f2", "../en"])
def test_a_voice_that_is_not_there_is_not_found(engine: Espeak, voice_id: str) -> None:
    assert engine.find_voice(voice_id) is None


@pytest.mark.parametrize(
    ("asked", "language", "female"),
    [("af_bella", "en-us", True), ("bm_george", "en-gb", False), ("ff_siwis", "fr-fr", True),
     ("zm_yunxi", "cmn", False), ("PF_dora", "pt-br", True), ("jf_alpha", "ja", True),
     ("af_bella+am_adam(0.3)", "en-us", True), ("am_adam(0.3)+ff_siwis", "en-us", False)],
)  # fmt: skip
def test_it_stands_in_for_voices_of_another_engine(
    engine: Espeak, asked: str, language: str, female: bool
) -> None:
    voice = engine.find_voice(asked)
    assert voice is not None
    assert (voice.id, voice.language) == (asked.lower(), language)
    pitch = pitch_hz(spoken(engine, "1 2 3 4 5", asked))
    assert (pitch > 135) == female


def test_a_voice_keeps_its_timbre_in_another_language(engine: Espeak) -> None:
    voice = engine.find_voice("am_adam")
    assert voice is not None
    french = engine.in_language(voice, "fr")
    assert french is not None
    assert (french.id, french.language) == ("am_adam", "fr-fr")
    assert engine.in_language(voice, "tlh-x") is None


@pytest.mark.parametrize("speed", [0.25, 1.0, 2.0])
def test_words_are_marked_where_they_are_heard(engine: Espeak, speed: float) -> None:
    voice = engine.find_voice("alloy")
    assert voice is not None
    text = "One, (two) three... it's four."
    listener = Listener()
    engine.synthesize(text, voice, speed, listener)
    marks = listener.marks
    assert [text[m.start : m.end] for m in marks] == ["One", "two", "three", "it's", "four"]
    assert all(a.ended_at_s == b.started_at_s for a, b in pairwise(marks))
    assert marks[-1].ended_at_s == pytest.approx(seconds(listener.samples))
    loud = np.flatnonzero(np.abs(listener.samples) > 0.01) / SAMPLE_RATE_HZ
    for mark in marks:  # each is heard soon after it is said to begin
        after = loud[loud >= mark.started_at_s]
        assert after[0] - mark.started_at_s < 0.08 / speed
    # The pause after "three..." comes before "it's" begins.
    before = loud[loud < marks[3].started_at_s]
    assert marks[3].started_at_s - before[-1] > (0.05 / speed if speed >= 1 else 0)


def test_markup_and_commands_are_not_obeyed(engine: Espeak) -> None:
    plain = seconds(spoken(engine, "one two"))
    assert seconds(spoken(engine, 'one <break time="30s"/> two')) < plain + 8
    assert seconds(spoken(engine, "one [[h@l'oU]] two")) > plain


def test_a_stop_takes_effect_at_once_and_leaves_the_engine_fit(engine: Espeak) -> None:
    before = spoken(engine, SENTENCE)
    voice = engine.find_voice("alloy")
    assert voice is not None
    listener = Listener(enough=1)
    engine.synthesize(f"{SENTENCE} " * 20, voice, 1.0, listener)
    assert time.monotonic() - listener.stopped_at_s < 0.1
    assert seconds(spoken(engine, SENTENCE)) == pytest.approx(seconds(before), rel=0.02)


def test_it_is_much_faster_than_real_time(engine: Espeak) -> None:
    started_s = time.process_time()
    samples = spoken(engine, f"{SENTENCE} " * 3)
    assert (time.process_time() - started_s) / seconds(samples) < 0.1


@pytest.mark.parametrize(
    ("asked", "language"),
    [("EN-US", "en-us"), ("en_GB", "en-gb"), ("en", "en-us"), ("fr", "fr-fr"), ("de-AT", "de"),
     ("zh-CN", "cmn"), ("pt-BR", "pt-br"), ("es-MX", "es-419")],
)  # fmt: skip
def test_a_language_is_found_however_it_is_written(
    engine: Espeak, asked: str, language: str
) -> None:
    voice = engine.find_voice(asked)
    assert voice is not None
    assert voice.language == language
