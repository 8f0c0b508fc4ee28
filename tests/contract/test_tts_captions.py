"""Captions: every word of the text, where it stands and when it is heard, as it is spoken."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from numpy.typing import NDArray

from tests.processes import running

RATE_HZ = 24_000
SENTENCES = "Good morning. Your meeting begins in ten minutes. Please be punctual!"
WRITTEN = "Dr. Smith paid **$5.20** for 12 apples on 3 May 2024 \U0001f34e."
FRENCH = "L'\u00e9t\u00e9 dernier, j'ai pay\u00e9 12 \u20ac."


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    lexicon: Path = tmp_path_factory.mktemp("tts") / "lexicon.json"
    with running("inference.tts", {"TTS_ENGINE": "espeak", "TTS_LEXICON": str(lexicon)}) as url:
        yield url


@dataclass(frozen=True)
class Captioned:
    """What the events of one answer told."""

    words: list[dict[str, Any]]
    sound: NDArray[np.int16]
    kinds: list[str]

    @property
    def seconds(self) -> float:
        return self.sound.size / RATE_HZ


def captioned(url: str, text: str, **more: Any) -> Captioned:
    body = {"input": text, "response_format": "pcm", "timestamps": True} | more
    with httpx2.stream("POST", f"{url}/v1/audio/speech", json=body, timeout=20) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        lines = [line for line in answer.iter_lines() if line]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    pcm = b"".join(base64.b64decode(event.get("audio", "")) for event in events)
    return Captioned(
        words=[word for event in events for word in event.get("words", [])],
        sound=np.frombuffer(pcm if body["response_format"] == "pcm" else b"", "<i2"),
        kinds=[event["type"] for event in events],
    )


@pytest.mark.parametrize(
    ("text", "voice"), [(SENTENCES, "alloy"), (WRITTEN, "alloy"), (FRENCH, "fr-fr")]
)
def test_words_are_those_of_the_text_in_its_order(url: str, text: str, voice: str) -> None:
    told = captioned(url, text, voice=voice).words
    assert [text[word["start"] : word["end"]] for word in told] == [word["word"] for word in told]
    assert all(one["end"] <= other["start"] for one, other in pairwise(told))
    missing = set("".join(filter(str.isalnum, text))) - set("".join(w["word"] for w in told))
    assert missing == set()


def test_plain_words_are_all_told(url: str) -> None:
    told = [word["word"] for word in captioned(url, SENTENCES).words]
    assert " ".join(told) == "".join(char for char in SENTENCES if char not in ".!")


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.5])
def test_times_are_those_of_the_sound(url: str, speed: float) -> None:
    heard = captioned(url, SENTENCES, speed=speed)
    assert all(0 <= word["start_s"] <= word["end_s"] <= heard.seconds for word in heard.words)
    assert all(one["end_s"] <= other["start_s"] for one, other in pairwise(heard.words))
    assert heard.words[-1]["end_s"] > 0.8 * heard.seconds


def test_there_is_sound_where_a_word_is_and_silence_between_sentences(url: str) -> None:
    heard = captioned(url, SENTENCES)

    def level(start_s: float, end_s: float) -> float:
        part = heard.sound[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)].astype(np.float64)
        return float(np.sqrt(np.mean(part**2)))

    assert all(level(word["start_s"], word["end_s"]) > 300 for word in heard.words)
    by_word = {word["word"]: word for word in heard.words}
    pause = (by_word["morning"]["end_s"] + 0.05, by_word["Your"]["start_s"] - 0.05)
    assert pause[1] - pause[0] > 0.05
    assert level(*pause) < 30


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav"])
def test_other_formats_have_the_same_words(url: str, response_format: str) -> None:
    plain, other = (captioned(url, SENTENCES, response_format=f) for f in ("pcm", response_format))
    assert [word["word"] for word in other.words] == [word["word"] for word in plain.words]
    assert other.kinds[-1] == "speech.audio.done"


def test_words_come_with_their_sound_not_after_the_end(url: str) -> None:
    kinds = captioned(url, f"{SENTENCES} " * 20).kinds
    last_sound = len(kinds) - 1 - kinds[::-1].index("speech.audio.delta")
    told_at = [at for at, kind in enumerate(kinds) if kind == "speech.audio.words"]
    assert len(told_at) > 5
    assert min(told_at) < last_sound / 4


def test_events_alone_need_no_other_wish(url: str) -> None:
    """`timestamps` implies events, and goes with an explicit `sse`; stock clients may ask so."""
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        answer = client.audio.speech.create(
            model="gpt-4o-mini-tts",
            voice="alloy",
            input="Hello there.",
            stream_format="sse",
            extra_body={"timestamps": True},
        )
    assert b"speech.audio.words" in answer.content
    refused = httpx2.post(
        f"{url}/v1/audio/speech",
        json={"input": "Hello.", "timestamps": True, "stream_format": "audio"},
    )
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "timestamps")


def test_words_come_before_the_sound_in_which_they_are_heard(url: str) -> None:
    body = {"input": f"{SENTENCES} {SENTENCES}", "response_format": "pcm", "timestamps": True}
    sent_s, told = 0.0, 0
    with httpx2.stream("POST", f"{url}/v1/audio/speech", json=body, timeout=20) as answer:
        for line in answer.iter_lines():
            event = json.loads(line.removeprefix("data: ")) if line else {}
            for word in event.get("words", []):
                assert word["end_s"] >= sent_s
                told += 1
            sent_s += len(base64.b64decode(event.get("audio", ""))) / 2 / RATE_HZ
    assert told == len((f"{SENTENCES} {SENTENCES}").split())
