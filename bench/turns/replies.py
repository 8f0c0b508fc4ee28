"""Fake chat and speech: fixed delays, two sentences, a loud tone for a voice."""

import asyncio
import io
import json
import re
import time
from collections.abc import AsyncIterator
from functools import cache
from itertools import count
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from bench.turns.ledger import Entry

FIRST_WORD_S = 0.2
WORDS_PER_S = 40
FIRST_BYTE_S = 0.1
TIMES_REAL = 10
CHUNK_S = 0.1
WORD_S = 0.2  # of speech: a reply lasts long enough to be interrupted
RATE_HZ = 24_000
TONE_HZ = 220
TONE_PEAK = 9_000
SYLLABLES = ("ba", "ko", "du", "mi", "ra", "se", "lo", "ti", "va", "nu")
CODE = re.compile(r"\b[A-Z](?:[a-z]{7})\b")
_codes = count(1)


def new_code() -> str:
    """A made-up name of four syllables, another one each time."""
    number = next(_codes)
    digits = [SYLLABLES[number // 10**place % 10] for place in (3, 2, 1, 0)]
    return "".join(digits).capitalize()


def code_in(text: str) -> str:
    """The name in a piece of a reply; empty where there is none."""
    found = CODE.search(text)
    return found.group() if found else ""


def reply_words(code: str) -> list[str]:
    """Two sentences, seven words in the first."""
    return f"{code} says that this is quite simple. It only takes a little while.".split()


async def tokens(entry: Entry) -> AsyncIterator[str]:
    """A reply's words, each when it is due."""
    for index, word in enumerate(reply_words(entry.code)):
        due_s = entry.asked_at_s + FIRST_WORD_S + index / WORDS_PER_S
        await asyncio.sleep(due_s - time.perf_counter())
        entry.first_at_s = entry.first_at_s or time.perf_counter()
        entry.sent += 1
        yield word if index == 0 else f" {word}"
    entry.done_at_s = time.perf_counter()


async def chat_events(entry: Entry, model: str) -> AsyncIterator[bytes]:
    """The reply as a stream of chat.completion.chunk."""
    try:
        yield _chunk(entry, model, {"role": "assistant", "content": ""})
        async for token in tokens(entry):
            yield _chunk(entry, model, {"content": token})
        yield _chunk(entry, model, {}, finish="stop")
        used = {"prompt_tokens": 100, "completion_tokens": entry.sent, "total_tokens": 113}
        yield _event({**_head(entry, model), "choices": [], "usage": used})
        yield b"data: [DONE]\n\n"
    finally:
        entry.aborted = entry.done_at_s is None


def chat_answer(entry: Entry, model: str) -> dict[str, Any]:
    """The whole reply as one chat.completion."""
    message = {"role": "assistant", "content": " ".join(reply_words(entry.code))}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**_head(entry, model, "chat.completion"), "choices": [choice]}


async def speech(entry: Entry, kind: str) -> AsyncIterator[bytes]:
    """The tone for `entry.text`, ten times as fast as it plays."""
    sound, bytes_per_s = _sound(kind, max(2, len(entry.text.split())))
    size = int(bytes_per_s * CHUNK_S) // 2 * 2
    try:
        for index in range(-(-len(sound) // size)):
            due_s = entry.asked_at_s + FIRST_BYTE_S + index * CHUNK_S / TIMES_REAL
            await asyncio.sleep(due_s - time.perf_counter())
            entry.first_at_s = entry.first_at_s or time.perf_counter()
            entry.sent += round(CHUNK_S * 1000)
            yield sound[index * size : (index + 1) * size]
        entry.done_at_s = time.perf_counter()
    finally:
        entry.aborted = entry.done_at_s is None


@cache
def _sound(kind: str, words: int) -> tuple[bytes, float]:
    """The bytes, and how many of them are a second."""
    seconds = words * WORD_S
    at = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    tone = (TONE_PEAK * np.sin(2 * np.pi * TONE_HZ * at)).astype(np.int16)
    data = tone.tobytes() if kind == "pcm" else _mp3(tone)
    return data, len(data) / seconds


def _mp3(tone: NDArray[np.int16]) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE_HZ)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(tone.reshape(1, -1), format="s16p", layout="mono")
        frame.sample_rate = RATE_HZ
        for one in (frame, None):
            for packet in stream.encode(one):
                container.mux(packet)
    return out.getvalue()


def _head(entry: Entry, model: str, kind: str = "chat.completion.chunk") -> dict[str, Any]:
    return {"id": f"chatcmpl-{entry.code}", "object": kind, "created": 0, "model": model}


def _chunk(entry: Entry, model: str, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _event({**_head(entry, model), "choices": [choice]})


def _event(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()
