"""Where a reply is cut that would not end."""

import pytest

from livekit_agent.reply_limits import MAX_WORDS, ReplyLimits


def said(text: str) -> str:
    """As much of `text`, word by word, as is allowed."""
    limits = ReplyLimits()
    kept = []
    for word in text.split(" "):
        kept.append(word)
        if not limits.allows(f"{word} "):
            break
    return " ".join(kept)


def test_an_ordinary_reply_is_left_alone() -> None:
    text = "The moon is old. It is older than the sea. How old are you? "
    assert said(text) == text


def test_a_sentence_said_a_third_time_ends_it() -> None:
    assert said("The moon is old. " * 50).count("moon") == 3


@pytest.mark.parametrize("text", ["No. " * 20, "Ha! " * 20])
def test_short_ones_may_be_said_often(text: str) -> None:
    assert said(text) == text


def test_a_speech_ends_with_a_sentence() -> None:
    text = " ".join(f"This is sentence number {n} of the speech." for n in range(200))
    kept = said(text)
    assert kept.rstrip().endswith("speech.") or kept.endswith("This")
    assert MAX_WORDS <= len(kept.split()) < MAX_WORDS + 20


def test_pieces_may_be_cut_anywhere() -> None:
    limits = ReplyLimits()
    text = "The moon is old. " * 3
    allowed = [limits.allows(letter) for letter in text]
    assert not allowed[-1]
    assert all(allowed[: len(text) * 2 // 3])
