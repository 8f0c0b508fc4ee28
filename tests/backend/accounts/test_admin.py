from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.accounts.tables import TombstoneRow, UserRow
from backend.data.db import Database
from tests.backend.accounts.people import Browser, code, set_up, signed_up


def id_of(browser: Browser) -> str:
    return str(browser.get("/api/me").json()["id"])


def test_admins_see_who_there_is_and_members_do_not(house: TestClient) -> None:
    admin, anna = set_up(house), signed_up(house, "anna")
    users = admin.get("/api/users").json()["users"]
    assert [(user["login"], user["role"]) for user in users] == [
        ("admin", "admin"),
        ("anna", "member"),
    ]
    refused = anna.get("/api/users")
    assert (refused.status_code, code(refused)) == (403, "not_admin")


def test_a_disabled_user_is_out_at_once_and_stays_out(house: TestClient) -> None:
    admin, anna = set_up(house), signed_up(house, "anna")
    assert anna.is_in()
    path = f"/api/users/{id_of(anna)}"
    assert admin.patch(path, {"disabled": True}).json()["disabled"] is True
    assert not anna.is_in()
    refused = anna.log_in("anna")
    assert (refused.status_code, code(refused)) == (403, "account_disabled")
    assert code(anna.log_in("anna", "wrong")) == "wrong_credentials"
    assert admin.patch(path, {"disabled": False}).json()["disabled"] is False
    assert anna.log_in("anna").status_code == 200


def test_a_changed_role_counts_from_the_next_request_on(house: TestClient) -> None:
    admin, anna = set_up(house), signed_up(house, "anna")
    assert anna.get("/api/audit").status_code == 403
    admin.patch(f"/api/users/{id_of(anna)}", {"role": "admin"})
    assert anna.get("/api/audit").status_code == 200
    anna.patch(f"/api/users/{id_of(admin)}", {"role": "member"})
    assert admin.get("/api/audit").status_code == 403


def test_somebody_stays_admin(house: TestClient) -> None:
    admin = set_up(house)
    path = f"/api/users/{id_of(admin)}"
    for refused in (
        admin.patch(path, {"role": "member"}),
        admin.patch(path, {"disabled": True}),
        admin.delete(path),
    ):
        assert (refused.status_code, code(refused)) == (409, "last_admin")
    assert admin.get("/api/audit").status_code == 200


def test_nobody_changes_the_user_without_a_password(house: TestClient) -> None:
    admin = set_up(house)
    for user_id in ("local", "unknown"):
        path = f"/api/users/{user_id}"
        assert admin.patch(path, {"disabled": True}).status_code == 404
        assert admin.delete(path).status_code == 404


async def test_a_deleted_user_is_gone_and_leaves_a_tombstone(
    house: TestClient, database: Database
) -> None:
    admin, anna = set_up(house), signed_up(house, "anna")
    anna_id = id_of(anna)
    assert admin.delete(f"/api/users/{anna_id}").status_code == 204
    assert not anna.is_in()
    assert anna.log_in("anna").status_code == 401
    async with database.reading() as session:
        assert await session.get(UserRow, anna_id) is None
        assert await session.scalar(select(TombstoneRow.id)) == anna_id
    assert id_of(signed_up(house, "anna")) != anna_id


def test_deeds_are_read_page_by_page(house: TestClient) -> None:
    admin = set_up(house)
    for _ in range(5):
        admin.post("/api/invites", {})
    deeds: list[str] = []
    cursor = ""
    for _ in range(3):
        page = admin.get(f"/api/audit?limit=3{cursor}").json()
        deeds += [entry["action"] for entry in page["entries"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert deeds == ["invite_created"] * 5 + ["session_opened", "user_created"]
    for bad in ("0", "-1", "x", "9" * 12, "1;drop"):
        refused = admin.get("/api/audit", params={"cursor": bad})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "cursor")
