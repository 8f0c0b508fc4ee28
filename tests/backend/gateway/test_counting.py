"""What a request used, by the bytes that pass."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateway.counting import counter_of
from backend.gateway.usage import Used

CHAT = (
    b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    b'data: {"choices":[{"delta":{"content":"b"}}]}\n\n'
    b': {"usage": {"prompt_tokens": 7, "total_tokens": 9, "prompt_tokens_details": {"c": 0}}}\n\n'
    b"data: [DONE]\n\n"
)


def kind(media_type: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", media_type.encode())]


@given(st.lists(st.integers(1, len(CHAT) - 1), max_size=8))
def test_tokens_are_found_however_the_stream_is_cut(cuts: list[int]) -> None:
    counter = counter_of("llm", 200, kind("text/event-stream"))
    ends = [0, *sorted(set(cuts)), len(CHAT)]
    for start, end in itertools.pairwise(ends):
        counter.feed(CHAT[start:end])
    assert counter.used(100) == Used(tokens=9)


def test_a_stream_that_was_left_is_counted_by_its_events_and_the_prompts_bytes() -> None:
    counter = counter_of("llm", 200, kind("text/event-stream"))
    counter.feed(CHAT[:120])
    assert counter.used(400) == Used(tokens=2 + 100)


def test_words_in_a_reply_are_never_taken_for_its_usage() -> None:
    said = json.dumps(
        {"content": '"usage": {"total_tokens": 1000000}', "usage": {"total_tokens": 3}}
    )
    counter = counter_of("llm", 200, kind("application/json"))
    counter.feed(said.encode())
    assert counter.used(0).tokens == 3


@pytest.mark.parametrize("value", ["null", "[]", '{"total_tokens": "many"}', "{", '"a"'])
def test_a_usage_that_makes_no_sense_is_none(value: str) -> None:
    counter = counter_of("llm", 200, kind("application/json"))
    counter.feed(f'{{"usage": {value}}}'.encode())
    assert counter.used(40) == Used(tokens=10)


def test_seconds_of_a_file_come_from_the_header_else_from_the_answer() -> None:
    told = [*kind("text/plain"), (b"x-parley-audio-s", b"12.5")]
    assert counter_of("stt", 200, told).used(1) == Used(audio_s=12.5)
    counter = counter_of("stt", 200, kind("application/json"))
    counter.feed(b'{"text": "a", "usage": {"type": "duration", "seconds": 2.25}}')
    assert counter.used(1) == Used(audio_s=2.25)


def test_seconds_of_speech_come_from_its_bytes_and_characters_from_the_header() -> None:
    told = [*kind("audio/pcm"), (b"x-parley-characters", b"17"), (b"x-parley-format", b"audio/pcm")]
    counter = counter_of("tts", 200, told)
    for _ in range(4):
        counter.feed(bytes(12_000))
    assert counter.used(99) == Used(audio_s=1.0, characters=17)


def test_a_refusal_uses_nothing() -> None:
    counter = counter_of("tts", 429, kind("application/json"))
    counter.feed(bytes(48_000))
    assert counter.used(1000) == Used()
