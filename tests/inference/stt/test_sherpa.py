"""The sherpa-onnx runtime on a tiny model: streams that share steps, files that are no model."""

import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from inference.audio import Pcm
from inference.stt.engine import EngineFailed
from inference.stt.nemotron_runtime import Handle, Piece, Samples, Work
from inference.stt.sherpa import Sherpa
from tests.fakes.onnx_transducer import BANDS, TOKENS, build, tone

NOTHING = np.empty(0, np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="module")
def runtime(folder: Path) -> Sherpa:
    return loaded(folder)


def loaded(folder: Path, max_streams: int = 16) -> Sherpa:
    runtime = Sherpa(folder, threads=1, max_streams=max_streams)
    runtime.load()
    return runtime


def sound(seed: int) -> Samples:
    """Tones and pauses, up to three seconds."""
    chance = random.Random(seed)
    parts = [
        tone(chance.randrange(BANDS), chance.uniform(0.05, 0.5)) * chance.randrange(2)
        for _ in range(chance.randrange(1, 12))
    ]
    return floats(np.concatenate(parts))


def floats(pcm: Pcm) -> Samples:
    return pcm.astype(np.float32) / np.float32(32_768)


def chunks(runtime: Sherpa, samples: Samples) -> list[Samples]:
    size = round(runtime.chunk_s * 16_000)
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def alone(runtime: Sherpa, samples: Samples, language: str | None = None) -> list[Piece]:
    handle = runtime.open(language)
    parts = chunks(runtime, samples)
    said = [
        runtime.step([Work(handle=handle, samples=part, last=part is parts[-1])])[0]
        for part in parts
    ]
    runtime.drop(handle)
    return [piece for told in said for piece in told.pieces]


def texts(pieces: list[Piece]) -> list[str]:
    return [piece.text for piece in pieces]


def test_the_chunk_is_as_long_as_the_model_says(runtime: Sherpa, tmp_path: Path) -> None:
    assert runtime.chunk_s == 0.16
    assert loaded(build(tmp_path, chunk_frames=7)).chunk_s == 0.56


def test_tones_are_written_with_their_times_and_scores(runtime: Sherpa) -> None:
    silence = np.zeros(3_200, np.int16)
    samples = np.concatenate([silence, tone(2, 0.16), silence, silence, tone(5, 0.16)])
    pieces = alone(runtime, floats(samples))
    bands = [piece.token % BANDS for piece in pieces]
    assert bands == sorted(bands)
    assert set(bands) == {2, 5}
    first = {band: pieces[bands.index(band)].at_s for band in (2, 5)}
    assert abs(first[2] - 0.2) < 0.08
    assert abs(first[5] - 0.76) < 0.08
    assert all(TOKENS[piece.token] == piece.text for piece in pieces)
    assert all(piece.logprob is not None and -2 < piece.logprob < 0 for piece in pieces)


@pytest.mark.parametrize("streams", [1, 2, 5, 16])
def test_shared_steps_write_what_single_ones_do_as_streams_come_and_go(
    runtime: Sherpa, streams: int
) -> None:
    sounds = {number: sound(number) for number in range(2 * streams)}
    expected = {number: alone(runtime, samples) for number, samples in sounds.items()}
    waiting = list(sounds)
    live: dict[int, tuple[Handle, list[Samples]]] = {}
    written: dict[int, list[Piece]] = {number: [] for number in sounds}
    chance = random.Random(streams)
    sizes = []
    while waiting or live:
        if waiting and len(live) < streams and chance.random() < 0.7:
            number = waiting.pop()
            live[number] = (runtime.open(None), chunks(runtime, sounds[number]))
        now = [number for number in live if chance.random() < 0.8]
        chance.shuffle(now)
        if not now:
            continue
        work = [
            Work(handle=handle, samples=parts.pop(0), last=not parts)
            for handle, parts in (live[number] for number in now)
        ]
        sizes.append(len(work))
        for number, item, told in zip(now, work, runtime.step(work), strict=True):
            written[number] += told.pieces
            if item.last:
                runtime.drop(live.pop(number)[0])
    assert {n: texts(p) for n, p in written.items()} == {n: texts(p) for n, p in expected.items()}
    assert {n: [p.at_s for p in written[n]] for n in sounds} == {
        n: [p.at_s for p in expected[n]] for n in sounds
    }
    assert len({tuple(texts(pieces)) for pieces in expected.values()}) > streams
    assert max(sizes) > streams / 2


def test_a_stream_cannot_be_taken_for_another(runtime: Sherpa) -> None:
    """What keeps the test above honest: the same sound is written otherwise with another past."""
    same = floats(tone(3, 0.32))
    before = floats(tone(6, 0.16))
    fresh = texts(alone(runtime, same))
    assert texts(alone(runtime, np.concatenate([before, same])))[-len(fresh) :] != fresh


@pytest.mark.parametrize("samples", [1, 100, 1_000, 2_000, 2_560, 2_561, 4_000, 5_119, 5_120])
def test_the_last_sound_is_written_wherever_it_ends(runtime: Sherpa, samples: int) -> None:
    silence = np.zeros(samples, np.int16)
    pieces = alone(runtime, floats(np.concatenate([silence, tone(4, 0.08)])))
    assert pieces[-1].token % BANDS == 4


def test_a_language_is_passed_to_a_model_that_asks_for_one(tmp_path: Path) -> None:
    runtime = loaded(build(tmp_path, ask_language=True))
    samples = floats(tone(4, 0.2))
    english = texts(alone(runtime, samples, "en"))
    assert english == texts(alone(runtime, samples))
    assert english != texts(alone(runtime, samples, "de"))


def test_unknown_tokens_are_left_out(tmp_path: Path) -> None:
    build(tmp_path)
    tokens = (tmp_path / "tokens.txt").read_text(encoding="utf-8")
    for unknown in (TOKENS[3], TOKENS[3 + BANDS]):
        tokens = tokens.replace(f"{unknown} ", "<unk> ")
    (tmp_path / "tokens.txt").write_text(tokens, encoding="utf-8")
    samples = floats(np.concatenate([tone(2, 0.16), tone(3, 0.32), tone(5, 0.16)]))
    pieces = alone(loaded(tmp_path), samples)
    assert {piece.token % BANDS for piece in pieces} == {2, 5}
    assert pieces[0].logprob is not None


def test_work_that_makes_no_sense_is_refused(runtime: Sherpa) -> None:
    handle = runtime.open(None)
    with pytest.raises(EngineFailed, match="100 samples"):
        runtime.step([Work(handle=handle, samples=np.zeros(100, np.float32))])
    runtime.step([Work(handle=handle, samples=NOTHING, last=True)])
    with pytest.raises(EngineFailed, match="over"):
        runtime.step([Work(handle=handle, samples=NOTHING, last=True)])
    runtime.drop(handle)
    runtime.drop(handle)
    with pytest.raises(EngineFailed, match="dropped"):
        runtime.step([Work(handle=handle, samples=NOTHING, last=True)])


def test_streams_of_a_step_that_failed_say_why_when_fed_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = loaded(folder)
    work = [
        Work(handle=runtime.open(None), samples=np.zeros(2_560, np.float32), last=n == 2)
        for n in range(3)
    ]
    others = Work(handle=runtime.open(None), samples=np.zeros(2_560, np.float32))
    with monkeypatch.context() as library:
        library.setattr(type(runtime._recogniser), "decode_streams", out_of_memory)
        with pytest.raises(EngineFailed, match="no memory"):
            runtime.step(work)
    for item in work:
        with pytest.raises(EngineFailed, match="no memory"):
            runtime.step([item])
    assert len(runtime.step([others])) == 1


def out_of_memory(recogniser: object, streams: object) -> None:
    raise RuntimeError("no memory")


def test_no_more_streams_are_open_than_agreed(folder: Path) -> None:
    runtime = loaded(folder, max_streams=2)
    first = runtime.open(None)
    runtime.open(None)
    with pytest.raises(EngineFailed, match="no room"):
        runtime.open(None)
    runtime.drop(first)
    runtime.open(None)


def cut(name: str, share: float) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(len(data) * share)])

    return change


def missing(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def with_property(key: str, value: str | None) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        model = onnx.load(folder / "encoder.onnx")
        properties = {entry.key: entry.value for entry in model.metadata_props}
        del model.metadata_props[:]
        helper.set_model_props(
            model, {k: v for k, v in {**properties, key: value}.items() if v is not None}
        )
        onnx.save(model, folder / "encoder.onnx")

    return change


def with_tokens(text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "tokens.txt").write_text(text, encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (missing("encoder.onnx"), "encoder"),
        (missing("joiner.onnx"), "joiner"),
        (missing("tokens.txt"), "tokens.txt"),
        (cut("encoder.onnx", 0), "encoder.onnx"),
        (cut("encoder.onnx", 0.5), "encoder.onnx.*cut short"),
        (cut("encoder.onnx", 0.99), "encoder.onnx"),
        (cut("decoder.onnx", 0.5), "decoder.onnx"),
        (cut("joiner.onnx", 0.9), "joiner.onnx"),
        (with_property("chunk_shift", None), "chunk_shift"),
        (with_property("cache_last_time_dim2", "-3"), "cache_last_time_dim2"),
        (with_property("window_size", "many"), "window_size"),
        (with_property("window_size", "3"), "window_size"),
        (with_tokens("▁a 0\nb 1\n"), "tokens.txt"),
        (with_tokens("a b 0\n"), "tokens.txt"),
        (with_tokens("".join(f"t{n} {n}\n" for n in range(17))), "<blk>"),
        (with_tokens("\0\n"), "tokens.txt"),
    ],
)
def test_a_folder_that_is_no_model_is_refused_by_name(
    tmp_path: Path, damage: Callable[[Path], None], named: str
) -> None:
    build(tmp_path)
    damage(tmp_path)
    with pytest.raises(EngineFailed, match=named):
        Sherpa(tmp_path, threads=1, max_streams=1).load()


def test_the_smaller_weights_are_taken_where_both_are_there(tmp_path: Path) -> None:
    build(tmp_path, chunk_frames=7)
    for name in ("encoder", "decoder", "joiner"):
        (tmp_path / f"{name}.onnx").rename(tmp_path / f"{name}.int8.onnx")
    (tmp_path / "encoder.onnx").write_bytes(b"not this one")
    assert loaded(tmp_path).chunk_s == 0.56


def test_a_missing_package_is_named_with_its_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sherpa_onnx", None)
    with pytest.raises(EngineFailed, match="stt-sherpa"):
        Sherpa(folder, threads=1, max_streams=1).load()


def test_a_gpu_that_the_library_would_not_use_is_refused(folder: Path) -> None:
    with pytest.raises(EngineFailed, match="no CUDA"):
        Sherpa(folder, threads=1, max_streams=1, provider="cuda").load()
