"""People say how their words are said, and nothing they wrote is ever lost."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from chassis.errors import InvalidRequest, NotFound, Unavailable
from chassis.service import create_app
from inference.service import service_parts
from inference.tts.lexicon import MAX_ENTRIES, Entry, Lexicon
from inference.tts.lexicon_routes import lexicon_routes
from inference.tts.normalise import script_of
from inference.tts.script import Script
from inference.tts.settings import TtsSettings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "of" / "mine" / "lexicon.json"


@pytest.fixture
def lexicon(path: Path) -> Lexicon:
    return Lexicon(path, recheck_s=0)


def write(path: Path, *words: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"words": words}))


def said(lexicon: Lexicon, text: str, language: str = "en-us") -> str:
    return lexicon.apply(Script.of(text), language).text


def test_a_word_is_said_as_told(lexicon: Lexicon) -> None:
    lexicon.put(Entry(word="Nguyen", say="Win"))
    assert said(lexicon, "Mr Nguyen's Nguyen, Nguyens") == "Mr Win's Win, Nguyens"


def test_a_caption_still_shows_the_word(lexicon: Lexicon) -> None:
    lexicon.put(Entry(word="Nguyen", say="Win"))
    script = script_of("Hi **Nguyen**!", "en-us", lexicon)
    at = script.text.index("Win")
    assert script.source[slice(*script.origin(at, at + 3))] == "Nguyen"


@pytest.mark.parametrize(
    ("word", "text", "result"),
    [
        ("gif", "GIF, Gif and gif", "X, X and X"),  # in small letters: any case
        ("Polish", "Polish polish POLISH", "X polish POLISH"),  # else just so
        ("C++", "C++ or C++17", "X or X17"),
        (".NET", "use .NET now", "use X now"),
        ("new york", "New York", "X"),
        ("数", "数字", "数字"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9", "X"),
    ],
)
def test_whole_words_only(lexicon: Lexicon, word: str, text: str, result: str) -> None:
    lexicon.put(Entry(word=word, say="X"))
    assert said(lexicon, text) == result


def test_the_longest_wins(lexicon: Lexicon) -> None:
    for word, say in (("New", "N"), ("New York", "NY"), ("New York City", "NYC")):
        lexicon.put(Entry(word=word, say=say))
    assert said(lexicon, "New York City, New York, New") == "NYC, NY, N"


def test_a_language_goes_before_all_languages(lexicon: Lexicon) -> None:
    lexicon.put(Entry(word="Paris", say="everywhere"))
    lexicon.put(Entry(word="Paris", say="French", language="fr"))
    lexicon.put(Entry(word="Paris", say="Canadian", language="fr_CA"))
    heard = [said(lexicon, "Paris", language) for language in ("en-us", "fr-fr", "fr-ca", "fro")]
    assert heard == ["everywhere", "French", "Canadian", "everywhere"]


def test_it_comes_before_normalisation(lexicon: Lexicon) -> None:
    lexicon.put(Entry(word="Dr. Who", say="the doctor"))
    lexicon.put(Entry(word="PC", say="5 %"))
    assert script_of("Dr. Who has a PC", "en-us", lexicon).text == "the doctor has a five percent"


def test_words_are_there_after_a_restart(path: Path, lexicon: Lexicon) -> None:
    lexicon.put(Entry(word="Nguyen", say="Win", language="en"))
    assert Lexicon(path).entries() == (Entry(word="Nguyen", say="Win", language="en"),)
    assert [file.name for file in path.parent.iterdir()] == ["lexicon.json"]


def test_an_edit_of_the_file_is_noticed(path: Path, lexicon: Lexicon) -> None:
    assert said(lexicon, "Nguyen") == "Nguyen"
    write(path, {"word": "Nguyen", "say": "Win"})
    assert said(lexicon, "Nguyen") == "Win"
    path.unlink()
    assert said(lexicon, "Nguyen") == "Nguyen"


def test_a_change_keeps_what_was_written_into_the_file_meanwhile(
    path: Path, lexicon: Lexicon
) -> None:
    lexicon.put(Entry(word="one", say="1"))
    write(path, {"word": "one", "say": "1"}, {"word": "two", "say": "2"})
    lexicon.put(Entry(word="three", say="3"))
    assert [entry.word for entry in lexicon.entries()] == ["one", "three", "two"]


@pytest.mark.parametrize(
    "content",
    [
        "{not json",
        "[]",
        '{"words": [{"word": "a"}]}',
        '{"words": [{"word": "a", "say": "\\u0001"}]}',
        '{"words": [{"word": "a", "say": "b", "mine": 1}]}',
        '{"words": [{"word": "a", "say": "b"}], "notes": "mine"}',
        json.dumps({"words": [{"word": f"w{at}", "say": "x"} for at in range(MAX_ENTRIES + 1)]}),
        " " * 3_000_000,
    ],
)
def test_a_file_at_fault_is_named_and_never_written_over(
    path: Path, lexicon: Lexicon, content: str
) -> None:
    lexicon.put(Entry(word="Nguyen", say="Win"))
    path.write_text(content)
    assert said(lexicon, "Nguyen") == "Win"  # what it held before
    assert lexicon.problem is not None
    assert str(path) in lexicon.problem
    with pytest.raises(Unavailable, match=r"lexicon\.json"):
        lexicon.put(Entry(word="b", say="c"))
    with pytest.raises(Unavailable, match=r"lexicon\.json"):
        lexicon.remove("Nguyen")
    assert path.read_text() == content
    write(path, {"word": "mended", "say": "fine"})
    lexicon.put(Entry(word="b", say="c"))
    assert [entry.word for entry in lexicon.entries()] == ["b", "mended"]
    assert lexicon.problem is None


def test_with_a_file_at_fault_from_the_start_words_are_said_as_written(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe")
    lexicon = Lexicon(path)
    assert said(lexicon, "Nguyen") == "Nguyen"
    assert lexicon.problem is not None


def test_a_file_moved_away_and_back_is_no_problem(path: Path, lexicon: Lexicon) -> None:
    lexicon.put(Entry(word="a", say="b"))
    good = path.rename(path.with_name("good"))
    path.write_text("{")
    assert said(lexicon, "a") == "b"
    good.rename(path)
    lexicon.put(Entry(word="c", say="d"))
    assert len(lexicon.entries()) == 2


def test_a_folder_in_its_place_is_a_problem_too(path: Path, lexicon: Lexicon) -> None:
    path.mkdir(parents=True)
    assert said(lexicon, "word") == "word"
    with pytest.raises(Unavailable):
        lexicon.put(Entry(word="a", say="b"))


def test_what_cannot_be_written_changes_nothing(path: Path, lexicon: Lexicon) -> None:
    path.parent.parent.mkdir(exist_ok=True)
    path.parent.write_text("a file where the folder should be")
    with pytest.raises(Unavailable):
        lexicon.put(Entry(word="a", say="b"))
    assert said(lexicon, "a") == "a"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    write(tmp_path / "real.json", {"word": "a", "say": "b"})
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    Lexicon(tmp_path / "link.json").put(Entry(word="c", say="d"))
    assert (tmp_path / "link.json").is_symlink()
    assert len(json.loads((tmp_path / "real.json").read_text())["words"]) == 2


def test_it_has_an_end(path: Path, lexicon: Lexicon) -> None:
    write(path, *({"word": f"w{at}", "say": "x"} for at in range(MAX_ENTRIES)))
    with pytest.raises(InvalidRequest):
        lexicon.put(Entry(word="more", say="x"))
    lexicon.put(Entry(word="w1", say="y"))  # in place of another
    assert len(lexicon.entries()) == MAX_ENTRIES


def test_one_language_of_a_word_can_be_removed(lexicon: Lexicon) -> None:
    lexicon.put(Entry(word="a", say="b"))
    lexicon.put(Entry(word="a", say="c", language="fr"))
    lexicon.remove("a", "fr")
    assert [entry.say for entry in lexicon.entries()] == ["b"]
    with pytest.raises(NotFound):
        lexicon.remove("a", "fr")
    lexicon.remove("a")
    assert not lexicon.entries()


def app_of(lexicon: Lexicon, **settings: Any) -> FastAPI:
    metrics, health = service_parts("tts")
    app = create_app("tts", metrics=metrics, health=health)
    app.state.settings = TtsSettings(**settings)
    app.include_router(lexicon_routes(lexicon))
    return app


async def asked(
    lexicon: Lexicon, method: str, word: str = "", key: str | None = None, **more: Any
) -> httpx2.Response:
    app = app_of(lexicon, api_key="k" * 32)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    url = "/v1/audio/lexicon" + (f"/{word}" if word else "")
    headers = {"authorization": f"Bearer {key or 'k' * 32}", "content-type": "application/json"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://tts") as client:
        return await client.request(method, url, headers=headers, **more)


async def test_words_are_put_listed_and_removed_over_http(lexicon: Lexicon) -> None:
    put = await asked(lexicon, "PUT", "Nguyen", json={"say": "Win", "language": "EN"})
    assert put.json() == {"word": "Nguyen", "say": "Win", "language": "en"}
    listed = (await asked(lexicon, "GET")).json()
    assert listed == {"words": [put.json()], "problem": None}
    assert (await asked(lexicon, "DELETE", "Nguyen?language=en")).status_code == 204
    assert (await asked(lexicon, "DELETE", "Nguyen")).status_code == 404
    assert (await asked(lexicon, "GET")).json()["words"] == []


async def test_a_word_may_hold_anything_that_is_said(lexicon: Lexicon) -> None:
    for word in ("AC%2FDC", "C%2B%2B", "New%20York", "%C3%A9t%C3%A9"):
        assert (await asked(lexicon, "PUT", word, json={"say": "x"})).status_code == 200
    words = [entry.word for entry in lexicon.entries()]
    assert words == ["AC/DC", "C++", "New York", "été"]


@pytest.mark.parametrize(
    ("word", "body", "param"),
    [
        ("%20", {"say": "x"}, "word"),
        ("...", {"say": "x"}, "word"),
        ("a%00b", {"say": "x"}, "word"),
        ("a" * 101, {"say": "x"}, "word"),
        ("a", {"say": ""}, "say"),
        ("a", {"say": "\u0001"}, "say"),
        ("a", {"say": "x" * 101}, "say"),
        ("a", {}, "say"),
        ("a", {"say": "x", "language": "not a tag"}, "language"),
        ("a", {"say": "\ud800"}, "say"),
    ],
)
async def test_a_wrong_word_is_refused_by_the_field_s_name(
    lexicon: Lexicon, word: str, body: dict[str, Any], param: str
) -> None:
    # ASCII on the wire: a lone surrogate has no UTF-8.
    answer = await asked(lexicon, "PUT", word, content=json.dumps(body))
    assert answer.status_code == 400
    assert param in answer.json()["error"]["param"]
    assert not lexicon.entries()


async def test_a_stranger_cannot_change_it(lexicon: Lexicon) -> None:
    for method in ("GET", "PUT", "DELETE"):
        word = "" if method == "GET" else "a"
        answer = await asked(lexicon, method, word, key="x" * 32, json={"say": "b"})
        assert answer.status_code == 401


@pytest.fixture
def faulty(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text("{")
    return path


async def test_a_file_at_fault_is_told_over_http(faulty: Path, lexicon: Lexicon) -> None:
    assert str(faulty) in (await asked(lexicon, "GET")).json()["problem"]
    answer = await asked(lexicon, "PUT", "a", json={"say": "b"})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "lexicon_unreadable"


async def test_changes_at_once_are_all_kept(lexicon: Lexicon) -> None:
    await asyncio.gather(*(asked(lexicon, "PUT", f"w{at}", json={"say": "x"}) for at in range(20)))
    assert len(lexicon.entries()) == 20


def test_nothing_is_read_before_it_is_needed(path: Path) -> None:
    Lexicon(path)
    assert not os.path.lexists(path.parent)
