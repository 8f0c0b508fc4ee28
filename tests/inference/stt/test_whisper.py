"""Whisper on tiny models with random weights: the library, the files and the calls are real."""

import json
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.audio import RATE_HZ
from inference.stt.engine import Engine, EngineFailed, Options, Transcript, Word
from inference.stt.whisper import Whisper
from inference.stt.whisper_decoding import LADDER, Ask
from tests.fakes.whisper_model import MANY, SOUNDS, Shape, build

GREEDY = Options(language="en", temperature=0.0)


def whisper(folder: Path, quantisation: str = "int8", workers: int = 1) -> Whisper:
    return Whisper(
        model="whisper-tiny",
        folder=folder,
        device="cpu",
        quantisation=quantisation,
        threads=1,
        workers=workers,
    )


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the engine went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("whisper"), MANY)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Whisper]:
    with whisper(folder, workers=2) as opened:
        yield opened


@pytest.fixture
def own_folder(folder: Path, tmp_path: Path) -> Path:
    """A model that a test may break."""
    return Path(shutil.copytree(folder, tmp_path / "model"))


def texts(transcripts: Sequence[Transcript]) -> list[str]:
    return [transcript.text for transcript in transcripts]


def assert_ordered(words: Sequence[Word], until_s: float) -> None:
    times = [at for word in words for at in (word.started_at_s, word.ended_at_s)]
    assert times == sorted(times)
    assert all(0 <= at <= until_s for at in times)


# Loading


def test_it_is_an_engine(engine: Whisper) -> None:
    an_engine: Engine = engine
    assert an_engine.model == "whisper-tiny"
    assert an_engine.concurrency == 2


def test_it_claims_english_until_the_model_tells_its_languages(folder: Path) -> None:
    made = whisper(folder)
    assert made.abilities.languages == {"en"}
    assert not made.abilities.translate
    with made as opened:
        assert opened.abilities.languages == {"en", "de", "fr"}
        assert opened.abilities.detects_language
        assert opened.abilities.translate
        assert opened.abilities.prompt
        assert opened.abilities.temperature


def test_an_english_model_neither_detects_nor_translates(tmp_path: Path) -> None:
    with whisper(build(tmp_path, Shape())) as opened:
        assert opened.abilities.languages == {"en"}
        assert not opened.abilities.detects_language
        assert not opened.abilities.translate
        assert opened.transcribe(SOUNDS[:1], Options())[0].language == "en"


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named_with_its_folder(own_folder: Path, name: str) -> None:
    (own_folder / name).unlink()
    with pytest.raises(EngineFailed, match=name) as failed, whisper(own_folder):
        pass
    assert str(own_folder) in str(failed.value)


def test_the_usual_mel_bands_need_no_file_of_their_own(own_folder: Path) -> None:
    (own_folder / "preprocessor_config.json").unlink()
    with whisper(own_folder) as opened:
        assert opened.transcribe(SOUNDS[:1], GREEDY)[0].text


def cut_the_weights(folder: Path) -> None:
    weights = folder / "model.bin"
    weights.write_bytes(weights.read_bytes()[:1000])


def spoil_the_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")


def drop_the_vocabulary(folder: Path) -> None:
    (folder / "vocabulary.json").unlink()


def ask_for_other_bands(folder: Path) -> None:
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "feature_size": 128}))


@pytest.mark.parametrize(
    "spoil", [cut_the_weights, spoil_the_tokenizer, drop_the_vocabulary, ask_for_other_bands]
)
def test_a_broken_model_is_named(own_folder: Path, spoil: Any) -> None:
    spoil(own_folder)
    with pytest.raises(EngineFailed) as failed, whisper(own_folder):
        pass
    assert str(own_folder) in str(failed.value)


def test_a_quantisation_the_device_cannot_do_is_refused(folder: Path) -> None:
    with pytest.raises(EngineFailed, match="int3"), whisper(folder, "int3"):
        pass


def test_without_the_package_the_extra_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(EngineFailed, match="stt-whisper"), whisper(folder):
        pass


def test_an_engine_let_go_refuses_and_so_do_its_streams(folder: Path) -> None:
    with whisper(folder) as opened:
        stream = opened.open_stream(Options())
    with pytest.raises(EngineFailed, match="not loaded"):
        opened.transcribe(SOUNDS, Options())
    with pytest.raises(EngineFailed):
        stream.push(SOUNDS[0])
    with opened:
        assert opened.transcribe(SOUNDS[:1], GREEDY)[0].text


# Whole sounds


def test_a_batch_says_what_each_sound_says_alone(engine: Whisper) -> None:
    options = Options(temperature=0.0, words=True)
    together = engine.transcribe(SOUNDS, options)
    alone = [engine.transcribe([sound], options)[0] for sound in SOUNDS]
    assert len(set(texts(together))) == len(SOUNDS)
    for one, other in zip(together, alone, strict=True):
        assert one.text == other.text
        assert one.language == other.language
        assert len(one.words) == len(other.words)
        for mine, its in zip(one.words, other.words, strict=True):
            assert mine.confidence == pytest.approx(its.confidence, abs=1e-3)
            assert replace(mine, confidence=None) == replace(its, confidence=None)


def test_the_language_is_detected_for_each_sound(engine: Whisper) -> None:
    found = {one.language for one in engine.transcribe(SOUNDS, Options(temperature=0.0))}
    assert len(found) > 1
    assert found <= engine.abilities.languages


@pytest.mark.parametrize(
    "options",
    [
        replace(GREEDY, language="de"),
        replace(GREEDY, translate=True),
        replace(GREEDY, prompt="turn on the light"),
        replace(GREEDY, temperature=1.0),
    ],
    ids=["language", "translate", "prompt", "temperature"],
)
def test_every_option_changes_what_comes_out(engine: Whisper, options: Options) -> None:
    assert texts(engine.transcribe(SOUNDS, options)) != texts(engine.transcribe(SOUNDS, GREEDY))


def test_a_long_prompt_is_cut_to_its_end(engine: Whisper) -> None:
    end = "turn on the kitchen light please " * 60
    one = engine.transcribe(SOUNDS, replace(GREEDY, prompt=end))
    other = engine.transcribe(SOUNDS, replace(GREEDY, prompt="what is " * 50 + end))
    assert texts(one) == texts(other)


def test_a_given_temperature_is_the_only_one_tried(engine: Whisper) -> None:
    for temperature in (0.0, 0.3, 1.0):
        found = engine.transcribe(SOUNDS, replace(GREEDY, temperature=temperature))
        assert {part.temperature for one in found for part in one.segments} == {temperature}


def test_a_doubtful_text_is_tried_again_at_higher_temperatures(tmp_path: Path) -> None:
    unsure = build(tmp_path, replace(MANY, spread=0.25, seed=1))
    with whisper(unsure) as opened:
        found = opened.transcribe(SOUNDS, Options(language="en"))
    used = {part.temperature for one in found for part in one.segments}
    assert used <= set(LADDER)
    assert used - {0.0}


def test_silence_that_the_model_only_dreams_of_is_dropped(tmp_path: Path) -> None:
    dreaming = replace(MANY, spread=0.25, seed=1)
    with whisper(build(tmp_path / "heard", dreaming)) as opened:
        assert any(texts(opened.transcribe(SOUNDS, GREEDY)))
    with whisper(build(tmp_path / "silent", replace(dreaming, silence=30.0))) as opened:
        assert opened.transcribe(SOUNDS, GREEDY) == [Transcript(language="en")] * len(SOUNDS)
        stream = opened.open_stream(GREEDY)
        assert not stream.push(SOUNDS[2]).unstable
        assert stream.finish().segments == ()


def test_a_model_in_a_loop_is_made_to_stop_repeating(tmp_path: Path) -> None:
    with whisper(build(tmp_path, replace(MANY, spread=0.25, seed=3))) as opened:
        decoder = opened._decoder
        assert decoder is not None
        encoded = decoder.encode(SOUNDS[:1])
        assert decoder.decode(encoded, ["en"], Ask(time_marks=True, quick=True))[0].repeats
        segments = opened.transcribe(SOUNDS[:1], GREEDY)[0].segments
    assert segments
    for segment in segments:
        said = segment.tokens
        threes = [said[i : i + 3] for i in range(len(said) - 2)]
        assert len(set(threes)) == len(threes)


def test_words_and_segments_follow_each_other_within_the_sound(engine: Whisper) -> None:
    found = engine.transcribe(SOUNDS, replace(GREEDY, words=True))
    for sound, one in zip(SOUNDS, found, strict=True):
        assert_ordered(one.words, len(sound) / RATE_HZ)
        assert " ".join(word.text for word in one.words) == one.text
        for part in one.segments:
            assert 0 <= part.started_at_s <= part.ended_at_s <= len(sound) / RATE_HZ
            assert part.tokens
            assert part.words
            assert part.avg_logprob is not None
            assert part.avg_logprob < 0
            assert part.no_speech_prob is not None


def test_segments_have_times_without_words_too(engine: Whisper) -> None:
    found = engine.transcribe(SOUNDS, GREEDY)
    assert any(len(one.segments) > 1 for one in found)
    for sound, one in zip(SOUNDS, found, strict=True):
        assert one.words == ()
        times = [at for part in one.segments for at in (part.started_at_s, part.ended_at_s)]
        assert times == sorted(times)
        assert times[-1] <= len(sound) / RATE_HZ


def test_no_sound_and_next_to_none_are_no_trouble(engine: Whisper) -> None:
    nothing, little, more = engine.transcribe(
        [np.empty(0, np.int16), SOUNDS[0][:10], SOUNDS[0]], replace(GREEDY, words=True)
    )
    assert nothing == Transcript(language="en")
    assert_ordered(little.words, 10 / RATE_HZ)
    assert more.text
    assert engine.transcribe([], GREEDY) == []


def test_a_sound_longer_than_the_window_is_not_cut_in_silence(engine: Whisper) -> None:
    with pytest.raises(ValueError, match="30 s"):
        engine.transcribe([np.zeros(31 * RATE_HZ, np.int16)], GREEDY)


def test_many_threads_get_what_one_gets(engine: Whisper) -> None:
    calls = [replace(GREEDY, language=language) for language in ("en", "de", "fr")] * 2
    expected = [texts(engine.transcribe(SOUNDS, options)) for options in calls]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda options: texts(engine.transcribe(SOUNDS, options)), calls))
    assert found == expected
