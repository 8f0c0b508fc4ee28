"""Lines as sound: always there, in the best voice there is, level and without clicks."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from livekit import rtc
from numpy.typing import NDArray

from chassis.http import AsyncClient, pooled_client
from chassis.metrics import Metrics
from livekit_agent.clip_maker import ClipMaker
from livekit_agent.clips import Clips, is_usable
from livekit_agent.lines import LineKey, clip_file, listing
from livekit_agent.settings import AgentSettings
from tests.livekit_agent.speech_server import SpeechServer, speech_server
from tests.processes import ROOT, running

WITHIN_S = 30.0


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The standby's clips, by the two commands of the build."""
    folder = tmp_path_factory.mktemp("clips")
    subprocess.run(
        [sys.executable, "-m", "inference.tts.render_lines", "--out", str(folder)],
        input=json.dumps(listing()).encode(),
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    return folder


def clips_in(built: Path, data: Path, tts_url: str = "http://tts/v1") -> Clips:
    return Clips(AgentSettings(clips_dir=built, data_dir=data, tts_url=tts_url))


@pytest.fixture
def clips(built: Path, tmp_path: Path) -> Clips:
    return clips_in(built, tmp_path)


def sound_of(frames: list[rtc.AudioFrame]) -> NDArray[np.float64]:
    return np.concatenate([np.frombuffer(frame.data, "<i2") for frame in frames]) / 32_767


def loudness(sound: NDArray[np.float64]) -> float:
    power = np.sort((sound.reshape(-1, 480) ** 2).mean(axis=1))
    return float(np.sqrt(power[power.size // 2 :].mean()))


def tone(hz: float, level: float = 0.1, seconds: float = 1.0) -> bytes:
    at_s = np.arange(int(seconds * 24_000)) / 24_000
    return (np.sin(2 * np.pi * hz * at_s) * level * 32_767).astype("<i2").tobytes()


def put(path: Path, pcm: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pcm)


def pitch(frames: list[rtc.AudioFrame]) -> float:
    sound = sound_of(frames)
    return float(np.abs(np.fft.rfft(sound)).argmax() * 24_000 / sound.size)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("key", get_args(LineKey))
def test_every_line_is_speech_in_whole_frames(clips: Clips, key: LineKey, language: str) -> None:
    frames = clips.frames(key, "alloy", language)
    assert {(f.sample_rate, f.num_channels, f.samples_per_channel) for f in frames} == {
        (24_000, 1, 480)
    }
    sound = sound_of(frames)
    assert 0.5 < sound.size / 24_000 < 10
    assert loudness(sound) == pytest.approx(0.13, rel=0.15)
    assert np.abs(sound).max() < 0.95
    assert abs(sound[0]) < 0.01
    assert abs(sound[-1]) < 0.01


def test_the_voice_asked_for_comes_first(clips: Clips) -> None:
    standby = clips.frames("searching", "nova", "en")
    put(clips.path("searching", "nova", "en"), tone(440))
    assert pitch(clips.frames("searching", "nova", "en")) == pytest.approx(440, abs=2)
    assert len(clips.frames("searching", "alloy", "en")) == len(standby)


def test_the_right_language_in_another_voice_beats_english_in_this_one(clips: Clips) -> None:
    put(clips.path("searching", "nova", "en"), tone(440))
    french = clips.frames("searching", "nova", "fr")
    assert len(french) == len(clips.frames("searching", "alloy", "fr"))


def test_an_unknown_language_is_answered_in_english(clips: Clips) -> None:
    put(clips.path("searching", "nova", "en"), tone(440))
    assert pitch(clips.frames("searching", "nova", "sw-KE")) == pytest.approx(440, abs=2)


def test_the_same_voice_of_another_engine_is_another_voice(built: Path, tmp_path: Path) -> None:
    one = clips_in(built, tmp_path)
    two = clips_in(built, tmp_path, tts_url="http://other/v1")
    assert one.path("searching", "nova", "en") != two.path("searching", "nova", "en")


def test_a_voice_id_cannot_lead_out_of_the_folder(clips: Clips, tmp_path: Path) -> None:
    assert clips.path("searching", "../../etc/passwd", "../..").is_relative_to(tmp_path / "clips")
    assert ".." not in str(clips.path("searching", "../../etc/passwd", "../.."))


@pytest.mark.parametrize("level", [0.005, 0.05, 0.9])
def test_quiet_and_loud_voices_are_heard_alike(clips: Clips, level: float) -> None:
    put(clips.path("searching", "nova", "en"), tone(440, level))
    heard = loudness(sound_of(clips.frames("searching", "nova", "en")))
    assert 0.02 < heard < 0.15
    if level >= 0.05:
        assert heard == pytest.approx(0.13, rel=0.1)


def test_a_sound_that_breaks_off_loud_fades_within_5_ms(clips: Clips) -> None:
    put(clips.path("searching", "nova", "en"), tone(440.25, seconds=1.0))
    sound = sound_of(clips.frames("searching", "nova", "en"))
    assert np.abs(np.diff(sound)).max() < 0.05
    assert np.abs(sound[200:-200]).max() > 0.1


@pytest.mark.parametrize(
    "pcm",
    [b"", b"\0", tone(440)[:-1], tone(440, seconds=0.1), bytes(48_000), bytes(24_000 * 2 * 40)],
    ids=["empty", "one byte", "half a sample", "too short", "silent", "too long"],
)
def test_a_corrupt_file_gives_way_to_the_next_best(clips: Clips, pcm: bytes) -> None:
    assert not is_usable(pcm)
    put(clips.path("searching", "nova", "en"), pcm)
    standby = clips.frames("searching", "alloy", "en")
    assert len(clips.frames("searching", "nova", "en")) == len(standby)


def test_a_folder_in_the_place_of_a_file_gives_way_too(clips: Clips) -> None:
    clips.path("searching", "nova", "en").mkdir(parents=True)
    assert clips.frames("searching", "nova", "en")


def test_a_missing_build_still_gives_sound(tmp_path: Path) -> None:
    clips = clips_in(tmp_path / "none", tmp_path / "data")
    sound = sound_of(clips.frames("must_end", "nova", "fr"))
    assert 0.2 < sound.size / 24_000 < 1
    assert loudness(sound) > 0.05
    assert abs(sound[0]) + abs(sound[-1]) < 0.01


def test_a_clip_once_heard_survives_its_file(clips: Clips) -> None:
    path = clips.path("searching", "nova", "en")
    put(path, tone(440))
    clips.frames("searching", "nova", "en").clear()  # the caller's own list
    path.unlink()
    assert pitch(clips.frames("searching", "nova", "en")) == pytest.approx(440, abs=2)


# --- rendering other voices


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    with speech_server() as server:
        yield server


@asynccontextmanager
async def making(clips: Clips, server: SpeechServer) -> AsyncIterator[ClipMaker]:
    settings = AgentSettings(tts_url=f"{server.url}/v1", tts_model="tts-1")
    http: AsyncClient = pooled_client(metrics=Metrics("test_clips"))
    async with http, ClipMaker(clips, http, settings) as maker:
        yield maker


async def _done(maker: ClipMaker) -> None:
    async with asyncio.timeout(WITHIN_S):
        await maker.done()


async def test_the_lines_are_rendered_once_at_low_priority(
    clips: Clips, server: SpeechServer
) -> None:
    server.pcm = tone(440)
    async with making(clips, server) as maker:
        maker.want("nova", "fr-FR")
        maker.want("nova", "fr")
        maker.want("nova", "en")
        await _done(maker)
    assert len(server.bodies) == 2 * len(get_args(LineKey))
    body: dict[str, Any] = server.bodies[0]
    assert (body["voice"], body["language"], body["response_format"]) == ("nova", "fr", "pcm")
    assert "language" not in server.bodies[-1]  # English is what is configured: the voice's own
    assert set(server.priorities) == {"batch"}
    assert pitch(clips.frames("must_end", "nova", "fr")) == pytest.approx(440, abs=2)
    async with making(clips, server) as maker:
        maker.want("nova", "fr")
        await _done(maker)
    assert len(server.bodies) == 2 * len(get_args(LineKey))
    assert not list(clips.path("must_end", "nova", "fr").parent.glob("*.part"))


async def test_a_dead_server_is_waited_for(
    clips: Clips, server: SpeechServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livekit_agent.clip_maker.FIRST_RETRY_S", 0.01)
    server.pcm = tone(440)
    server.answers = [503, 429, 500]
    async with making(clips, server) as maker:
        maker.want("nova", "en")
        await _done(maker)
    assert clips.path("searching", "nova", "en").is_file()


async def test_what_is_no_speech_is_asked_for_again(
    clips: Clips, server: SpeechServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livekit_agent.clip_maker.FIRST_RETRY_S", 0.01)
    server.pcm = tone(440)
    server.sounds = [b"", b"<html>a proxy's page</html>", bytes(48_000)]
    async with making(clips, server) as maker:
        maker.want("nova", "en")
        await _done(maker)
    assert is_usable(clips.path("searching", "nova", "en").read_bytes())


async def test_a_language_the_voice_refuses_leaves_the_others(
    clips: Clips, server: SpeechServer
) -> None:
    server.pcm = tone(440)
    server.refused_language = "fr"
    async with making(clips, server) as maker:
        maker.want("nova", "fr")
        await _done(maker)
    assert not clips.path("searching", "nova", "fr").exists()
    assert clips.path("searching", "nova", "en").is_file()


async def test_clips_of_an_engine_that_stood_in_are_rendered_anew(
    clips: Clips, server: SpeechServer, tmp_path: Path
) -> None:
    for model, hz in (("espeak-ng", 300.0), ("kokoro", 500.0)):
        server.model, server.pcm = model, tone(hz)
        async with making(clips, server) as maker:
            maker.want("nova", "en")
            await _done(maker)
    fresh = clips_in(tmp_path, tmp_path)
    assert pitch(fresh.frames("searching", "nova", "en")) == pytest.approx(500, abs=2)


async def test_a_model_that_takes_over_speaks_the_lines_anew(
    clips: Clips, server: SpeechServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livekit_agent.clip_maker.FOLLOW_S", 0.05)
    server.model, server.pcm = "espeak-ng", tone(300)
    settings = AgentSettings(tts_url=f"{server.url}/v1", tts_model="tts-1")
    http = pooled_client(metrics=Metrics("test_clips"))
    async with http, ClipMaker(clips, http, settings, follows=True) as maker:
        maker.want("nova", "en")
        await _done(maker)
        asked = len(server.bodies)
        await asyncio.sleep(0.2)  # some looks
        assert len(server.bodies) == asked
        server.model, server.pcm = "kokoro", tone(500)
        async with asyncio.timeout(WITHIN_S):
            while len(server.bodies) < 2 * asked:  # noqa: ASYNC110 - the server has no event
                await asyncio.sleep(0.01)
        await _done(maker)
    fresh = clips_in(tmp_path, tmp_path)
    assert pitch(fresh.frames("searching", "nova", "en")) == pytest.approx(500, abs=2)


async def test_a_disk_that_takes_nothing_ends_no_task(
    built: Path, tmp_path: Path, server: SpeechServer
) -> None:
    (tmp_path / "clips").write_text("in the way")
    clips = clips_in(built, tmp_path)
    server.pcm = tone(440)
    async with making(clips, server) as maker:
        maker.want("nova", "en")
        await _done(maker)
        maker.want("onyx", "en")
        await _done(maker)
    assert clips.frames("searching", "nova", "en")


async def test_leaving_stops_a_render_that_hangs(clips: Clips, server: SpeechServer) -> None:
    server.hangs = True
    async with making(clips, server) as maker:
        maker.want("nova", "en")
        await server.asked()
    assert not clips.path("searching", "nova", "en").exists()


async def test_espeak_renders_it_for_real(clips: Clips) -> None:
    with running("inference.tts", {"TTS_ENGINE": "espeak"}) as url:
        settings = AgentSettings(tts_url=f"{url}/v1")
        http = pooled_client(metrics=Metrics("test_clips_real"))
        async with http, ClipMaker(clips, http, settings) as maker:
            maker.want("onyx", "fr")
            await _done(maker)
    assert clips.path("still_there", "onyx", "fr").is_file()
    assert 0.5 < len(clips.frames("still_there", "onyx", "fr")) / 50 < 5
    assert clip_file("still_there", "fr").name in str(clips.path("still_there", "onyx", "fr"))
