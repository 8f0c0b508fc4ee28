"""The embedded engine hears the assistant's sentences in two voices, through Opus, also quiet."""

from itertools import pairwise

import av
import numpy as np
import pytest
import soxr

from inference.audio import RATE_HZ, Pcm
from inference.stt.engine import Options, Transcript
from inference.stt.pocketsphinx import Pocketsphinx
from tests.speech import speak, trimmed

SENTENCES = """\
what time is it
what is the date today
what day is it
what time is it in tokyo
set a timer for five minutes
set a timer for twenty seconds
set a ten minute timer
set a timer for an hour
cancel the timer
how much time is left
what is twelve times seven
what is forty five divided by nine
how much is twenty five plus thirty
what is twenty percent of fifty
convert five miles to kilometers
how many grams are in three ounces
what is twenty fahrenheit in celsius
flip a coin
roll two dice
what can you do
remember that my keys are in the kitchen
remember to buy milk
where are my keys
what are my notes
say that again
thank you""".splitlines()
OTHERS = """\
i think we should go to the restaurant
who won the football game last night
what is the weather like tomorrow
remember that i parked near the old church
remember to water the plants in the garden""".splitlines()
VOICES = ("slt", "rms")
QUIET_S = 0.3
STEP = RATE_HZ // 20  # 50 ms, as LiveKit's plugin sends
# Said differently, meant alike.
SAME = (("a ", ""), ("the ", ""), ("an ", ""), ("what's", "what is"), ("good bye", "goodbye"))
SENTENCES_RIGHT = 0.92  # of ordinary sentences; measured 0.96 and more
FIRST_WORD_S = 0.6  # of speech; with the listener and the work, 0.66 s after it began
FIRST_WRONG = 0.2  # measured 0.13
OTHERS_RIGHT = 0.4  # measured 0.6 to 0.75, word for word


def spoken(text: str, voice: str) -> Pcm:
    quiet = np.zeros(int(QUIET_S * RATE_HZ), np.int16)
    return np.concatenate([quiet, speak(text, voice), quiet])


def through_opus(pcm: Pcm, bit_rate: int = 32_000) -> Pcm:
    """As a call sounds: 48 kHz Opus in 20 ms frames, then 24 kHz and back to RATE_HZ."""
    frame = 960
    sound = soxr.resample(pcm.astype(np.float32) / 32768, RATE_HZ, 48_000)
    sound = np.pad(sound, (0, -len(sound) % frame))
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "flt"
    encoder.bit_rate = bit_rate
    encoder.options = {"application": "voip"}
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = 48_000, "mono"
    to_floats = av.AudioResampler("flt", "mono", 48_000)
    packets = []
    for at in range(0, len(sound), frame):
        piece = av.AudioFrame.from_ndarray(sound[None, at : at + frame], "flt", "mono")
        piece.sample_rate, piece.pts = 48_000, at
        packets += encoder.encode(piece)
    packets += encoder.encode(None)
    heard = np.concatenate(
        [
            floats.to_ndarray().reshape(-1)
            for packet in packets
            for decoded in decoder.decode(packet)
            for floats in to_floats.resample(decoded)
        ]
    )
    back = soxr.resample(soxr.resample(heard, 48_000, 24_000), 24_000, RATE_HZ)
    return np.asarray(np.clip(back * 32767, -32768, 32767), dtype=np.int16)


CHANNELS = {
    "opus": through_opus,
    "quiet": lambda pcm: through_opus((pcm * 0.1).astype(np.int16)),
}


def streamed(engine: Pocketsphinx, pcm: Pcm) -> Transcript:
    stream = engine.open_stream(Options())
    try:
        for at in range(0, len(pcm), STEP):
            stream.push(pcm[at : at + STEP])
        return stream.finish()
    finally:
        stream.close()


def at_once(engine: Pocketsphinx, pcm: Pcm) -> Transcript:
    [transcript] = engine.transcribe([pcm], Options())
    return transcript


def meant(text: str) -> str:
    for said, alike in SAME:
        text = f" {text}".replace(f" {said}", f" {alike}").strip()
    return text


@pytest.mark.parametrize("channel", CHANNELS)
def test_it_hears_the_assistants_sentences(engine: Pocketsphinx, channel: str) -> None:
    wrong = []
    for voice in VOICES:
        for text in SENTENCES:
            heard = streamed(engine, CHANNELS[channel](spoken(text, voice))).text
            if meant(heard) != meant(text):
                wrong.append(f"{voice}: {text} -> {heard}")
    assert len(wrong) <= (1 - SENTENCES_RIGHT) * len(SENTENCES) * len(VOICES), wrong


def test_it_hears_other_speech_too(engine: Pocketsphinx) -> None:
    said = [(text, voice) for text in OTHERS for voice in VOICES]
    right = [streamed(engine, spoken(text, voice)).text == text for text, voice in said]
    assert sum(right) >= OTHERS_RIGHT * len(said)


@pytest.mark.parametrize("line_noise", [0, 15])
@pytest.mark.parametrize("lead_s", [0.0, 0.6, 3.0])
def test_what_precedes_speech_does_not_matter(
    engine: Pocketsphinx, lead_s: float, line_noise: int
) -> None:
    lead = np.random.default_rng(2).normal(0, line_noise, int(lead_s * RATE_HZ))
    for text in SENTENCES[:4]:
        pcm = np.concatenate([lead.astype(np.int16), speak(text, "rms")])
        assert streamed(engine, pcm).text == text


def test_words_come_before_the_end_and_stay(engine: Pocketsphinx) -> None:
    pcm = spoken("what is forty five divided by nine", "rms")
    stream = engine.open_stream(Options())
    stable = [stream.push(pcm[at : at + 1600]).stable for at in range(0, len(pcm), 1600)]
    final = stream.finish()
    stream.close()
    assert final.text == "what is forty five divided by nine"
    assert all(later.startswith(earlier) for earlier, later in pairwise(stable))
    assert stable[len(stable) // 2].startswith("what")


def test_the_first_word_comes_within_a_chunk_of_speech(engine: Pocketsphinx) -> None:
    late, wrong = [], []
    for voice in VOICES:
        for text in SENTENCES:
            first, spoken_s = first_word(engine, trimmed(speak(text, voice)))
            if spoken_s > FIRST_WORD_S:
                late.append(f"{voice}: {text} {spoken_s:.2f}")
            if first != text.split()[0]:
                wrong.append(f"{voice}: {text} -> {first}")
    assert len(late) <= 0.05 * len(SENTENCES) * len(VOICES), late
    assert len(wrong) <= FIRST_WRONG * len(SENTENCES) * len(VOICES), wrong


def first_word(engine: Pocketsphinx, speech: Pcm) -> tuple[str, float]:
    """The first word that is told, and how much speech it took."""
    lead, step = int(0.45 * RATE_HZ), RATE_HZ // 10
    sound = np.concatenate([np.zeros(lead, np.int16), speech])
    stream = engine.open_stream(Options())
    try:
        for at in range(0, len(sound), step):
            heard = stream.push(sound[at : at + step])
            if heard.stable:
                return heard.stable.split()[0], (at + step - lead) / RATE_HZ
    finally:
        stream.close()
    return "", np.inf


def test_words_lie_where_they_were_said(engine: Pocketsphinx) -> None:
    pcm = spoken("set a timer for five minutes", "slt")
    words = at_once(engine, pcm).words
    assert [word.text for word in words] == ["set", "a", "timer", "for", "five", "minutes"]
    starts = [word.started_at_s for word in words]
    assert starts == sorted(starts)
    assert words[0].started_at_s >= QUIET_S - 0.1
    assert words[-1].ended_at_s <= len(pcm) / RATE_HZ


def test_confidence_falls_as_errors_rise(engine: Pocketsphinx) -> None:
    chance = np.random.default_rng(5)
    clear, noisy = [], []
    for text in SENTENCES[:6]:
        pcm = spoken(text, "rms")
        noise = chance.normal(0, 2_000, len(pcm))
        clear.append(at_once(engine, pcm).confidence or 0.0)
        heard = at_once(engine, np.asarray(pcm // 2 + noise, dtype=np.int16))
        noisy.append(heard.confidence or 0.0)
    assert all(0 <= value <= 1 for value in clear + noisy)
    assert np.mean(clear) > 0.7
    assert np.mean(noisy) < np.mean(clear) - 0.2


@pytest.mark.parametrize("loudness", [300, 3_000])
def test_noise_is_no_speech(engine: Pocketsphinx, loudness: int) -> None:
    noise = np.random.default_rng(3).normal(0, loudness, RATE_HZ * 2).astype(np.int16)
    assert at_once(engine, noise).text == ""


@pytest.mark.parametrize("samples", [0, 1, 100, 1600])
def test_next_to_nothing_is_empty(engine: Pocketsphinx, samples: int) -> None:
    assert at_once(engine, np.zeros(samples, np.int16)).text == ""


def test_an_abandoned_stream_leaves_the_next_one_alone(engine: Pocketsphinx) -> None:
    pcm = spoken("what time is it", "slt")
    alone = at_once(engine, pcm)
    stream = engine.open_stream(Options())
    stream.push(spoken("remember that my keys are in the kitchen", "rms"))
    stream.close()
    stream.close()
    assert at_once(engine, pcm) == alone
