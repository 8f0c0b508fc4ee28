"""Kokoro on torch as an engine: loading, sound, marks, speed, stopping, damage."""

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.model_status import EngineFailed
from inference.tts import kokoro
from inference.tts.engine import SAMPLE_RATE_HZ, Mark, Samples, Voice
from inference.tts.kokoro import Kokoro
from tests.fakes.kokoro_torch_model import VOICES

SENTENCE = "Hello there, this is the sound of a tiny network."
WORDS = ["Hello", "there", "this", "is", "the", "sound", "of", "a", "tiny", "network"]
FRAME = 600  # samples


class Listener:
    """A sink that keeps what it is given. `looks`: how often it says that it is wanted."""

    def __init__(self, looks: float = float("inf")) -> None:
        self.heard: list[Samples] = []
        self.marks: list[Mark] = []
        self.looked = 0
        self._looks = looks

    @property
    def wanted(self) -> bool:
        self.looked += 1
        return self.looked <= self._looks

    def push(self, samples: Samples) -> None:
        self.heard.append(samples)

    def mark(self, mark: Mark) -> None:
        self.marks.append(mark)

    @property
    def sound(self) -> Samples:
        return np.concatenate(self.heard)


@pytest.fixture
def no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kokoro hisses by chance; without it, the same phrase is the same sound."""
    monkeypatch.setattr(torch, "rand", torch.zeros)
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)


def voice_of(engine: Kokoro, voice_id: str) -> Voice:
    voice = engine.find_voice(voice_id)
    assert voice is not None
    return voice


def heard(
    engine: Kokoro, phrase: str = SENTENCE, voice_id: str = "alloy", speed: float = 1.0
) -> Listener:
    sink = Listener()
    engine.synthesize(phrase, voice_of(engine, voice_id), speed, sink)
    return sink


def seconds(sink: Listener) -> float:
    return sink.sound.size / SAMPLE_RATE_HZ


def alike(one: Samples, other: Samples) -> bool:
    """The same but for rounding, which random weights make much of."""
    return one.size == other.size and np.corrcoef(one, other)[0, 1] > 0.999


@contextmanager
def layers_run(engine: Kokoro) -> Iterator[Callable[[], int]]:
    """How many layers have run so far, inside."""
    network = engine._network
    assert network is not None
    count = 0

    def add(*_: object) -> None:
        nonlocal count
        count += 1

    hooks = [m.register_forward_hook(add) for m in vars(network)["_network"].modules()]
    yield lambda: count
    for hook in hooks:
        hook.remove()


def test_it_speaks_with_every_voice_of_its_folder(engine: Kokoro) -> None:
    sounds = [heard(engine, voice_id=name).sound for name in VOICES]
    assert all(sound.dtype == np.float32 and np.isfinite(sound).all() for sound in sounds)
    assert all(2.0 < sound.size / SAMPLE_RATE_HZ < 6.0 for sound in sounds)
    assert not any(np.array_equal(a, b) for a, b in pairwise(sounds) if a.size == b.size)


def test_the_catalogue_is_what_the_folder_has(engine: Kokoro) -> None:
    assert {voice.id for voice in engine.voices()[13:]} == set(VOICES)
    assert {voice.language for voice in engine.voices()} == {"en-us", "en-gb", "fr-fr"}


def test_a_blend_is_another_voice(engine: Kokoro) -> None:
    blend = heard(engine, voice_id="af_bella+am_adam(0.3)").sound
    assert not np.array_equal(blend, heard(engine, voice_id="af_bella").sound)


def test_marks_are_at_whole_frames_inside_the_sound(engine: Kokoro) -> None:
    sink = heard(engine)
    assert [SENTENCE[mark.start : mark.end] for mark in sink.marks] == WORDS
    assert all(0 < mark.started_at_s < mark.ended_at_s for mark in sink.marks)
    assert all(a.ended_at_s <= b.started_at_s + 1e-6 for a, b in pairwise(sink.marks))
    assert sink.marks[-1].ended_at_s < seconds(sink)
    frames = [mark.started_at_s * SAMPLE_RATE_HZ / FRAME for mark in sink.marks]
    assert np.allclose(frames, np.round(frames), atol=1e-3)


@pytest.mark.parametrize(("speed", "length"), [(0.25, 4.0), (0.5, 2.0), (2.0, 0.5), (4.0, 0.25)])
def test_speed_changes_the_length(engine: Kokoro, speed: float, length: float) -> None:
    sink = heard(engine, speed=speed)
    assert seconds(sink) / seconds(heard(engine)) == pytest.approx(length, rel=0.4)
    assert sink.marks[-1].ended_at_s <= seconds(sink) + 0.05


def test_a_phrase_beyond_the_context_is_said_whole_in_parts(engine: Kokoro) -> None:
    sink = heard(engine, "wonderful things happened yesterday, " * 40)
    assert len(sink.heard) > 1
    assert len(sink.marks) == 40 * 4
    assert all(a.started_at_s <= b.started_at_s for a, b in pairwise(sink.marks))


def test_what_has_no_sound_makes_none(engine: Kokoro) -> None:
    assert heard(engine, "…").heard == []


def test_a_phrase_is_stopped_at_every_layer(engine: Kokoro) -> None:
    with layers_run(engine) as run:
        heard(engine)
        whole = run()
        assert whole > 100
        for share in (0.1, 0.5, 0.9):
            before = run()
            sink = Listener(looks=int(whole * share))
            engine.synthesize(SENTENCE, voice_of(engine, "alloy"), 1.0, sink)
            assert sink.heard == []
            assert sink.marks == []
            assert run() - before < whole * share
    assert heard(engine).heard  # it serves the next one


@pytest.mark.usefixtures("no_chance")
def test_long_convolutions_are_stopped_in_their_midst(
    folder: Path, engine: Kokoro, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = heard(engine)
    monkeypatch.setattr(kokoro, "STRETCH", 200_000)
    with Kokoro(model="kokoro-82m", folder=folder, device="cpu", threads=2) as other:
        sink = heard(other)
        assert sink.looked > whole.looked * 2
        assert alike(sink.sound, whole.sound)
        stopped = Listener(looks=sink.looked - 10)
        other.synthesize(SENTENCE, voice_of(other, "alloy"), 1.0, stopped)
        assert stopped.heard == []


@pytest.mark.usefixtures("no_chance")
def test_two_phrases_at_once_do_not_disturb_each_other(engine: Kokoro) -> None:
    assert engine.concurrency == 2
    phrases = ["Hello there.", "Something else is said here.", "One, two, three.", "Les enfants."]
    alone = [heard(engine, phrase).sound for phrase in phrases]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda phrase: heard(engine, phrase).sound, phrases * 3))
    for one, other in zip(alone * 3, together, strict=True):
        assert alike(one, other)


@pytest.mark.usefixtures("no_chance")
def test_stopping_one_leaves_the_other_alone(engine: Kokoro) -> None:
    whole = heard(engine).sound
    voice = voice_of(engine, "alloy")
    kept, stopping = Listener(), threading.Event()

    def stop_again_and_again() -> int:
        done = 0
        while not stopping.is_set():
            sink = Listener(looks=50)
            engine.synthesize(SENTENCE, voice, 1.0, sink)
            assert sink.heard == []
            done += 1
        return done

    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(stop_again_and_again)
        for _ in range(3):
            engine.synthesize(SENTENCE, voice, 1.0, kept)
        stopping.set()
        assert others.result(timeout=30) > 0
    assert all(alike(sound, whole) for sound in kept.heard)


def test_loading_and_speaking_print_nothing_and_ask_no_hub(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("the hub was asked")

    monkeypatch.setattr("socket.socket.connect", no_network)
    with Kokoro(model="kokoro-82m", folder=folder, device="cpu", threads=1) as engine:
        assert heard(engine).heard
    printed = capfd.readouterr()
    told = [line for line in printed.err.splitlines() if "[info" not in line]
    assert told == []
    assert "Hello" not in printed.out + printed.err


def test_a_device_that_is_not_here_is_refused(folder: Path) -> None:
    missing = "mps" if torch.cuda.is_available() else "cuda"
    with pytest.raises(EngineFailed, match=f"no device {missing}"):
        Kokoro(model="kokoro-82m", folder=folder, device=missing, threads=0).__enter__()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "kokoro-v1_0.pth").unlink(), "no .pth file"),
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: shutil.rmtree(folder / "voices"), "no voices"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json is damaged"),
        (lambda folder: (folder / "config.json").write_text("{}"), "config.json is damaged"),
        (lambda folder: (folder / "kokoro-v1_0.pth").write_bytes(b"x"), "v1_0.pth or .* damaged"),
        (lambda folder: _cut(folder / "kokoro-v1_0.pth"), "v1_0.pth or .* damaged"),
        (lambda folder: torch.save({}, folder / "kokoro-v1_0.pth"), "another network"),
        (lambda folder: _renamed(folder / "kokoro-v1_0.pth"), "another network"),
        (lambda folder: _cut(folder / "voices" / "af_bella.pt"), "af_bella is damaged"),
        (
            lambda folder: torch.save(torch.ones(5), folder / "voices" / "af_bella.pt"),
            "af_bella is damaged",
        ),
    ],
)
def test_a_damaged_folder_is_refused_in_a_sentence(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    shutil.copytree(folder, tmp_path / "kokoro")
    spoil(tmp_path / "kokoro")
    engine = Kokoro(model="kokoro-82m", folder=tmp_path / "kokoro", device="cpu", threads=0)
    with pytest.raises(EngineFailed, match=message):
        engine.__enter__()


@pytest.mark.usefixtures("no_chance")
def test_weights_saved_from_a_parallel_module_load_too(
    folder: Path, tmp_path: Path, engine: Kokoro
) -> None:
    """As the published file is: every name begins with `module.`."""
    shutil.copytree(folder, tmp_path / "kokoro")
    path = tmp_path / "kokoro" / "kokoro-v1_0.pth"
    parts = torch.load(path, weights_only=True)
    torch.save(
        {part: {f"module.{k}": v for k, v in names.items()} for part, names in parts.items()}, path
    )
    with Kokoro(
        model="kokoro-82m", folder=tmp_path / "kokoro", device="cpu", threads=2
    ) as parallel:
        assert alike(heard(parallel).sound, heard(engine).sound)


def _cut(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _renamed(path: Path) -> None:
    parts = torch.load(path, weights_only=True)
    torch.save(
        {part: {f"x{k}": v for k, v in names.items()} for part, names in parts.items()}, path
    )
