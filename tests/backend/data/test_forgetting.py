"""Nothing of a forgotten user is in the files: everything they said is looked for, byte by byte."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.backend.accounts.people import HERE, ORIGIN, PASSWORD, Browser, set_up, signed_up
from tests.backend.apps import BuildApp
from tests.backend.data.test_portability import BEARER, png, talk
from tests.backend.postgres import Postgres

KEY = "0123456789abcdef0123456789abcdef"
TURNS = 40
CANARY = "zanzibar"
SEARCHED = (CANARY.encode(), CANARY.capitalize().encode(), CANARY.encode("utf-16-le"))


@pytest.fixture(params=[(), (KEY,)], ids=["plain", "encrypted"])
def keys(request: pytest.FixtureRequest) -> list[str]:
    return list(request.param)


def spread(browser: Browser, client: TestClient, word: str) -> None:
    """`word` in everything that a user can write anywhere."""
    user_id = browser.get("/api/me").json()["id"]
    browser.patch("/api/me", {"preferred_name": f"{word} name"})
    for call in range(3):
        texts = [f"{word} turn {call} {number} " + "x" * 40 * number for number in range(TURNS)]
        talk(client, f"{user_id}-{call}", *texts, user_id=user_id)
        title = {"title": f"{word} title"}
        assert browser.patch(f"/api/conversations/{user_id}-{call}", title).status_code == 200
    for number in range(60):
        added = browser.post("/api/memories", {"text": f"{word} memory {number} " + "y" * number})
        assert added.status_code == 201
    persona = {
        "name": f"{word} persona",
        "prompt": f"{word} prompt",
        "style": f"{word} style",
        "greeting": f"{word} greeting",
        "voice": f"{word}voice",
    }
    made = browser.post("/api/personas", persona)
    assert made.status_code == 201, made.text
    image = f"/api/personas/{made.json()['id']}/image"
    headers = {"content-type": "image/png"}
    assert browser.request("PUT", image, content=png(), headers=headers).status_code == 200
    key = {"name": f"{word} key", "scopes": ["stt"]}
    assert browser.post("/api/keys", key).status_code == 201


def found(folder: Path, *words: bytes) -> list[str]:
    """Where one of `words` is in a file under `folder`."""
    around = re.compile(b".{0,40}(?:" + b"|".join(map(re.escape, words)) + b").{0,40}", re.DOTALL)
    files = (path for path in folder.rglob("*") if path.is_file())
    return [f"{path}: {hit!r}" for path in files for hit in around.findall(path.read_bytes())]


def forget(browser: Browser, login: str) -> None:
    told = browser.post("/api/me/forget", {"confirm": login, "password": PASSWORD})
    assert told.status_code == 204, told.text


@pytest.fixture
def house(build_app: BuildApp, keys: list[str]) -> Iterator[TestClient]:
    app = build_app(auth="on", signup="open", encryption_keys=keys)
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        yield client


@pytest.fixture
def files(request: pytest.FixtureRequest, database_url: str) -> Callable[[], Path]:
    """Where the database lies, all of it on disk."""
    if database_url.startswith("sqlite"):
        return lambda: Path(database_url.partition("///")[2]).parent
    server: Postgres = request.getfixturevalue("postgres_server")
    name = database_url.rpartition("/")[2]

    def flushed() -> Path:
        server.run("CHECKPOINT")
        data = server.run("SHOW data_directory")[0][0]
        oid = server.run(f"SELECT oid FROM pg_database WHERE datname = '{name}'")[0][0]
        return Path(data) / "base" / str(oid)

    return flushed


def test_not_a_byte_of_a_forgotten_user_is_left(
    house: TestClient, files: Callable[[], Path], keys: list[str]
) -> None:
    gone = signed_up(house, f"{CANARY}-login")
    stays = signed_up(house, "kilimanjaro")
    for word, browser in (("kilimanjaro", stays), (CANARY, gone)):
        spread(browser, house, word)
    if not keys:
        assert found(files(), *SEARCHED), "what is looked for is not there in the first place"
    forget(gone, f"{CANARY}-login")
    assert found(files(), *SEARCHED) == []
    assert len(stays.get("/api/conversations").json()["conversations"]) == 3
    assert stays.get("/api/memories").json()["total"] == 60
    assert gone.get("/api/me").status_code == 401
    assert gone.log_in(f"{CANARY}-login").status_code == 401


def test_what_is_encrypted_was_never_written_anywhere(
    build_app: BuildApp, postgres_server: Postgres, postgres_url: str
) -> None:
    """Not to the log of a PostgreSQL server either, which only that server overwrites."""
    word = "popocatepetl"
    app = build_app(auth="on", signup="open", encryption_keys=[KEY], database_url=postgres_url)
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        browser = signed_up(client, "somebody")
        browser.patch("/api/me", {"preferred_name": word})
        user_id = browser.get("/api/me").json()["id"]
        talk(client, "c1", word, f"{word} again", user_id=user_id)
        browser.patch("/api/conversations/c1", {"title": word})
        browser.post("/api/memories", {"text": f"{word} memory"})
        browser.post("/api/personas", {"name": "Nova", "prompt": word, "greeting": word})
    postgres_server.run("CHECKPOINT")
    data = Path(postgres_server.run("SHOW data_directory")[0][0])
    assert found(data, word.encode()) == []


def test_a_wrong_password_forgets_nothing(house: TestClient) -> None:
    browser = signed_up(house, "sam")
    for body in ({"confirm": "sam"}, {"confirm": "sam", "password": "wrong wrong wrong"}):
        told = browser.post("/api/me/forget", body)
        assert told.status_code == 400
        assert told.json()["error"]["param"] == "password"
    assert browser.is_in()


def test_what_was_done_stays_and_who_did_it_does_not(house: TestClient) -> None:
    admin = set_up(house)
    gone = signed_up(house, "sam")
    user_id = gone.get("/api/me").json()["id"]
    gone.post("/api/memories", {"text": "Likes tea"})
    forget(gone, "sam")
    entries = admin.get("/api/audit").json()["entries"]
    assert entries[0]["action"] == "user_forgotten"
    assert "memory_added" in [entry["action"] for entry in entries]
    assert user_id not in str(entries)
    assert user_id not in str(admin.get("/api/users").json())


def test_the_last_admin_stays_while_there_are_others(house: TestClient) -> None:
    admin = set_up(house)
    member = signed_up(house, "sam")
    told = admin.post("/api/me/forget", {"confirm": "admin", "password": PASSWORD})
    assert told.status_code == 409
    assert told.json()["error"]["code"] == "last_admin"
    forget(member, "sam")
    forget(admin, "admin")
    assert house.get("/api/auth").json()["setup_needed"]


def test_an_admin_deletes_a_user_with_everything(house: TestClient) -> None:
    admin = set_up(house)
    gone = signed_up(house, "sam")
    user_id = gone.get("/api/me").json()["id"]
    talk(house, "c1", "Hello", user_id=user_id)
    gone.post("/api/memories", {"text": "Likes tea"})
    assert admin.delete(f"/api/users/{user_id}").status_code == 204
    late = {"text": "late", "kind": "fact", "user_id": user_id}
    headers = BEARER | {"idempotency-key": "late"}
    assert house.post("/internal/memories", json=late, headers=headers).status_code == 404
    told = house.get("/internal/memories", params={"user_id": user_id}, headers=BEARER)
    assert told.json()["memories"] == []
