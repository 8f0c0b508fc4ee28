"""The Nemotron engine: streams and files over one model, on sherpa-onnx and on a fake runtime."""

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import exp
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.audio import Pcm
from inference.stt.batching import StreamClosed
from inference.stt.engine import EngineFailed, Options, Transcript
from inference.stt.nemotron import LiveStream, Nemotron
from inference.stt.nemotron_runtime import Handle, Piece, Runtime, Told, Work
from inference.stt.sherpa import Sherpa
from tests.fakes.counting_runtime import CHUNK, CountingRuntime
from tests.fakes.onnx_transducer import BANDS, build, tone

STREAMS = 12


class Unhurried(Sherpa):
    """Takes a while for a step, as models of a useful size do."""

    def step(self, work: Sequence[Work]) -> list[Told]:
        time.sleep(0.003)
        return super().step(work)


class Scripted(CountingRuntime):
    """Says what it is told to, a chunk at a time, then nothing."""

    def __init__(self, script: list[list[Piece]]) -> None:
        super().__init__()
        self._script = iter(script)

    def step(self, work: Sequence[Work]) -> list[Told]:
        return [Told(pieces=tuple(next(self._script, ()))) for _ in work]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("tones"))


def engine(
    runtime: Runtime,
    *,
    max_batch: int = 16,
    sizes: list[int] | None = None,
    languages: Sequence[str] = ("en",),
) -> Nemotron:
    return Nemotron(
        model="tones",
        runtime=runtime,
        languages=languages,
        max_batch=max_batch,
        on_step=lambda streams, waited_s, took_s: None if sizes is None else sizes.append(streams),
    )


def sound(seed: int) -> Pcm:
    """Tones and pauses, up to four seconds."""
    chance = random.Random(seed)
    parts = [
        tone(chance.randrange(BANDS), chance.uniform(0.05, 0.5)) * chance.randrange(2)
        for _ in range(chance.randrange(3, 15))
    ]
    return np.concatenate(parts).astype(np.int16)


def spoken(stream: LiveStream, pcm: Pcm, seed: int) -> Transcript:
    """Pushed in pieces of any length; what was stable stays."""
    chance = random.Random(seed)
    stable, at = "", 0
    while at < len(pcm):
        size = chance.randrange(1, 5_000)
        said = stream.push(pcm[at : at + size])
        assert said.stable.startswith(stable)
        assert [word.text for word in said.words] == said.stable.split()
        stable, at = said.stable, at + size
        if chance.random() < 0.1:
            stream.pause()
    transcript = stream.finish()
    assert transcript.text.startswith(stable)
    return transcript


def test_streams_that_come_and_go_write_the_same_together_and_alone(folder: Path) -> None:
    sounds = [sound(seed) for seed in range(3 * STREAMS)]
    sizes: list[int] = []

    def client(loaded: Nemotron, seed: int) -> Transcript:
        return spoken(loaded.open_stream(Options()), sounds[seed], seed)

    with engine(Sherpa(folder, threads=1, max_streams=4), max_batch=1) as alone:
        expected = [client(alone, seed) for seed in range(len(sounds))]
    with (
        engine(Unhurried(folder, threads=1, max_streams=32), sizes=sizes) as together,
        ThreadPoolExecutor(STREAMS) as clients,
    ):
        written = list(clients.map(client, [together] * len(sounds), range(len(sounds))))
    assert written == expected
    assert len({transcript.text for transcript in written}) > STREAMS
    assert max(sizes) > STREAMS / 2


def test_files_are_written_as_streams_are_and_batched(folder: Path) -> None:
    sounds = [*(sound(seed) for seed in range(20)), np.empty(0, np.int16)]
    sizes: list[int] = []
    with engine(Unhurried(folder, threads=1, max_streams=12), sizes=sizes) as loaded:
        files = loaded.transcribe(sounds, Options())
        assert max(sizes) == loaded.batch == 6
        assert files == [
            spoken(loaded.open_stream(Options()), pcm, seed) for seed, pcm in enumerate(sounds)
        ]
    assert files[-1] == Transcript()


def test_files_and_live_streams_at_once_all_get_done(folder: Path) -> None:
    sounds = [sound(seed) for seed in range(8)]
    with (
        engine(Unhurried(folder, threads=1, max_streams=6)) as loaded,
        ThreadPoolExecutor(8) as clients,
    ):
        expected = loaded.transcribe(sounds, Options())
        files = [clients.submit(loaded.transcribe, sounds, Options()) for _ in range(3)]
        live = [
            clients.submit(spoken, loaded.open_stream(Options()), sounds[seed], seed)
            for seed in range(loaded.concurrency)
        ]
        assert [one.result(timeout=30) for one in live] == expected[: len(live)]
        assert [file.result(timeout=30) for file in files] == [expected] * 3


def test_words_have_times_in_order_within_the_sound_and_confidence(folder: Path) -> None:
    with engine(Sherpa(folder, threads=1, max_streams=4)) as loaded:
        for seed in range(10):
            pcm = np.concatenate([tone(2, 0.3), sound(seed)])
            [transcript] = loaded.transcribe([pcm], Options())
            [segment] = transcript.segments
            times = [t for word in segment.words for t in (word.started_at_s, word.ended_at_s)]
            assert times == sorted(times)
            assert 0 <= times[0] <= times[-1] <= len(pcm) / 16_000
            assert (segment.started_at_s, segment.ended_at_s) == (times[0], times[-1])
            assert all(0 < (word.confidence or 0) < 1 for word in segment.words)
            assert " ".join(word.text for word in segment.words) == segment.text
            assert 0.2 < (transcript.confidence or 0) < 0.4  # of the tiny model's scores


@given(
    st.lists(
        st.lists(st.sampled_from(["▁the", "▁kit", "chen", "▁", ",", "▁light", "s"]), max_size=4),
        max_size=8,
    )
)
@settings(max_examples=60, deadline=None)
def test_text_is_only_ever_added_to_whatever_the_pieces(script: list[list[str]]) -> None:
    told = [
        [Piece(text=text, token=n, at_s=0.04 * at, logprob=-0.1) for n, text in enumerate(pieces)]
        for at, pieces in enumerate(script)
    ]
    with engine(Scripted(told)) as loaded:
        stream = loaded.open_stream(Options())
        said = [stream.push(np.zeros(CHUNK, np.int16)) for _ in script]
        transcript = stream.finish()
    whole = " ".join("".join(p for pieces in script for p in pieces).replace("▁", " ").split())
    assert transcript.text == whole
    assert len(transcript.words) == len(whole.split())
    for at, hypothesis in enumerate(said):
        heard = "".join(p for pieces in script[: at + 1] for p in pieces)
        now = " ".join(f"{hypothesis.stable} {hypothesis.unstable}".split())
        assert now == " ".join(heard.replace("▁", " ").split())
        assert whole.startswith(hypothesis.stable)
        assert at == 0 or hypothesis.stable.startswith(said[at - 1].stable)


def piece(text: str, logprob: float | None) -> Piece:
    return Piece(text=text, token=7, at_s=0.0, logprob=logprob)


def test_the_word_that_may_still_grow_is_unstable() -> None:
    with engine(Scripted([[piece("▁kit", -0.2)], [piece("chen", -0.4), piece("▁li", -3)]])) as one:
        stream = one.open_stream(Options())
        first, second = (stream.push(np.zeros(CHUNK, np.int16)) for _ in range(2))
    assert (first.stable, first.unstable) == ("", "kit")
    assert (second.stable, second.unstable) == ("kitchen", "li")
    assert second.words[0].confidence == pytest.approx(exp(-0.3))
    assert second.confidence == pytest.approx(exp(-1.2))


def test_confidence_is_left_out_where_the_model_tells_none() -> None:
    with engine(Scripted([[piece("▁one", None), piece("▁two", -1)]])) as loaded:
        stream = loaded.open_stream(Options())
        said = stream.push(np.zeros(CHUNK, np.int16))
        transcript = stream.finish()
    assert said.confidence is None
    assert transcript.segments[0].avg_logprob is None
    assert transcript.confidence is None
    assert transcript.words[0].confidence is None


def test_text_from_behind_the_end_counts_as_its_last_instant() -> None:
    late = Piece(text="▁end", token=1, at_s=9.0, logprob=-1)
    with engine(Scripted([[], [late]])) as loaded:
        stream = loaded.open_stream(Options())
        stream.push(np.zeros(CHUNK, np.int16))
        [word] = stream.finish().words
    assert (word.started_at_s, word.ended_at_s) == (0.04, 0.04)


def test_less_than_a_chunk_costs_no_step_and_much_costs_one_a_chunk() -> None:
    runtime = CountingRuntime()
    with engine(runtime) as loaded:
        stream = loaded.open_stream(Options())
        stream.push(np.zeros(CHUNK - 1, np.int16))
        assert not runtime.batches
        stream.push(np.zeros(3 * CHUNK, np.int16))
        assert len(runtime.batches) == 3
        stream.finish()
        assert len(runtime.batches) == 4


def test_closing_lets_go_of_a_push_that_waits() -> None:
    runtime = CountingRuntime()
    with engine(runtime) as loaded, ThreadPoolExecutor(1) as client:
        stream = loaded.open_stream(Options())
        runtime.gate.clear()
        push = client.submit(stream.push, np.zeros(CHUNK, np.int16))
        assert runtime.at_gate.wait(5)
        stream.close()
        with pytest.raises(StreamClosed):
            push.result(timeout=5)
        runtime.gate.set()


def test_a_hundred_clients_that_vanish_leave_nothing_behind() -> None:
    runtime = CountingRuntime(max_streams=8, step_s=0.001)

    def client(seed: int) -> None:
        chance = random.Random(seed)
        stream = loaded.open_stream(Options())
        vanishing = threading.Timer(chance.uniform(0, 0.02), stream.close)
        vanishing.start()
        try:
            for _ in range(chance.randrange(8)):
                stream.push(np.zeros(chance.randrange(2 * CHUNK), np.int16))
            stream.finish()
        except StreamClosed:
            pass
        vanishing.join()

    with engine(runtime) as loaded:
        with ThreadPoolExecutor(loaded.concurrency) as clients:
            for done in [clients.submit(client, seed) for seed in range(100)]:
                done.result(timeout=30)
        everyone = [loaded.open_stream(Options()) for _ in range(8)]
        for stream in everyone:
            stream.push(np.zeros(CHUNK, np.int16))
        assert len(runtime.sums) == 8
        for stream in everyone:
            stream.close()


def test_a_file_that_fails_gives_its_places_back() -> None:
    runtime = CountingRuntime(max_streams=4)
    sounds = [np.zeros(3 * CHUNK, np.int16)] * 5
    with engine(runtime) as loaded:
        runtime.bad.add(Handle(2))
        with pytest.raises(EngineFailed, match="a bad stream"):
            loaded.transcribe(sounds, Options())
        assert len(loaded.transcribe(sounds, Options())) == 5


def test_places_for_files_come_out_of_the_streams_there_are() -> None:
    engines = [engine(CountingRuntime(max_streams=streams)) for streams in (1, 2, 4, 24)]
    assert [(one.concurrency, one.batch) for one in engines] == [(1, 1), (1, 1), (2, 2), (16, 8)]


def test_only_models_of_several_languages_are_told_which(tmp_path: Path) -> None:
    build(tmp_path, ask_language=True)
    pcm = tone(4, 0.3)
    with engine(Sherpa(tmp_path, threads=1, max_streams=2), languages=("en", "de")) as loaded:
        assert loaded.abilities.detects_language
        [english] = loaded.transcribe([pcm], Options(language="en"))
        [german] = loaded.transcribe([pcm], Options(language="de"))
    assert (english.language, german.language) == ("en", "de")
    assert english.text != german.text
    with engine(Sherpa(tmp_path, threads=1, max_streams=2), languages=("de",)) as loaded:
        assert not loaded.abilities.detects_language
        [plain] = loaded.transcribe([pcm], Options(language="de"))
    assert (plain.language, plain.text) == ("de", english.text)
