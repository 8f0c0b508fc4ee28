"""What the recogniser is taught to write down, the assistant understands."""

import pytest

from inference.assist.recognise import recognise_one
from inference.assist.requests import Request, Talk
from inference.assist.sentences import labelled_sentences


def intent_of(request: Request | None) -> str | None:
    return request.topic if isinstance(request, Talk) else type(request).__name__


@pytest.mark.timeout(600)  # thousands of sentences, on whatever else the machine has to do
def test_every_sentence_means_what_it_was_made_from() -> None:
    wrong = [
        (text, intent)
        for intent, text in sorted(set(labelled_sentences()))
        if intent_of(recognise_one(text)) != intent
    ]
    assert wrong == []
