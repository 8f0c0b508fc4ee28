import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from backend.accounts import sessions
from backend.accounts.sessions import OpenSessions, Principal, close_all, hash_of, open_session
from backend.accounts.tables import SessionRow, UserRow
from backend.accounts.users import create_user
from backend.data.db import Database
from tests.backend.accounts.people import PASSWORD, Browser, code, signed_up

MONTH = timedelta(days=30)


async def somebody(database: Database, login: str = "anna") -> tuple[str, str]:
    """Their id and a session's token."""
    async with database.writing() as session:
        user = await create_user(
            session, login, password_hash="x", role="member", preferred_name=None, language=None
        )
        token, _ = await open_session(
            session, user.id, address="203.0.113.7", user_agent="tests", lasts=MONTH
        )
    return user.id, token


async def age(database: Database, **values: datetime) -> None:
    async with database.writing() as session:
        await session.execute(update(SessionRow).values(**values))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered: every look-up asks the database."""
    monkeypatch.setattr(sessions, "BELIEVED_S", -1.0)


async def test_a_token_is_of_one_user(database: Database) -> None:
    open_sessions = OpenSessions(database, MONTH)
    anna, token = await somebody(database)
    ben, other = await somebody(database, "ben")
    found = [await open_sessions.principal(each) for each in (token, other, "made-up", "")]
    assert [who and who.user_id for who in found] == [anna, ben, None, None]


async def test_a_closed_session_is_out_at_once_though_it_was_just_seen(database: Database) -> None:
    open_sessions = OpenSessions(database, MONTH)
    anna, token = await somebody(database)
    assert await open_sessions.principal(token)
    async with database.writing() as session:
        await close_all(session, anna)
    open_sessions.forget(anna)
    assert await open_sessions.principal(token) is None


async def test_a_look_up_begun_before_a_closing_is_not_remembered_after_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_sessions = OpenSessions(database, MONTH)
    anna, token = await somebody(database)
    was_read, may_go_on = asyncio.Event(), asyncio.Event()
    find = sessions.find

    async def slow_find(*args: object) -> object:
        found = await find(*args)  # type: ignore[arg-type]  # passed through
        was_read.set()
        await may_go_on.wait()
        return found

    monkeypatch.setattr(sessions, "find", slow_find)
    look_up = asyncio.create_task(open_sessions.principal(token))
    await asyncio.wait_for(was_read.wait(), 10)
    async with database.writing() as session:
        await close_all(session, anna)
    open_sessions.forget(anna)
    may_go_on.set()
    await look_up
    assert await open_sessions.principal(token) is None


async def test_another_backend_hears_of_a_closing_within_seconds(
    database: Database, another: Database, impatient: None
) -> None:
    anna, token = await somebody(database)
    elsewhere = OpenSessions(another, MONTH)
    assert await elsewhere.principal(token)
    async with database.writing() as session:
        await close_all(session, anna)
    assert await elsewhere.principal(token) is None


async def test_a_visit_makes_a_session_last_longer_but_is_not_written_each_time(
    database: Database, impatient: None
) -> None:
    _, token = await somebody(database)
    now = datetime.now(UTC)
    await age(database, last_seen_at=now - timedelta(hours=1), expires_at=now + timedelta(hours=1))
    open_sessions = OpenSessions(database, MONTH)
    assert await open_sessions.principal(token)
    first = await kept(database)
    assert first.expires_at > now + MONTH - timedelta(minutes=1)
    assert first.last_seen_at >= now
    assert await open_sessions.principal(token)
    assert (await kept(database)).last_seen_at == first.last_seen_at


async def kept(database: Database) -> SessionRow:
    async with database.reading() as session:
        return (await session.scalars(select(SessionRow))).one()


async def test_an_expired_session_is_nobodys(database: Database, impatient: None) -> None:
    _, token = await somebody(database)
    await age(database, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert await OpenSessions(database, MONTH).principal(token) is None


async def test_a_session_that_expires_while_it_is_remembered_ends_then(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = await somebody(database)
    ends_at = datetime.now(UTC) + timedelta(minutes=1)
    await age(database, expires_at=ends_at)
    open_sessions = OpenSessions(database, MONTH)
    assert isinstance(await open_sessions.principal(token), Principal)

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # UTC always
            return ends_at

    monkeypatch.setattr(sessions, "datetime", Later)
    monkeypatch.setattr(sessions, "BELIEVED_S", 60.0)
    assert await open_sessions.principal(token) is None


async def test_what_expired_is_deleted_when_somebody_signs_in(database: Database) -> None:
    _, gone = await somebody(database)
    await age(database, expires_at=datetime.now(UTC) - timedelta(days=1))
    _, fresh = await somebody(database, "ben")
    assert (await kept(database)).token_hash == hash_of(fresh) != hash_of(gone)


async def test_a_disabled_users_session_is_nobodys(database: Database, impatient: None) -> None:
    _, token = await somebody(database)
    async with database.writing() as session:
        await session.execute(update(UserRow).values(disabled_at=datetime.now(UTC)))
    assert await OpenSessions(database, MONTH).principal(token) is None


def test_a_user_sees_and_closes_their_own_sessions_only(house: TestClient) -> None:
    anna, ben = signed_up(house, "anna"), signed_up(house, "ben")
    phone = Browser(house)
    phone.log_in("anna", headers={"user-agent": "Phone " + "x" * 400})
    listed = anna.get("/api/me/sessions").json()["sessions"]
    assert [each["current"] for each in listed].count(True) == 1
    (other,) = [each for each in listed if not each["current"]]
    assert other["address"] == "127.0.0.1"
    assert other["user_agent"] == ("Phone " + "x" * 400)[:256]
    path = f"/api/me/sessions/{other['id']}"
    refused, unknown = ben.delete(path), ben.delete("/api/me/sessions/unknown")
    assert (refused.status_code, code(refused)) == (404, "not_found")
    ids = {"request_id": ""}
    assert refused.json()["error"] | ids == unknown.json()["error"] | ids
    assert phone.is_in()
    assert anna.delete(path).status_code == 204
    assert not phone.is_in()
    assert anna.is_in()


def test_a_new_password_puts_every_other_browser_out(house: TestClient) -> None:
    anna, phone = signed_up(house, "anna"), Browser(house)
    phone.log_in("anna")
    wrong = anna.post("/api/me/password", {"current": "wrong", "new": "a better one"})
    assert (wrong.status_code, code(wrong)) == (400, "wrong_credentials")
    weak = anna.post("/api/me/password", {"current": PASSWORD, "new": "short"})
    assert weak.json()["error"]["param"] == "new"
    assert phone.is_in()
    changed = anna.post("/api/me/password", {"current": PASSWORD, "new": "a better one"})
    assert changed.status_code == 204
    assert anna.is_in()
    assert not phone.is_in()
    assert phone.log_in("anna").status_code == 401
    assert phone.log_in("anna", "a better one").status_code == 200


def test_a_stolen_session_cannot_guess_the_password_for_long(house: TestClient) -> None:
    thief = signed_up(house, "anna")
    guess = {"current": "wrong", "new": "a better one"}
    guesses = [thief.post("/api/me/password", guess).status_code for _ in range(11)]
    assert guesses == [400] * 10 + [429]
    assert Browser(house).log_in("anna").status_code == 200  # the owner still gets in


async def test_all_other_browsers_can_be_put_out(house: TestClient, database: Database) -> None:
    anna, phone = signed_up(house, "anna"), Browser(house)
    phone.log_in("anna")
    assert anna.delete("/api/me/sessions").status_code == 204
    assert (anna.is_in(), phone.is_in()) == (True, False)
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(SessionRow)) == 1
