"""Speech is found in a stream, its silence left out, its pauses told, its end decided."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from inference.audio import RATE_HZ, Pcm
from inference.stt.listener import Listener, ServerVad
from tests.speech import speak, trimmed


@dataclass
class Heard:
    """An utterance that only keeps what it is given."""

    started_at_s: float
    pieces: list[Pcm] = field(default_factory=list)
    pauses: int = 0

    def push(self, pcm: Pcm) -> None:
        self.pieces.append(pcm)

    def pause(self) -> None:
        self.pauses += 1

    @property
    def audio_s(self) -> float:
        return sum(map(len, self.pieces)) / RATE_HZ


class Ear:
    """A listener and everything it reported."""

    def __init__(self, vad: ServerVad | None) -> None:
        self.heard: list[Heard] = []
        self.stopped_at_s: list[float] = []
        self.listener = Listener(
            vad=vad, open_utterance=self._open, on_stopped=self.stopped_at_s.append
        )

    def _open(self, started_at_s: float) -> Heard:
        self.heard.append(Heard(started_at_s))
        return self.heard[-1]

    def hear(self, *sounds: Pcm) -> None:
        sound = np.concatenate(sounds)
        for at in range(0, len(sound), 800):
            self.listener.push(sound[at : at + 800])


def silence(seconds: float) -> Pcm:
    return np.zeros(int(seconds * RATE_HZ), np.int16)


SPEECH = speak("what time is it", "rms")


def test_silence_opens_nothing() -> None:
    ear = Ear(ServerVad())
    ear.hear(silence(5))
    assert ear.heard == []


def test_noise_of_the_line_opens_nothing() -> None:
    ear = Ear(ServerVad())
    ear.hear(np.random.default_rng(1).normal(0, 20, RATE_HZ * 3).astype(np.int16))
    assert ear.heard == []


def tone(hz: float) -> Pcm:
    at_s = np.arange(3 * RATE_HZ) / RATE_HZ
    return (3_000 * np.sin(2 * np.pi * hz * at_s)).astype(np.int16)


def clicks() -> Pcm:
    """A single sample now and then, and short bursts of noise between."""
    sound = silence(3)
    sound[4_000::8_000] = 20_000
    for at in range(0, len(sound), 8_000):
        sound[at : at + 320] = np.random.default_rng(at).normal(0, 6_000, 320)
    return sound


SOUNDS: dict[str, Pcm] = {
    "white noise of -30 dBFS": np.random.default_rng(1)
    .normal(0, 1_036, RATE_HZ * 3)
    .astype(np.int16),
    "loud white noise": np.random.default_rng(1).normal(0, 5_000, RATE_HZ * 3).astype(np.int16),
    "clicks": clicks(),
    "a tone of 440 Hz": tone(440),
    "a melody": np.concatenate([tone(hz)[:6_000] for hz in (262, 294, 330, 349, 392, 440)]),
    "a chord": tone(440) // 3 + tone(554) // 3 + tone(659) // 3,
}


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("loudness", [1.0, 0.1])
def test_what_is_not_speech_opens_nothing(name: str, loudness: float) -> None:
    ear = Ear(ServerVad())
    ear.hear((SOUNDS[name] * loudness).astype(np.int16))
    assert ear.heard == []


def test_speech_is_found_through_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 300, len(SPEECH) + 2 * RATE_HZ).astype(np.int16)
    ear = Ear(ServerVad())
    ear.hear(noise + np.concatenate([silence(1), SPEECH, silence(1)]))
    assert len(ear.heard) == 1
    assert len(ear.stopped_at_s) == 1


def test_a_strict_threshold_wants_clearer_speech() -> None:
    lax, strict = Ear(ServerVad(threshold=0.1)), Ear(ServerVad(threshold=0.95))
    for ear in (lax, strict):
        ear.hear(silence(0.5), SPEECH)
    assert strict.listener.now_s == lax.listener.now_s
    assert strict.heard[0].started_at_s > lax.heard[0].started_at_s


@pytest.mark.parametrize("voice", ["slt", "rms"])
def test_speech_is_found_within_a_tenth_of_a_second(voice: str) -> None:
    speech = trimmed(speak("what time is it", voice))
    ear = Ear(ServerVad())
    ear.hear(silence(1), speech[: RATE_HZ // 10])
    ear.hear(speech[RATE_HZ // 10 : RATE_HZ // 10 + 512])
    assert len(ear.heard) == 1


@pytest.mark.parametrize("loudness", [1.0, 0.1, 0.03])
def test_server_vad_finds_start_and_end(loudness: float) -> None:
    ear = Ear(ServerVad(silence_s=0.35))
    ear.hear(silence(2), (SPEECH * loudness).astype(np.int16), silence(1))
    assert len(ear.heard) == 1
    assert 1.5 < ear.heard[0].started_at_s < 2.4
    assert len(ear.stopped_at_s) == 1
    end_s = 2 + len(SPEECH) / RATE_HZ
    assert end_s - 0.6 < ear.stopped_at_s[0] < end_s + 0.1


def test_leading_silence_is_left_out() -> None:
    ear = Ear(None)
    ear.hear(silence(30), SPEECH)
    ear.listener.commit()
    assert len(ear.heard) == 1
    assert ear.heard[0].audio_s < len(SPEECH) / RATE_HZ + 0.8


def test_two_utterances_need_a_pause_between_them() -> None:
    ear = Ear(ServerVad(silence_s=0.5))
    ear.hear(silence(0.5), SPEECH, silence(1), SPEECH, silence(1))
    assert len(ear.heard) == 2
    assert len(ear.stopped_at_s) == 2


def test_without_server_vad_the_client_ends_the_utterance() -> None:
    ear = Ear(None)
    ear.hear(silence(0.5), SPEECH, silence(3), SPEECH, silence(3))
    assert len(ear.heard) == 1
    assert ear.stopped_at_s == []
    assert ear.heard[0].pauses == 2
    assert ear.heard[0].audio_s < 2 * len(SPEECH) / RATE_HZ + 1.6
    ear.listener.commit()
    ear.hear(SPEECH)
    assert len(ear.heard) == 2


def test_a_pause_is_told_before_the_utterance_ends() -> None:
    ear = Ear(ServerVad(silence_s=0.5))
    ear.hear(silence(0.5), trimmed(SPEECH), silence(0.25))
    assert ear.heard[0].pauses == 1
    assert ear.stopped_at_s == []


def test_cleared_sound_is_forgotten() -> None:
    ear = Ear(None)
    ear.hear(silence(0.5), SPEECH)
    ear.listener.clear()
    ear.hear(silence(0.5))
    assert len(ear.heard) == 1
    ear.hear(SPEECH)
    assert len(ear.heard) == 2


def test_a_change_of_mode_goes_on_with_what_is_said() -> None:
    ear = Ear(None)
    ear.hear(silence(0.5), SPEECH[: len(SPEECH) // 2])
    ear.listener.configure(ServerVad(silence_s=0.4))
    ear.hear(SPEECH[len(SPEECH) // 2 :], silence(1))
    assert len(ear.heard) == 1
    assert len(ear.stopped_at_s) == 1
