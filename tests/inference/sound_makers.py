"""Sound files of every kind, made on the spot, and the tone in them found again."""

import io
from collections.abc import Iterator

import av
import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray

from inference.audio import FULL_SCALE, RATE_HZ, Pcm

TONE_HZ = 440
TONE_LEVEL = 0.5
SECONDS = 0.5
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}

Samples = NDArray[np.float32]


def tone(rate_hz: int, seconds: float = SECONDS, channels: int = 1) -> Samples:
    """A sine of TONE_HZ at TONE_LEVEL, the same in all channels."""
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    wave = (TONE_LEVEL * np.sin(2 * np.pi * TONE_HZ * t)).astype(np.float32)
    return np.repeat(wave[:, None], channels, axis=1)


def sndfile(samples: NDArray[np.generic], rate_hz: int, fmt: str, subtype: str) -> bytes:
    """A file written by libsndfile, block by block: it cannot encode minutes of Vorbis at once."""
    out = io.BytesIO()
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with sf.SoundFile(out, "w", rate_hz, channels, subtype, format=fmt) as file:
        for at in range(0, len(samples), rate_hz):
            file.write(samples[at : at + rate_hz])
    return out.getvalue()


def libav(samples: Samples, rate_hz: int, container: str, codec: str) -> bytes:
    """A file written by libav."""
    out = io.BytesIO()
    layout = LAYOUTS[samples.shape[1]]
    with av.open(out, "w", format=container) as file:
        track = file.add_stream(codec, rate=rate_hz, layout=layout)
        assert isinstance(track, av.AudioStream)
        context = track.codec_context
        fit = av.AudioResampler(context.format, layout, rate_hz, context.frame_size or 1024)
        for frame in [*_frames(samples, rate_hz, layout), None]:
            for fitting in fit.resample(frame):
                file.mux(track.encode(fitting))
        file.mux([packet for packet in track.encode(None) if packet.size])
    return out.getvalue()


def remuxed(data: bytes, container: str) -> bytes:
    """The packets of a file in another container."""
    out = io.BytesIO()
    with av.open(io.BytesIO(data), "r") as old, av.open(out, "w", format=container) as new:
        track = new.add_stream_from_template(old.streams.audio[0])
        for packet in old.demux(old.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = track
                new.mux(packet)
    return out.getvalue()


def of_unknown_length(flac: bytes) -> bytes:
    """A FLAC as it is written while it is recorded: its header does not say how long it is."""
    return flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]


def loudest_hz(pcm: Pcm) -> float:
    spectrum = np.abs(np.fft.rfft(pcm.astype(np.float64)))
    return float(np.argmax(spectrum) * RATE_HZ / len(pcm))


def assert_is_the_tone(
    pcm: Pcm, level: float = TONE_LEVEL, *, tolerance: float = 0.05, padding_s: float = 0.03
) -> None:
    """The tone, as long and as loud as it was; some codecs add up to `padding_s` of silence."""
    assert -0.03 <= len(pcm) / RATE_HZ - SECONDS <= padding_s
    middle = pcm[len(pcm) // 4 : len(pcm) * 3 // 4]
    assert loudest_hz(middle) == pytest.approx(TONE_HZ, abs=4)
    assert np.sqrt(np.mean((middle / FULL_SCALE) ** 2)) == pytest.approx(
        level / 2**0.5, rel=tolerance
    )


def _frames(samples: Samples, rate_hz: int, layout: str) -> Iterator[av.AudioFrame]:
    for at in range(0, len(samples), rate_hz):
        block = np.ascontiguousarray(samples[at : at + rate_hz]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout=layout)
        frame.sample_rate = rate_hz
        yield frame
