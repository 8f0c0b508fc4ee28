"""The library's timed pieces become whole words."""

from typing import Any

from inference.stt.whisper_words import whole_words


def piece(text: str, start: float, end: float, tokens: int = 1) -> dict[str, Any]:
    return {
        "word": text,
        "start": start,
        "end": end,
        "tokens": [0] * tokens,
        "probability": 0.5,
    }


def test_punctuation_and_what_follows_a_hyphen_belong_to_the_word() -> None:
    pieces = [piece(" well", 0, 1), piece("-known", 1, 2, tokens=2), piece(",", 2, 2.1)]
    ((word, tokens),) = whole_words(pieces, "en", 3.0)
    assert word.text == " well-known,"
    assert (word.started_at_s, word.ended_at_s) == (0, 2.1)
    assert tokens == 4


def test_languages_without_spaces_keep_their_pieces() -> None:
    pieces = [piece("你", 0, 1), piece("好", 1, 2), piece("。", 2, 2)]
    assert [word.text for word, _ in whole_words(pieces, "zh", 3.0)] == ["你", "好。"]


def test_times_never_run_back_nor_past_the_sound() -> None:
    pieces = [piece(" one", 0, 2), piece(" two", 1, 1.5), piece(" three", 4, 9)]
    words = [word for word, _ in whole_words(pieces, "en", 3.0)]
    assert [(word.started_at_s, word.ended_at_s) for word in words] == [(0, 2), (2, 2), (3, 3)]
