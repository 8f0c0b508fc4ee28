"""The training sentences of the recogniser."""

import re
import subprocess
import sys
import time

import pytest

from inference.assist.sentences import labelled_sentences, sentences
from inference.assist.spoken import spoken_number

MAX_SENTENCES = 20_000


def test_sentences_are_lower_case_words_only() -> None:
    odd = [text for text in sentences() if not re.fullmatch(r"[a-z']+(?: [a-z']+)*", text)]
    assert odd == []


def test_there_are_many_sentences_but_not_too_many() -> None:
    assert 5_000 < len(sentences()) <= MAX_SENTENCES


def test_every_word_can_be_pronounced() -> None:
    pocketsphinx = pytest.importorskip("pocketsphinx")
    dictionary = pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")
    with open(dictionary, encoding="latin-1") as lines:
        known = {line.split()[0].partition("(")[0] for line in lines if line.strip()}
    assert {word for text in sentences() for word in text.split()} - known == set()


def test_another_process_makes_the_same_sentences() -> None:
    program = "from inference.assist.sentences import sentences; print(hash(tuple(sentences())))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": "0", "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


def test_sentences_are_made_within_a_second_of_processor_time() -> None:
    labelled_sentences.cache_clear()
    started_s = time.process_time()
    sentences()
    assert time.process_time() - started_s < 1.0


@pytest.mark.parametrize("with_and", [True, False])
def test_every_trigram_of_a_number_below_a_thousand_is_there(with_and: bool) -> None:
    seen = {
        tuple(words[i : i + 3])
        for words in (text.split() for text in sentences())
        for i in range(len(words) - 2)
    }
    for value in range(1000):
        words = spoken_number(value, with_and=with_and).split()
        for i in range(len(words) - 2):
            assert tuple(words[i : i + 3]) in seen, value
