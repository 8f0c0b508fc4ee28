from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from backend.accounts.passwords import Passwords
from backend.accounts.tables import AuditRow, SessionRow, UserRow
from backend.data.db import Database
from tests.backend.accounts.people import HERE, ORIGIN, PASSWORD, Browser, code, set_up, signed_up
from tests.backend.apps import BuildApp

NEW = {"login": "anna", "password": PASSWORD}


async def test_who_signs_up_is_in_and_who_signs_out_is_not(
    house: TestClient, database: Database
) -> None:
    anna = signed_up(house, "Anna", preferred_name="Änn", language="fr-CA")
    me = anna.get("/api/me").json()
    assert me["login"] == "Anna"
    assert (me["preferred_name"], me["language"], me["role"]) == ("Änn", "fr-CA", "member")
    token = anna.token
    assert anna.get("/api/auth").json()["user"] == me
    assert anna.post("/api/auth/logout").status_code == 204
    assert anna.token is None
    anna.token = token
    refused = anna.get("/api/me")
    assert (refused.status_code, code(refused)) == (401, "not_signed_in")
    async with database.reading() as session:
        actions = list(await session.scalars(select(AuditRow.action).order_by(AuditRow.id)))
    assert actions == ["user_created", "session_opened", "session_closed"]


async def test_neither_password_nor_token_are_kept(house: TestClient, database: Database) -> None:
    anna = signed_up(house, "anna")
    async with database.reading() as session:
        kept = repr((await session.execute(select(UserRow.__table__))).all())
        kept += repr((await session.execute(select(SessionRow.__table__))).all())
    assert "$argon2id$" in kept
    assert PASSWORD not in kept
    assert str(anna.token) not in kept


def test_no_secret_is_in_the_log(house: TestClient, capfd: pytest.CaptureFixture[str]) -> None:
    anna = signed_up(house, "anna")
    anna.log_in("anna", "wrong but secret")
    anna.post("/api/me/password", {"current": PASSWORD, "new": "another good one"})
    house.post("/api/auth/login", content=PASSWORD)  # no JSON: told of, not repeated
    logged = "".join(capfd.readouterr())
    assert "http_request" in logged
    for secret in (PASSWORD, "wrong but secret", "another good one", str(anna.token)):
        assert secret not in logged


def test_the_cookie_is_out_of_scripts_and_other_sites_reach(house: TestClient) -> None:
    anna = signed_up(house, "anna")
    cookie = anna.log_in("anna").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_over_tls_the_cookie_stays_there(build_app: BuildApp) -> None:
    origin = "https://parley.home"
    app = build_app(auth="on", signup="open", allowed_origins=[origin])
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        body = {"login": "anna", "password": PASSWORD}
        told = client.post("/api/auth/sign-up", json=body, headers={"origin": origin})
    assert "Secure" in told.headers["set-cookie"].split("; ")


def test_logins_differ_by_more_than_capitals(house: TestClient) -> None:
    signed_up(house, "René")
    for login in ("rené", "RENÉ", "Rene\u0301"):
        taken = Browser(house).post("/api/auth/sign-up", NEW | {"login": login})
        assert taken.status_code in (400, 409)
        assert code(taken) in ("login_taken", "invalid_request")
    assert Browser(house).log_in("RENÉ").status_code == 200
    local = Browser(house).post("/api/auth/sign-up", NEW | {"login": "Local"})
    assert code(local) == "login_taken"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"login": ""}, "login"),
    ({"login": "a b"}, "login"),
    ({"login": "a\0b"}, "login"),
    ({"login": "x" * 65}, "login"),
    ({"login": "ΐ" * 64}, "login"),  # folds to three times as many
    ({"login": 5}, "login"),
    ({"password": "short"}, "password"),
    ({"password": "x" * 2_000}, "password"),
    ({"password": None}, "password"),
    ({"preferred_name": "x" * 101}, "preferred_name"),
    ({"preferred_name": "a\nb"}, "preferred_name"),
    ({"language": "../../etc"}, "language"),
    ({"role": "admin"}, "role"),
]


def test_a_bad_sign_up_names_the_field(house: TestClient) -> None:
    for body, param in BAD:
        refused = Browser(house).post("/api/auth/sign-up", NEW | body)
        error = refused.json()["error"]
        assert (refused.status_code, error["param"]) == (400, param)
        assert list(error["details"]["fields"]) == [param]
        assert PASSWORD not in refused.text


def test_a_wrong_password_and_an_unknown_login_are_told_alike(house: TestClient) -> None:
    signed_up(house, "anna")
    told = [Browser(house).log_in(*who) for who in (("anna", "wrong password"), ("nobody",))]
    errors = [response.json()["error"] | {"request_id": ""} for response in told]
    assert errors[0] == errors[1]
    assert [response.status_code for response in told] == [401, 401]
    assert "set-cookie" not in told[0].headers


def test_ten_wrong_passwords_lock_the_door_but_nobody_out(house: TestClient) -> None:
    anna = signed_up(house, "anna")
    stranger = Browser(house)
    assert [stranger.log_in("anna", "wrong").status_code for _ in range(10)] == [401] * 10
    locked = stranger.log_in("anna")
    assert (locked.status_code, code(locked)) == (429, "too_many_attempts")
    assert 800 < int(locked.headers["retry-after"]) <= 900
    assert anna.is_in()


def test_a_login_nobody_has_is_locked_as_one_somebody_has(house: TestClient) -> None:
    stranger = Browser(house)
    assert [stranger.log_in("nobody").status_code for _ in range(10)] == [401] * 10
    locked = stranger.log_in("Nobody")
    assert (locked.status_code, code(locked)) == (429, "too_many_attempts")
    assert 800 < int(locked.headers["retry-after"]) <= 900


def test_a_restart_lifts_no_lock_out(build_app: BuildApp) -> None:
    def started() -> TestClient:
        return TestClient(build_app(auth="on", signup="open"), base_url=ORIGIN, client=HERE)

    with started() as client:
        signed_up(client, "anna")
        for _ in range(10):
            Browser(client).log_in("anna", "wrong")
    with started() as client:
        assert code(Browser(client).log_in("anna")) == "too_many_attempts"


def test_a_right_password_ends_the_row_of_wrong_ones(house: TestClient) -> None:
    signed_up(house, "anna")
    wrong = ["wrong"] * 6
    for password in [*wrong, PASSWORD, *wrong]:
        assert code_or_none(Browser(house).log_in("anna", password)) != "too_many_attempts"
    assert Browser(house).log_in("anna").status_code == 200


def code_or_none(response: Any) -> str | None:
    return None if response.is_success else code(response)


def test_an_address_may_not_try_many_logins_whatever_it_claims_to_be(house: TestClient) -> None:
    tried = [
        Browser(house).log_in(f"nobody{n}", headers={"x-forwarded-for": f"203.0.113.{n}"})
        for n in range(21)
    ]
    assert [response.status_code for response in tried] == [401] * 20 + [429]
    assert 1 <= int(tried[-1].headers["retry-after"]) <= 60


async def test_a_login_renews_a_hash_of_weaker_parameters(
    house: TestClient, database: Database
) -> None:
    signed_up(house, "anna")
    weak = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    async with database.writing() as session:
        await session.execute(
            update(UserRow).where(UserRow.login == "anna").values(password_hash=weak)
        )
    assert Browser(house).log_in("anna").status_code == 200
    async with database.reading() as session:
        renewed = await session.scalar(select(UserRow.password_hash).where(UserRow.login == "anna"))
    assert renewed is not None
    assert not Passwords().is_outdated(renewed)
    assert Browser(house).log_in("anna").status_code == 200


def test_signing_in_again_ends_the_session_this_browser_had(house: TestClient) -> None:
    anna = signed_up(house, "anna")
    before = anna.token
    anna.log_in("anna")
    assert anna.token != before
    assert len(anna.get("/api/me/sessions").json()["sessions"]) == 1


def test_with_invitations_only_who_has_one_signs_up(build_app: BuildApp) -> None:
    app = build_app(auth="on", signup="invite")
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        admin = set_up(client)
        for invite in ({}, {"invite": "made up"}):
            refused = Browser(client).post("/api/auth/sign-up", NEW | invite)
            assert (refused.status_code, code(refused)) == (403, "invite_invalid")
        invite = admin.post("/api/invites", {"role": "admin"}).json()
        anna = signed_up(client, "anna", invite=invite["token"])
        assert anna.get("/api/me").json()["role"] == "admin"
        again = {"login": "ben", "password": PASSWORD, "invite": invite["token"]}
        assert code(Browser(client).post("/api/auth/sign-up", again)) == "invite_invalid"
        (used,) = admin.get("/api/invites").json()["invites"]
        assert used["used_by"] == anna.get("/api/me").json()["id"]
        assert invite["token"] not in str(used)


def test_a_deleted_invitation_lets_nobody_in(build_app: BuildApp) -> None:
    app = build_app(auth="on", signup="invite")
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        admin = set_up(client)
        invite = admin.post("/api/invites", {}).json()
        assert admin.delete(f"/api/invites/{invite['id']}").status_code == 204
        assert admin.delete(f"/api/invites/{invite['id']}").status_code == 404
        refused = Browser(client).post("/api/auth/sign-up", NEW | {"invite": invite["token"]})
        assert code(refused) == "invite_invalid"


def test_where_sign_up_is_closed_no_invitation_helps(build_app: BuildApp) -> None:
    app = build_app(auth="on", signup="closed")
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        invite = set_up(client).post("/api/invites", {}).json()
        refused = Browser(client).post("/api/auth/sign-up", NEW | {"invite": invite["token"]})
        assert (refused.status_code, code(refused)) == (403, "signup_closed")
