"""Speech as server-sent events: OpenAI's, one that tells when words are heard, and failure."""

import base64
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from chassis.errors import ParleyError
from inference.tts.words import SpokenWord

MEDIA_TYPE = "text/event-stream"


async def events(
    encoded: AsyncIterator[bytes], words: Callable[[], Sequence[SpokenWord]]
) -> AsyncIterator[bytes]:
    """Events around the bytes of the asked format. `words`: those not told yet whose sound is in
    what `encoded` gave, or soon will be: they are told before it.

    A failure is told, then raised: to clients that do not know the event, half of the sound must
    not look like all of it.
    """
    try:
        async for chunk in encoded:
            if told := words():
                yield _words(told)
            if chunk:
                audio = base64.b64encode(chunk).decode()
                yield _event({"type": "speech.audio.delta", "audio": audio})
    except ParleyError as exc:
        yield _event({"type": "error", "error": exc.body()})
        raise
    if told := words():
        yield _words(told)
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}  # no tokens are involved
    yield _event({"type": "speech.audio.done", "usage": usage})


def _words(words: Sequence[SpokenWord]) -> bytes:
    told = [
        {
            "word": word.text,
            "start": word.start,
            "end": word.end,
            "start_s": round(word.started_at_s, 3),
            "end_s": round(word.ended_at_s, 3),
        }
        for word in words
    ]
    return _event({"type": "speech.audio.words", "words": told})


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
