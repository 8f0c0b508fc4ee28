"""`page_url`: a SQLite database that the examples of a property share; each empties it first."""

import shutil
from pathlib import Path

import pytest

from tests.backend.apps import sqlite_url


@pytest.fixture(scope="module")
def page_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("examples") / "parley.db"
    return sqlite_url(Path(shutil.copy(sqlite_template, file)))
