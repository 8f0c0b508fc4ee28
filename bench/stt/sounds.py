"""What is said to the servers: flite's sentences, short and long, and sound files of them."""

import numpy as np

from tests.speech import RATE_HZ, Pcm, speak, trimmed, wav_bytes

SENTENCES = (
    "what time is it",
    "set a timer for five minutes",
    "what is twelve times seven",
    "how many kilometers are in five miles",
    "what day is it today",
    "how much time is left on my timer",
    "what is one hundred minus nine",
    "flip a coin",
)
VOICES = ("slt", "rms")
GAP_S = 0.2  # between sentences said in one breath
PAUSE_S = 0.8  # between those of a recording: it is cut there


def sentence(number: int) -> Pcm:
    """From its first loud sample to its last."""
    voice = VOICES[number // len(SENTENCES) % len(VOICES)]
    return trimmed(speak(SENTENCES[number % len(SENTENCES)], voice))


def monologue(number: int, seconds: float) -> Pcm:
    """So much speech with no real pause in it, ending in the middle of a word."""
    return _joined(number, seconds, GAP_S)


def recording(seconds: float) -> bytes:
    """A WAV of sentences with pauses."""
    return wav_bytes(_joined(0, seconds, PAUSE_S))


def silence(seconds: float) -> Pcm:
    return np.zeros(int(seconds * RATE_HZ), np.int16)


def _joined(number: int, seconds: float, pause_s: float) -> Pcm:
    pieces: list[Pcm] = []
    samples = 0
    while samples < seconds * RATE_HZ:
        pieces += [sentence(number), silence(pause_s)]
        samples += len(pieces[-2]) + len(pieces[-1])
        number += 1
    return np.concatenate(pieces)[: int(seconds * RATE_HZ)]
