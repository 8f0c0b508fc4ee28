"""One real engine for the tests of a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.assist.sentences import sentences, sentences_version
from inference.stt.pocketsphinx import Pocketsphinx


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pocketsphinx]:
    cache: Path = tmp_path_factory.mktemp("stt-cache")
    made = Pocketsphinx(
        model="pocketsphinx-en",
        sentences=sentences,
        sentences_version=sentences_version(),
        cache_dir=cache,
        open_vocabulary=True,
        slots=2,
        ready_pairs=2,
        kept_pairs=2,
    )
    with made as opened:
        yield opened
