"""The spoken lines as sound that is there whatever else is not: read from files, never made."""

import hashlib
from pathlib import Path

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from chassis.logs import get_logger
from livekit_agent.lines import FALLBACK_LANGUAGE, LineKey, clip_file, language_of_lines
from livekit_agent.settings import AgentSettings

SAMPLE_RATE_HZ = 24_000
BYTES_PER_SAMPLE = 2
FRAME_SAMPLES = SAMPLE_RATE_HZ // 50  # 20 ms
FADE_SAMPLES = SAMPLE_RATE_HZ // 200  # 5 ms: shorter clicks, longer eats consonants
FULL_SCALE = 32_767
# Of the louder half, as our TTS servers speak: a line is no louder than the reply around it.
TARGET_RMS = 0.13
PEAK = 0.9  # the loudest sample after levelling
MAX_GAIN = 8.0
SHORTEST_S = 0.2  # less is no sentence
LONGEST_S = 30.0
SILENT_RMS = 0.001
CHIME_HZ = (660.0, 880.0)
CHIME_TONE_S = 0.18
FOLDER_CHARS = 16

Samples = NDArray[np.float32]

log = get_logger(__name__)


class Clips:
    """Sound of the lines, in the voice asked for where it has been rendered (see clip_maker.py),
    else in the standby's, which is rendered when Parley is built."""

    def __init__(self, settings: AgentSettings) -> None:
        self._built_dir = settings.clips_dir
        self._rendered_dir = settings.data_dir / "clips"
        self._engine = f"{settings.tts_url}\n{settings.tts_model}"
        self._loaded: dict[Path, list[rtc.AudioFrame]] = {}

    def frames(self, key: LineKey, voice: str, language: str) -> list[rtc.AudioFrame]:
        """24 kHz mono s16 in frames of 20 ms, as loud as speech, fading at both ends. Never empty:
        with no usable file anywhere it is a chime. Takes some milliseconds the first time."""
        built = self._built_dir
        for path in (
            self.path(key, voice, language),
            built / clip_file(key, language),
            self.path(key, voice, FALLBACK_LANGUAGE),
            built / clip_file(key, FALLBACK_LANGUAGE),
        ):
            if found := self._load(path):
                return list(found)
        log.warning("clip_missing", line=key, language=language)
        return _frames(_chime())

    def path(self, key: LineKey, voice: str, language: str) -> Path:
        """Where the line is kept in that voice of the configured TTS."""
        folder = hashlib.sha256(f"{self._engine}\n{voice}".encode()).hexdigest()[:FOLDER_CHARS]
        return self._rendered_dir / folder / clip_file(key, language)

    def _load(self, path: Path) -> list[rtc.AudioFrame]:
        """Empty where there is no usable sound."""
        if path not in self._loaded:
            try:
                pcm = path.read_bytes()
            except OSError:
                return []
            if not is_usable(pcm):
                log.warning("clip_unusable", file=path.name, bytes=len(pcm))
                return []
            self._loaded[path] = _frames(_levelled(_samples(pcm)))
        return self._loaded[path]


def is_usable(pcm: bytes) -> bool:
    """Whether it may be a spoken line: whole samples, of a likely length, not silent."""
    seconds = len(pcm) / BYTES_PER_SAMPLE / SAMPLE_RATE_HZ
    if len(pcm) % BYTES_PER_SAMPLE or not SHORTEST_S <= seconds <= LONGEST_S:
        return False
    return _loudness(_samples(pcm)) > SILENT_RMS


def spoken_languages(language: str) -> tuple[str, ...]:
    """Languages of lines that a speaker of `language` may hear."""
    return tuple(dict.fromkeys((language_of_lines(language), FALLBACK_LANGUAGE)))


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(FULL_SCALE)


def _loudness(samples: Samples) -> float:
    """RMS of the louder half: pauses do not count."""
    whole = samples[: samples.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = np.sort((whole**2).mean(axis=1))
    return float(np.sqrt(power[power.size // 2 :].mean()))


def _levelled(samples: Samples) -> Samples:
    gain = min(TARGET_RMS / _loudness(samples), PEAK / float(np.abs(samples).max()), MAX_GAIN)
    level = samples * np.float32(gain)
    fade = np.linspace(0.0, 1.0, FADE_SAMPLES, dtype=np.float32)
    level[:FADE_SAMPLES] *= fade
    level[-FADE_SAMPLES:] *= fade[::-1]
    return level


def _chime() -> Samples:
    """Two soft rising tones: not words, but not silence either."""
    at_s = np.arange(int(CHIME_TONE_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tones = [np.sin(2 * np.pi * hz * at_s) * np.sin(np.pi * at_s / CHIME_TONE_S) for hz in CHIME_HZ]
    return np.asarray(np.concatenate(tones) * TARGET_RMS, dtype=np.float32)


def _frames(samples: Samples) -> list[rtc.AudioFrame]:
    padded = np.pad(samples, (0, -samples.size % FRAME_SAMPLES))
    pcm = np.rint(padded * FULL_SCALE).astype("<i2")
    return [
        rtc.AudioFrame(
            data=frame.tobytes(),
            sample_rate=SAMPLE_RATE_HZ,
            num_channels=1,
            samples_per_channel=FRAME_SAMPLES,
        )
        for frame in pcm.reshape(-1, FRAME_SAMPLES)
    ]
