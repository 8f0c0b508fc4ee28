"""Live utterances with Whisper: settled text, bounded windows, finals, on a tiny random model."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.audio import RATE_HZ, Pcm
from inference.stt.engine import Options, Transcript, Word
from inference.stt.whisper import Whisper
from inference.stt.whisper_decoding import WINDOW_S, Decoder, Encoded
from inference.stt.whisper_stream import LONGEST_S, SHARE, STEP_S, TRIM_S, WhisperStream
from tests.fakes.whisper_model import MANY, SOUNDS, build, warble

GREEDY = Options(language="en", temperature=0.0)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whisper]:
    made = Whisper(
        model="whisper-tiny",
        folder=build(tmp_path_factory.mktemp("whisper"), MANY),
        device="cpu",
        quantisation="int8",
        threads=1,
        workers=2,
    )
    with made as opened:
        yield opened


def assert_ordered(words: Sequence[Word], until_s: float) -> None:
    times = [at for word in words for at in (word.started_at_s, word.ended_at_s)]
    assert times == sorted(times)
    assert all(0 <= at <= until_s for at in times)


class Watched(Decoder):
    """Notes the length of every window, and may take its time."""

    def __init__(self, engine: Whisper, delay_s: float = 0.0) -> None:
        assert engine._decoder is not None
        super().__init__(engine._decoder._model, Path("watched"))
        self.windows_s: list[float] = []
        self._pause = threading.Event()
        self._delay_s = delay_s

    def encode(self, sounds: Sequence[Pcm]) -> Encoded:
        self._pause.wait(self._delay_s)
        encoded = super().encode(sounds)
        self.windows_s += encoded.durations_s
        return encoded


@pytest.fixture
def watched(engine: Whisper) -> Watched:
    return Watched(engine)


def pieces(sound: Pcm, seconds: float = 0.1) -> list[Pcm]:
    size = int(seconds * RATE_HZ)
    return [sound[i : i + size] for i in range(0, len(sound), size)]


SPEECH = np.concatenate([warble(3, 200), warble(4, 900), warble(6, 400), warble(3, 3000)])


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.floats(0.01, 3.0), min_size=1, max_size=12), st.data())
def test_settled_text_only_grows_and_the_final_goes_on_from_it(
    engine: Whisper, lengths: list[float], data: st.DataObject
) -> None:
    stream = engine.open_stream(Options(prompt="please"))
    at, stable = 0, ""
    words: tuple[Word, ...] = ()
    for length in lengths:
        pcm = SPEECH[at : at + int(length * RATE_HZ)]
        at += len(pcm)
        heard = stream.push(pcm)
        if data.draw(st.booleans()):
            stream.pause()
        assert heard.stable.startswith(stable)
        assert heard.words[: len(words)] == words
        assert " ".join(word.text for word in heard.words) == heard.stable
        stable, words = heard.stable, heard.words
    final = stream.finish()
    stream.close()
    assert final.text.startswith(stable)
    assert final.words[: len(words)] == words
    assert_ordered(final.words, at / RATE_HZ)


def test_a_stream_settles_words_while_the_speaker_speaks(engine: Whisper) -> None:
    stream = engine.open_stream(GREEDY)
    heard = [stream.push(piece) for piece in pieces(SPEECH)]
    assert any(one.stable for one in heard[: len(heard) // 2])
    assert any(one.unstable for one in heard)
    assert heard[-1].confidence is not None
    assert 0 < heard[-1].confidence < 1
    final = stream.finish()
    assert len(final.segments) == 1
    assert final.segments[0].tokens
    assert final.confidence is not None
    assert 0 < final.confidence < 1


def test_the_first_words_wait_for_little_sound(watched: Watched) -> None:
    stream = WhisperStream(watched, GREEDY)
    for piece in pieces(SPEECH[: int(0.9 * RATE_HZ)]):
        stream.push(piece)
    assert len(watched.windows_s) == 1
    assert watched.windows_s[0] == pytest.approx(STEP_S)


def test_a_long_utterance_costs_no_more_the_longer_it_gets(watched: Watched) -> None:
    stream = WhisperStream(watched, GREEDY)
    long = np.concatenate([SPEECH] * 3)
    for piece in pieces(long, 1.0):
        stable = stream.push(piece).stable
    final = stream.finish()
    assert max(watched.windows_s) <= LONGEST_S + 1.0
    assert min(watched.windows_s[-10:]) < TRIM_S
    assert final.text.startswith(stable)
    assert final.words[-1].started_at_s > len(long) / RATE_HZ / 2
    assert_ordered(final.words, len(long) / RATE_HZ)


def test_much_sound_in_one_piece_is_taken_in_bites(watched: Watched) -> None:
    stream = WhisperStream(watched, GREEDY)
    stream.push(np.concatenate([SPEECH] * 3))
    assert stream.finish().text
    assert max(watched.windows_s) <= WINDOW_S


def test_a_slow_machine_decodes_less_often(engine: Whisper) -> None:
    slow = Watched(engine, delay_s=0.5)
    stream = WhisperStream(slow, GREEDY)
    for piece in pieces(SPEECH[: 4 * RATE_HZ]):
        stream.push(piece)
    gaps_s = np.diff(slow.windows_s)
    assert len(gaps_s) >= 1
    assert min(gaps_s) >= SHARE * 0.5


def test_a_final_after_a_pause_is_there_at_once(watched: Watched) -> None:
    stream = WhisperStream(watched, GREEDY)
    stream.push(SOUNDS[0])
    stream.pause()
    decoded = len(watched.windows_s)
    stream.pause()
    final = stream.finish()
    assert final.text
    assert stream.finish() == final
    assert len(watched.windows_s) == decoded


def test_sound_after_a_pause_is_heard_too(watched: Watched) -> None:
    stream = WhisperStream(watched, GREEDY)
    stream.push(SOUNDS[0])
    stream.pause()
    stream.push(SOUNDS[1])
    stream.finish()
    assert watched.windows_s[-1] == pytest.approx(5.0)


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
def test_every_option_changes_what_a_stream_hears(engine: Whisper, options: Options) -> None:
    def final(asked: Options) -> str:
        stream = engine.open_stream(asked)
        stream.push(SOUNDS[2])
        return stream.finish().text

    assert final(options) != final(GREEDY)


def test_a_stream_detects_the_language_it_is_spoken_to_in(engine: Whisper) -> None:
    found = set()
    for sound in SOUNDS[1:]:
        stream = engine.open_stream(Options())
        stream.push(sound)
        found.add(stream.finish().language)
    assert found == {one.language for one in engine.transcribe(SOUNDS[1:], Options())}


def test_a_stream_without_sound_has_nothing_to_say(engine: Whisper) -> None:
    stream = engine.open_stream(Options(language="de"))
    stream.pause()
    assert stream.finish() == Transcript(language="de")


def test_a_stream_can_be_closed_at_any_time(engine: Whisper) -> None:
    for pushed in range(4):
        stream = engine.open_stream(GREEDY)
        for piece in pieces(SOUNDS[0], 0.5)[:pushed]:
            stream.push(piece)
        if pushed == 2:
            stream.pause()
        stream.close()
        stream.close()
        with pytest.raises(ValueError, match="closed"):
            stream.push(SOUNDS[0])
        with pytest.raises(ValueError, match="closed"):
            stream.finish()


def test_streams_in_many_threads_do_not_mix(engine: Whisper) -> None:
    def listen(language: str) -> Transcript:
        stream = engine.open_stream(replace(GREEDY, language=language))
        stable = ""
        for piece in pieces(SOUNDS[2], 0.5):
            heard = stream.push(piece).stable
            assert heard.startswith(stable)
            stable = heard
        final = stream.finish()
        stream.close()
        assert final.text.startswith(stable)
        return final

    languages = ["en", "de", "fr", "en", "de"] * 2
    with ThreadPoolExecutor(len(languages)) as pool:
        finals = list(pool.map(listen, languages))
    assert [final.language for final in finals] == languages
    assert all(final.text for final in finals)
