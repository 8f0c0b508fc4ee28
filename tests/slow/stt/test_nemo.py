"""Streaming with NeMo: alone and in company, for hours, broken files, another version of it."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from inference.audio import RATE_HZ, Pcm
from inference.stt.engine import EngineFailed, Hypothesis, Options
from inference.stt.nemo import Nemo
from inference.stt.nemo_pipeline import Frame, Pipeline
from inference.stt.nemotron import Nemotron
from inference.stt.nemotron_runtime import Handle, Piece, Samples, Work
from tests.slow.stt import nemo_models
from tests.slow.stt.conftest import sound

MIB = 1024 * 1024


def runtime(
    tiny: Path,
    *,
    chunk_ms: int = 160,
    max_streams: int = 8,
    device: str = "cpu",
    precision: str = "float32",
) -> Nemo:
    return Nemo(
        tiny,
        chunk_ms=chunk_ms,
        max_streams=max_streams,
        device=device,
        precision=precision,
        threads=1,
    )


def engine(nemo: Nemo, *, max_batch: int = 16, batches: list[int] | None = None) -> Nemotron:
    seen = [] if batches is None else batches
    return Nemotron(
        model="tiny",
        runtime=nemo,
        max_batch=max_batch,
        on_step=lambda streams, waited_s, took_s: seen.append(streams),
    )


def samples_of(pcm: Pcm) -> Samples:
    return pcm.astype(np.float32) / np.float32(32_768)


@dataclass
class Reader:
    """A stream of `nemo` that reads a sound, chunk by chunk."""

    nemo: Nemo
    rest: Samples
    handle: Handle
    pieces: list[Piece] = field(default_factory=list)
    over: bool = False

    def next_work(self) -> Work:
        chunk = round(self.nemo.chunk_s * RATE_HZ)
        piece, self.rest = self.rest[:chunk], self.rest[chunk:]
        self.over = not len(self.rest)
        return Work(handle=self.handle, samples=piece, last=self.over)


def reader(nemo: Nemo, pcm: Pcm) -> Reader:
    return Reader(nemo=nemo, rest=samples_of(pcm), handle=nemo.open(None))


def step(nemo: Nemo, readers: Sequence[Reader]) -> None:
    for one, told in zip(readers, nemo.step([r.next_work() for r in readers]), strict=True):
        one.pieces += told.pieces


def read_alone(nemo: Nemo, pcm: Pcm) -> list[Piece]:
    one = reader(nemo, pcm)
    while not one.over:
        step(nemo, [one])
    nemo.drop(one.handle)
    return one.pieces


@pytest.mark.parametrize("chunk_ms", [80, 160, 560, 1120])
def test_streams_that_come_and_go_share_steps_and_write_what_they_write_alone(
    tiny: Path, sounds: list[Pcm], chunk_ms: int
) -> None:
    nemo = runtime(tiny, chunk_ms=chunk_ms)
    nemo.load()
    assert nemo.chunk_s == pytest.approx(chunk_ms / 1000)
    alone = [read_alone(nemo, pcm) for pcm in sounds]
    assert len({"".join(p.text for p in pieces) for pieces in alone}) == len(sounds)

    waiting, tick = list(sounds), 0
    reading: list[Reader] = []
    done: list[Reader] = []
    while waiting or reading:
        if waiting and tick % 2 == 0:
            reading.append(reader(nemo, waiting.pop(0)))
        order = reading[tick % len(reading) :] + reading[: tick % len(reading)]
        step(nemo, order)
        for one in [r for r in reading if r.over]:
            reading.remove(one)
            nemo.drop(one.handle)
            done.append(one)
        tick += 1

    together = sorted(done, key=lambda one: one.handle)
    assert [one.pieces for one in together] == alone
    assert nemo.slots_taken == 0
    nemo.close()


def test_pieces_know_when_they_were_said(tiny: Path, sounds: list[Pcm]) -> None:
    nemo = runtime(tiny)
    nemo.load()
    for pcm in sounds:
        times = [piece.at_s for piece in read_alone(nemo, pcm)]
        assert times == sorted(times)
        assert 0 <= times[0] < times[-1] < len(pcm) / RATE_HZ + 0.5
    nemo.close()


def test_live_streams_of_many_threads_write_the_same_with_and_without_batching(
    tiny: Path, sounds: list[Pcm]
) -> None:
    def write(max_batch: int) -> tuple[list[str], list[int]]:
        texts, batches = [""] * len(sounds), list[int]()
        start = threading.Barrier(len(sounds))

        def speak(index: int) -> None:
            stream = recogniser.open_stream(Options())
            start.wait(timeout=30)
            for at in range(0, len(sounds[index]), 1_000):
                stream.push(sounds[index][at : at + 1_000])
            texts[index] = stream.finish().text

        with engine(
            runtime(tiny, max_streams=16), max_batch=max_batch, batches=batches
        ) as recogniser:
            threads = [threading.Thread(target=speak, args=(n,)) for n in range(len(sounds))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=60)
        return texts, batches

    alone, steps = write(max_batch=1)
    together, fewer = write(max_batch=16)
    assert set(steps) == {1}
    assert max(fewer) > 1
    assert all(alone)
    assert together == alone


def test_files_are_read_side_by_side(tiny: Path, sounds: list[Pcm]) -> None:
    batches: list[int] = []
    with engine(runtime(tiny, max_streams=16), batches=batches) as recogniser:
        together = recogniser.transcribe(sounds, Options())
        assert max(batches) == len(sounds)
        alone = [recogniser.transcribe([pcm], Options())[0] for pcm in sounds]
    assert together == alone
    for transcript, pcm in zip(alone, sounds, strict=True):
        assert transcript.words
        assert transcript.confidence is None
        assert transcript.words[-1].ended_at_s <= len(pcm) / RATE_HZ


def test_no_slot_is_lost_when_speakers_vanish(tiny: Path) -> None:
    nemo = runtime(tiny, max_streams=4)
    nemo.load()
    chunk = np.zeros(round(nemo.chunk_s * RATE_HZ), np.float32)
    for visit in range(40):
        handle = nemo.open(None)
        for _ in range(visit % 3):  # some vanish before they say a word
            nemo.step([Work(handle=handle, samples=chunk)])
        if visit % 4 == 0:
            nemo.step([Work(handle=handle, samples=chunk[:100], last=True)])
        nemo.drop(handle)
        nemo.drop(handle)
    assert nemo.slots_taken == 0
    handles = [nemo.open(None) for _ in range(4)]
    nemo.step([Work(handle=handle, samples=chunk) for handle in handles])
    assert nemo.slots_taken == 4
    with pytest.raises(EngineFailed, match="4 streams are open"):
        nemo.open(None)
    nemo.close()


def test_a_slot_remembers_nothing_of_who_had_it_before(tiny: Path, sounds: list[Pcm]) -> None:
    nemo = runtime(tiny, max_streams=1)
    nemo.load()
    fresh = read_alone(nemo, sounds[0])
    vanished = reader(nemo, sounds[1])
    for _ in range(5):
        step(nemo, [vanished])
    nemo.drop(vanished.handle)
    assert read_alone(nemo, sounds[0]) == fresh
    nemo.close()


def test_a_long_sound_takes_no_more_memory_than_a_short_one(tiny: Path) -> None:
    process = psutil.Process()
    minute = sound(1, 60.0)
    with engine(runtime(tiny, chunk_ms=1120)) as recogniser:
        stream = recogniser.open_stream(Options())
        heard = Hypothesis()
        after_bytes = []
        for _ in range(10):
            heard = stream.push(minute)
            after_bytes.append(process.memory_info().rss)
        assert len(heard.words) > 600
        assert heard.words[-1].started_at_s > 590
        assert after_bytes[-1] - after_bytes[1] < 10 * MIB


@pytest.mark.parametrize("length", [0, 1, 159, 2_560])
def test_the_shortest_sounds_are_taken(tiny: Path, length: int) -> None:
    with engine(runtime(tiny)) as recogniser:
        assert recogniser.transcribe([np.zeros(length, np.int16)], Options())


def test_eight_bits_write_text_too(tiny: Path, sounds: list[Pcm]) -> None:
    with engine(runtime(tiny, precision="int8")) as recogniser:
        assert all(t.text for t in recogniser.transcribe(sounds, Options()))


def test_a_chunk_the_model_was_not_trained_for_is_refused_with_those_it_has(tmp_path: Path) -> None:
    shape = nemo_models.Shape(contexts=((70, 13), (70, 1)))
    path = nemo_models.save(tmp_path / "two.nemo", shape)
    with pytest.raises(EngineFailed, match=r"no steps of 560 ms: it has 160, 1120"):
        runtime(path, chunk_ms=560).load()


def test_a_model_that_hears_everything_at_once_is_refused(tmp_path: Path) -> None:
    shape = nemo_models.Shape(contexts=((-1, -1),), style="regular")
    path = nemo_models.save(tmp_path / "whole.nemo", shape)
    with pytest.raises(EngineFailed, match="not for streaming"):
        runtime(path).load()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_file_cut_short_is_refused_by_name(tiny: Path, tmp_path: Path, share: float) -> None:
    whole = tiny.read_bytes()
    broken = tmp_path / "broken.nemo"
    broken.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(EngineFailed, match=r"broken\.nemo cannot be restored"):
        runtime(broken).load()


def test_files_that_are_no_model_are_refused_by_name(tmp_path: Path) -> None:
    text = tmp_path / "text.nemo"
    text.write_text("this is no model" * 1000)
    with pytest.raises(EngineFailed, match=r"text\.nemo cannot be restored"):
        runtime(text).load()
    with pytest.raises(EngineFailed, match=r"there is no file .*absent\.nemo"):
        runtime(tmp_path / "absent.nemo").load()


def test_what_the_device_cannot_do_is_refused_by_name(tiny: Path) -> None:
    with pytest.raises(EngineFailed, match="bfloat16 on cpu: NeMo runs there in int8, float32"):
        runtime(tiny, precision="bfloat16").load()
    if not torch.cuda.is_available():
        with pytest.raises(EngineFailed, match="no cuda device"):
            runtime(tiny, device="cuda").load()


def test_wrong_feeding_is_refused_and_stays_refused(tiny: Path) -> None:
    nemo = runtime(tiny)
    with pytest.raises(EngineFailed, match="not loaded"):
        nemo.open(None)
    nemo.load()
    chunk = np.zeros(round(nemo.chunk_s * RATE_HZ), np.float32)
    handle = nemo.open(None)
    for wrong in (chunk[:-1], np.zeros(len(chunk) + 1, np.float32)):
        with pytest.raises(EngineFailed, match="a chunk has"):
            nemo.step([Work(handle=handle, samples=wrong)])
    nemo.step([Work(handle=handle, samples=chunk, last=True)])
    with pytest.raises(EngineFailed, match="over"):
        nemo.step([Work(handle=handle, samples=chunk)])
    nemo.close()


def test_a_failed_step_fails_its_streams_and_no_others(tiny: Path, sounds: list[Pcm]) -> None:
    nemo = runtime(tiny, max_streams=3)
    nemo.load()
    expected = read_alone(nemo, sounds[0])
    well, ill = reader(nemo, sounds[0]), reader(nemo, sounds[1])
    step(nemo, [well])
    wrong = Work(handle=ill.handle, samples=np.zeros((2_560, 2), np.float32))
    for _ in range(2):
        with pytest.raises(EngineFailed):
            nemo.step([wrong])
    nemo.drop(ill.handle)
    while not well.over:
        step(nemo, [well])
    nemo.drop(well.handle)
    assert well.pieces == expected
    assert nemo.slots_taken == 0
    nemo.close()


def library_like(**changes: Any) -> SimpleNamespace:
    """Something with the parts of NeMo's pipeline that are used."""
    state = SimpleNamespace(tokens=[1], timesteps=[2], cleanup_after_eou=lambda: None)
    slots: dict[str, Any] = {"streamidx2slotidx": {}, "reset_slots": None, "free_slots": None}
    parts = {
        "transcribe_step": lambda requests: [],
        "get_state": lambda stream: state,
        "delete_state": lambda stream: None,
        "vocabulary": ["a", "b"],
        "chunk_size_in_secs": 0.16,
        "model_stride_in_secs": 0.08,
        "prompt_enabled": False,
        "context_manager": SimpleNamespace(**slots),
        "bufferer": SimpleNamespace(**slots),
    }
    return SimpleNamespace(**parts | changes)


FRAME = Frame(stream=1, samples=np.zeros(2_560, np.float32), first=True)


def test_a_pipeline_without_a_part_that_is_used_is_refused_with_its_version() -> None:
    for part in ("get_state", "vocabulary", "bufferer"):
        library = library_like()
        delattr(library, part)
        with pytest.raises(EngineFailed, match=rf"NeMo 9\.9\.9 .* has no {part}"):
            Pipeline(library, "9.9.9")
    with pytest.raises(EngineFailed, match=r"has no context_manager\.reset_slots"):
        Pipeline(library_like(context_manager=SimpleNamespace(streamidx2slotidx={})), "9.9.9")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"timesteps": None}, "has no timesteps"),
        ({"timesteps": [1, 2]}, "1 tokens with 2 times"),
        ({"tokens": ["a"]}, "token 'a'"),
        ({"tokens": [2]}, "token 2"),
        ({"timesteps": [0.5]}, r"at 0\.5"),
    ],
)
def test_text_in_another_shape_is_refused_with_the_version(
    changed: dict[str, Any], told: str
) -> None:
    shape = {"tokens": [1], "timesteps": [2], "cleanup_after_eou": lambda: None} | changed
    state = SimpleNamespace(**{name: part for name, part in shape.items() if part is not None})
    pipeline = Pipeline(library_like(get_state=lambda stream: state), "9.9.9")
    with pytest.raises(EngineFailed, match=rf"NeMo 9\.9\.9 is not as known here: .*{told}"):
        pipeline.step([FRAME])


LOADS_QUIETLY = """
import socket, sys
from pathlib import Path

def refuse(self, address):
    if self.family != socket.AF_UNIX:
        sys.exit(f"it called {address}")

socket.socket.connect = socket.socket.connect_ex = refuse
from inference.stt.nemo import Nemo

nemo = Nemo(Path(sys.argv[1]), chunk_ms=160, max_streams=2, device="cpu")
nemo.load()
nemo.close()
"""


def test_loading_says_nothing_and_calls_nobody(tiny: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADS_QUIETLY, str(tiny)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
