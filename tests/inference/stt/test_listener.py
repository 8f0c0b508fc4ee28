"""Speech is found in a stream, its silence left out, its pauses told, its end decided."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from inference.audio import RATE_HZ, Pcm
from inference.stt.listener import Listener, ServerVad
from tests.speech import speak


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
    ear.hear(silence(0.5), SPEECH, silence(0.2))
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
