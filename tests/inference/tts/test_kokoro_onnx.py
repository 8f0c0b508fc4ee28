"""Kokoro's ONNX export as an engine: loading, sound, marks, speed, stopping, damage."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from inference.model_status import EngineFailed
from inference.tts.engine import SAMPLE_RATE_HZ, Mark, Samples, Voice
from inference.tts.kokoro_engine import shared
from inference.tts.kokoro_onnx import KokoroOnnx
from tests.fakes.kokoro_onnx_model import Layout, make_kokoro_onnx, style_of

SENTENCE = "Hello there, this is the sound of a tiny network."
WORDS = ["Hello", "there", "this", "is", "the", "sound", "of", "a", "tiny", "network"]
SLOW_STEPS = 100  # a second or more


class Listener:
    """A sink that keeps what it is given, until told to stop."""

    def __init__(self) -> None:
        self.heard: list[Samples] = []
        self.marks: list[Mark] = []
        self.wanted = True

    def push(self, samples: Samples) -> None:
        self.heard.append(samples)

    def mark(self, mark: Mark) -> None:
        self.marks.append(mark)

    @property
    def sound(self) -> Samples:
        return np.concatenate(self.heard)


def loaded(folder: Path) -> KokoroOnnx:
    return KokoroOnnx(model="kokoro-82m-onnx", folder=folder, threads=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kokoro")
    make_kokoro_onnx(folder)
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[KokoroOnnx]:
    with loaded(folder) as engine:
        yield engine


def voice_of(engine: KokoroOnnx, voice_id: str) -> Voice:
    voice = engine.find_voice(voice_id)
    assert voice is not None
    return voice


def heard(
    engine: KokoroOnnx, phrase: str = SENTENCE, voice_id: str = "alloy", speed: float = 1.0
) -> Listener:
    sink = Listener()
    engine.synthesize(phrase, voice_of(engine, voice_id), speed, sink)
    return sink


def pitch_hz(sound: Samples) -> float:
    """The loudest."""
    spectrum = np.abs(np.fft.rfft(sound))
    return float(np.argmax(spectrum) * SAMPLE_RATE_HZ / sound.size)


def mean_pitch_hz(sound: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    return float(
        (np.fft.rfftfreq(sound.size, 1 / SAMPLE_RATE_HZ) * spectrum).sum() / spectrum.sum()
    )


def test_it_speaks(engine: KokoroOnnx) -> None:
    sound = heard(engine).sound
    assert sound.dtype == np.float32
    assert 2.0 < sound.size / SAMPLE_RATE_HZ < 5.0
    assert 0.1 < float(np.abs(sound).max()) <= 1.0


def test_the_catalogue_is_what_the_folder_has(engine: KokoroOnnx) -> None:
    ids = [voice.id for voice in engine.voices()]
    assert ids[0] == "alloy"
    assert "ff_siwis" in ids
    assert "zm_yunxi" not in ids


def test_every_voice_sounds_like_itself(engine: KokoroOnnx) -> None:
    bella, adam = (pitch_hz(heard(engine, "a", name).sound) for name in ("af_bella", "am_adam"))
    factors = [float(style_of(name)[0, 0, 0]) for name in ("af_bella", "am_adam")]
    assert bella / adam == pytest.approx(factors[0] / factors[1], rel=0.02)
    blend = pitch_hz(heard(engine, "a", "af_bella+am_adam(3)").sound)
    assert blend / bella == pytest.approx((factors[0] + 3 * factors[1]) / 4 / factors[0], rel=0.02)


def test_a_language_changes_the_phonemes(engine: KokoroOnnx) -> None:
    english = voice_of(engine, "af_bella")
    french = engine.in_language(english, "fr")
    assert french is not None
    sink = Listener()
    engine.synthesize("les enfants", french, 1.0, sink)
    assert not np.array_equal(sink.sound, heard(engine, "les enfants", "af_bella").sound)


@pytest.mark.parametrize("layout", ["release", "hub"])
def test_both_layouts_of_a_folder_load(tmp_path: Path, layout: Layout, engine: KokoroOnnx) -> None:
    make_kokoro_onnx(tmp_path, layout=layout)
    with loaded(tmp_path) as other:
        assert np.array_equal(heard(other).sound, heard(engine).sound)


def test_the_vocabulary_of_the_folder_counts(tmp_path: Path, engine: KokoroOnnx) -> None:
    make_kokoro_onnx(tmp_path, layout="hub")
    (tmp_path / "tokenizer.json").write_text(
        json.dumps({"model": {"vocab": {"\u02c8": 1, "A": 90}}})
    )
    with loaded(tmp_path) as other:
        assert heard(other, "a").sound.size == heard(engine, "a").sound.size
        assert heard(other, "hello").sound.size < heard(engine, "hello").sound.size


@pytest.mark.parametrize("durations", [False, True])
@pytest.mark.parametrize("speed", [0.25, 0.5, 1.0, 1.5, 4.0])
def test_marks_are_in_order_inside_the_sound(tmp_path: Path, durations: bool, speed: float) -> None:
    make_kokoro_onnx(tmp_path, durations=durations)
    with loaded(tmp_path) as engine:
        sink = heard(engine, speed=speed)
    assert [SENTENCE[mark.start : mark.end] for mark in sink.marks] == WORDS
    assert all(0 <= mark.started_at_s < mark.ended_at_s for mark in sink.marks)
    assert all(a.ended_at_s <= b.started_at_s + 1e-6 for a, b in pairwise(sink.marks))
    assert sink.marks[-1].ended_at_s <= sink.sound.size / SAMPLE_RATE_HZ + 0.05


def test_marks_are_exact_where_the_network_tells_durations(tmp_path: Path) -> None:
    make_kokoro_onnx(tmp_path, durations=True)
    with loaded(tmp_path) as engine:
        sink = heard(engine, "see me")  # of three phonemes each, and each of those of three frames
    places_s = [at_s for mark in sink.marks for at_s in (mark.started_at_s, mark.ended_at_s)]
    assert places_s == pytest.approx([0.075, 0.3, 0.375, 0.6])


@pytest.mark.parametrize(("speed", "length"), [(0.25, 4.0), (0.5, 2.0), (3.0, 1 / 3), (4.0, 0.25)])
def test_speed_changes_the_length_and_no_pitch(
    engine: KokoroOnnx, speed: float, length: float
) -> None:
    usual, changed = heard(engine, "a " * 20).sound, heard(engine, "a " * 20, speed=speed).sound
    assert changed.size / usual.size == pytest.approx(length, rel=0.4)  # in whole frames
    assert mean_pitch_hz(changed) == pytest.approx(mean_pitch_hz(usual), rel=0.05)


def test_a_phrase_beyond_the_context_is_said_whole_in_parts(engine: KokoroOnnx) -> None:
    phrase = "wonderful things happened yesterday, " * 40
    sink = heard(engine, phrase)
    assert len(sink.heard) > 1
    assert len(sink.marks) == 40 * 4
    assert all(a.started_at_s <= b.started_at_s for a, b in pairwise(sink.marks))
    assert sink.marks[-1].ended_at_s <= sink.sound.size / SAMPLE_RATE_HZ


@pytest.mark.parametrize("phrase", ["", " ", "…", "?!"])
def test_what_has_no_sound_makes_none(engine: KokoroOnnx, phrase: str) -> None:
    assert heard(engine, phrase).heard == []


def test_threads_do_not_disturb_each_other(engine: KokoroOnnx) -> None:
    phrases = ["Hello there.", "Something else is said here.", "One, two, three.", "Les enfants."]
    alone = [heard(engine, phrase).sound for phrase in phrases]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda phrase: heard(engine, phrase).sound, phrases * 5))
    assert all(np.array_equal(a, b) for a, b in zip(alone * 5, together, strict=True))


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KokoroOnnx]:
    folder = tmp_path_factory.mktemp("slow")
    make_kokoro_onnx(folder, steps=SLOW_STEPS)
    with loaded(folder) as engine:
        yield engine


def test_a_phrase_that_is_not_wanted_any_more_stops_midway(slow: KokoroOnnx) -> None:
    whole_at_s = time.monotonic()
    assert heard(slow, "a").heard
    whole_s = time.monotonic() - whole_at_s
    sink = Listener()
    voice = voice_of(slow, "alloy")
    with ThreadPoolExecutor(1) as pool:
        saying = pool.submit(slow.synthesize, "a", voice, 1.0, sink)
        threading.Event().wait(whole_s / 10)
        assert not saying.done()
        sink.wanted = False
        stopped_at_s = time.monotonic()
        saying.result(timeout=30)
    assert sink.heard == []
    assert time.monotonic() - stopped_at_s < whole_s / 2
    assert heard(slow, "a").heard  # it serves the next one


def test_what_was_never_wanted_is_never_begun(slow: KokoroOnnx) -> None:
    sink = Listener()
    sink.wanted = False
    slow.synthesize(SENTENCE, voice_of(slow, "alloy"), 1.0, sink)
    assert sink.heard == []
    assert sink.marks == []


def test_stopping_one_leaves_the_other_alone(slow: KokoroOnnx) -> None:
    stopped, kept = Listener(), Listener()
    voice = voice_of(slow, "alloy")
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(slow.synthesize, "a", voice, 1.0, sink) for sink in (stopped, kept)]
        stopped.wanted = False
        for done in both:
            done.result(timeout=60)
    assert stopped.heard == []
    assert kept.heard


def test_no_run_outlives_its_engine(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    make_kokoro_onnx(tmp_path, steps=20)
    with loaded(tmp_path) as engine:
        heard(engine, "a")
        sink = Listener()
        threading.Timer(0.05, lambda: setattr(sink, "wanted", False)).start()
        engine.synthesize("a", voice_of(engine, "alloy"), 1.0, sink)
    left = {thread for thread in threading.enumerate() if thread.name.startswith("kokoro")}
    assert left <= before


def test_files_that_are_no_voices_are_passed_over(tmp_path: Path) -> None:
    make_kokoro_onnx(tmp_path, layout="hub")
    (tmp_path / "voices" / "README.bin").write_bytes(b"text")
    with loaded(tmp_path) as engine:
        assert engine.find_voice("readme") is None


def test_an_engine_that_is_not_loaded_says_so(folder: Path) -> None:
    engine = loaded(folder)
    with pytest.raises(EngineFailed, match="not loaded"):
        engine.voices()
    with engine:
        voice = voice_of(engine, "alloy")
    with pytest.raises(EngineFailed, match="not loaded"):
        engine.synthesize("a", voice, 1.0, Listener())


@pytest.mark.parametrize(("threads", "each"), [(1, (1, 1)), (2, (2, 1)), (5, (2, 2)), (8, (2, 4))])
def test_threads_are_shared_by_two_phrases(threads: int, each: tuple[int, int]) -> None:
    assert shared(threads) == each
