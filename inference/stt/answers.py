"""Transcripts as the bodies OpenAI's clients read: json, text, verbose_json, srt, vtt."""

import json
import zlib
from collections.abc import Sequence
from typing import Any, Literal

from inference.audio import RATE_HZ
from inference.stt.service import HeardSpan

ResponseFormat = Literal["json", "text", "verbose_json", "srt", "vtt"]
MEDIA_TYPES: dict[ResponseFormat, str] = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "verbose_json": "application/json",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}


def text_of(heard: Sequence[HeardSpan]) -> str:
    return " ".join(part.transcript.text for part in heard if part.transcript.text)


def body(
    heard: Sequence[HeardSpan],
    duration_s: float,
    response_format: ResponseFormat,
    granularities: Sequence[str],
) -> str:
    match response_format:
        case "text":
            return text_of(heard) + "\n"
        case "srt":
            return _srt(heard)
        case "vtt":
            return _vtt(heard)
        case "verbose_json":
            return json.dumps(_verbose(heard, duration_s, granularities))
        case "json":
            return json.dumps({"text": text_of(heard), "usage": usage(duration_s)})


def usage(duration_s: float) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(duration_s, 3)}


def _verbose(
    heard: Sequence[HeardSpan], duration_s: float, granularities: Sequence[str]
) -> dict[str, Any]:
    spoken = [part for part in heard if part.transcript.text]
    words = sum(len(part.transcript.words) for part in spoken)
    confidence = sum(p.transcript.confidence * len(p.transcript.words) for p in spoken)
    answer: dict[str, Any] = {
        "task": "transcribe",
        "language": "english",
        "duration": round(duration_s, 3),
        "text": text_of(heard),
        "confidence": round(confidence / words, 4) if words else 0.0,
        "usage": usage(duration_s),
    }
    if "segment" in granularities or not granularities:
        answer["segments"] = [_segment(number, part) for number, part in enumerate(spoken)]
    if "word" in granularities:
        answer["words"] = [word for part in spoken for word in _words(part)]
    return answer


def _segment(number: int, part: HeardSpan) -> dict[str, Any]:
    raw = part.transcript.text.encode()
    return {
        "id": number,
        "seek": 0,
        "start": _s(part.span.first),
        "end": _s(part.span.end),
        "text": part.transcript.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(part.transcript.avg_logprob, 4),
        "compression_ratio": round(len(raw) / len(zlib.compress(raw)), 4),
        "no_speech_prob": round(max(0.0, 1 - part.span.speech_share), 4),
        "confidence": round(part.transcript.confidence, 4),
    }


def _words(part: HeardSpan) -> list[dict[str, Any]]:
    start_s = part.span.first / RATE_HZ
    return [
        {
            "word": word.text,
            "start": round(start_s + word.started_at_s, 3),
            "end": round(start_s + word.ended_at_s, 3),
            "confidence": round(word.confidence, 4),
        }
        for word in part.transcript.words
    ]


def _srt(heard: Sequence[HeardSpan]) -> str:
    spoken = [part for part in heard if part.transcript.text]
    return "".join(
        f"{number}\n{_clock(part.span.first, ',')} --> {_clock(part.span.end, ',')}\n"
        f"{part.transcript.text}\n\n"
        for number, part in enumerate(spoken, 1)
    )


def _vtt(heard: Sequence[HeardSpan]) -> str:
    cues = (
        f"{_clock(part.span.first, '.')} --> {_clock(part.span.end, '.')}\n{part.transcript.text}\n"
        for part in heard
        if part.transcript.text
    )
    return "\n".join(["WEBVTT\n", *cues])


def _s(sample: int) -> float:
    return round(sample / RATE_HZ, 3)


def _clock(sample: int, decimal_sign: str) -> str:
    ms = round(sample / RATE_HZ * 1000)
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{decimal_sign}{rest % 1000:03}"
