"""Transcripts as the bodies OpenAI's clients read: json, text, verbose_json, srt, vtt."""

import json
import zlib
from collections.abc import Iterator, Sequence
from math import exp
from typing import Any, Literal

from inference.stt.engine import Segment, Word
from inference.stt.hearing import Heard
from inference.stt.languages import joined, name_of

ResponseFormat = Literal["json", "text", "verbose_json", "srt", "vtt"]
MEDIA_TYPES: dict[ResponseFormat, str] = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "verbose_json": "application/json",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}


def text_of(heard: Sequence[Heard]) -> str:
    return joined((part.transcript.text for part in heard), language_of(heard))


def body(
    heard: Sequence[Heard],
    duration_s: float,
    response_format: ResponseFormat,
    granularities: Sequence[str],
    *,
    translated: bool = False,
) -> str:
    match response_format:
        case "text":
            return text_of(heard) + "\n"
        case "srt":
            return _srt(heard)
        case "vtt":
            return _vtt(heard)
        case "verbose_json":
            answer = _verbose(heard, duration_s, granularities)
            return json.dumps({"task": "translate" if translated else "transcribe"} | answer)
        case "json":
            return json.dumps({"text": text_of(heard), "usage": usage(duration_s)})


def usage(duration_s: float) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(duration_s, 3)}


def confidence_of(heard: Sequence[Heard]) -> float | None:
    """From 0 to 1, by the length of what was said; None where the model does not tell."""
    told = [
        (part.transcript.confidence, len(part.transcript.text))
        for part in heard
        if part.transcript.confidence is not None
    ]
    chars = sum(weight for _, weight in told)
    return sum(value * weight for value, weight in told) / chars if chars else None


def _verbose(
    heard: Sequence[Heard], duration_s: float, granularities: Sequence[str]
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "language": name_of(language_of(heard)),
        "duration": round(duration_s, 3),
        "text": text_of(heard),
        "confidence": _rounded(confidence_of(heard)),
        "usage": usage(duration_s),
    }
    if "segment" in granularities or not granularities:
        answer["segments"] = [
            _segment(number, part, segment)
            for number, (part, segment) in enumerate(_segments(heard))
        ]
    if "word" in granularities:
        answer["words"] = [
            _word(part, word) for part, segment in _segments(heard) for word in segment.words
        ]
    return answer


def language_of(heard: Sequence[Heard]) -> str:
    """The language of most of the text."""
    chars: dict[str, int] = {}
    for part in heard:
        language = part.transcript.language
        chars[language] = chars.get(language, 0) + len(part.transcript.text)
    return max(chars, key=lambda language: chars[language], default="en")


def _segments(heard: Sequence[Heard]) -> Iterator[tuple[Heard, Segment]]:
    for part in heard:
        for segment in part.transcript.segments:
            if segment.text:
                yield part, segment


def _segment(number: int, part: Heard, segment: Segment) -> dict[str, Any]:
    raw = segment.text.encode()
    told = segment.no_speech_prob
    no_speech = max(0.0, 1 - part.speech_share) if told is None else told
    logprob = segment.avg_logprob
    return {
        "id": number,
        "seek": 0,
        "start": round(part.started_at_s + segment.started_at_s, 3),
        "end": round(part.started_at_s + segment.ended_at_s, 3),
        "text": segment.text,
        "tokens": list(segment.tokens),
        "temperature": segment.temperature,
        "avg_logprob": _rounded(logprob),
        "compression_ratio": round(len(raw) / len(zlib.compress(raw)), 4),
        "no_speech_prob": round(no_speech, 4),
        "confidence": None if logprob is None else round(exp(logprob), 4),
    }


def _word(part: Heard, word: Word) -> dict[str, Any]:
    return {
        "word": word.text,
        "start": round(part.started_at_s + word.started_at_s, 3),
        "end": round(part.started_at_s + word.ended_at_s, 3),
        "confidence": _rounded(word.confidence),
    }


def _srt(heard: Sequence[Heard]) -> str:
    return "".join(
        f"{number}\n{_times(part, segment, ',')}\n{segment.text}\n\n"
        for number, (part, segment) in enumerate(_segments(heard), 1)
    )


def _vtt(heard: Sequence[Heard]) -> str:
    cues = (f"{_times(part, segment, '.')}\n{segment.text}\n" for part, segment in _segments(heard))
    return "\n".join(["WEBVTT\n", *cues])


def _times(part: Heard, segment: Segment, decimal_sign: str) -> str:
    start = _clock(part.started_at_s + segment.started_at_s, decimal_sign)
    return f"{start} --> {_clock(part.started_at_s + segment.ended_at_s, decimal_sign)}"


def _clock(seconds: float, decimal_sign: str) -> str:
    ms = round(seconds * 1000)
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{decimal_sign}{rest % 1000:03}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
