"""The language model is built once for the same sentences and knows their words."""

import os
from pathlib import Path

import pytest

from inference.stt.language_model import ModelFiles, model_files, write_arpa
from inference.stt.sphinx_library import LanguageModel, SphinxError

SENTENCES = ["what time is it", "set a timer", "set a timer", "what day is it"]


def files_of(folder: Path, *more: str) -> ModelFiles:
    """The version of sentences is the sentences, here."""
    all_ = [*SENTENCES, *more]
    return model_files(lambda: all_, " ".join(all_), folder)


def test_unigrams_sum_to_one(tmp_path: Path) -> None:
    write_arpa(SENTENCES, tmp_path / "a.arpa")
    section = (tmp_path / "a.arpa").read_text().split("\\1-grams:\n")[1].split("\n\n")[0]
    entries = [line.split() for line in section.splitlines()]
    assert sum(10 ** float(p) for p, word, _ in entries if word != "<s>") == pytest.approx(1, 1e-3)


def test_what_is_said_often_is_likelier(tmp_path: Path) -> None:
    write_arpa(SENTENCES, tmp_path / "a.arpa")
    model = LanguageModel(tmp_path / "a.arpa")
    words = dict(model.unigrams())
    model.close()
    assert words["timer"] > words["day"]


def test_the_second_start_builds_nothing_and_asks_for_no_sentence(tmp_path: Path) -> None:
    def unasked() -> list[str]:
        raise AssertionError("they were asked for")

    first = files_of(tmp_path)
    built_at = os.stat(first.open_words).st_mtime_ns
    assert model_files(unasked, " ".join(SENTENCES), tmp_path) == first
    assert os.stat(first.open_words).st_mtime_ns == built_at
    assert [entry for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_other_sentences_get_a_model_of_their_own(tmp_path: Path) -> None:
    assert files_of(tmp_path) != files_of(tmp_path, "help")


def test_the_open_vocabulary_holds_the_sentences_too(tmp_path: Path) -> None:
    files = files_of(tmp_path, "roll the icosahedron")
    domain = files.domain_words.read_text().splitlines()
    general = files.open_words.read_text().splitlines()
    assert len(domain) < 40
    assert len(general) > 9_000
    assert set(domain) <= set(general)


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    files = files_of(tmp_path / "file" / "cache")
    assert files.domain_ngrams.is_file()


def test_a_broken_model_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "bad.arpa").write_text("this is no model")
    with pytest.raises(SphinxError, match=r"bad\.arpa"):
        LanguageModel(tmp_path / "bad.arpa")
