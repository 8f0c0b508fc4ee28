"""Which of what is to be said is there as a clip."""

from livekit_agent.lines import LINES
from livekit_agent.tts import line_of


def test_a_line_is_known_in_the_language_it_was_written_in() -> None:
    for language, lines in LINES.items():
        for key, said in lines.items():
            assert line_of(f" {said} ") == (key, language)


def test_other_words_are_no_line() -> None:
    assert line_of("One moment") is None
    assert line_of("") is None
