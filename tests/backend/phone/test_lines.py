"""Lines: who may call in through them, what is told of them, and who does what is written down."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.data.db import Database
from backend.phone.tables import PhoneLineRow
from tests.backend.apps import BuildApp

LINES = "/api/phone/lines"
LINE: dict[str, Any] = {"numbers": ["+49 30 1234-56"], "allowed_addresses": ["203.0.113.7"]}


def refused(client: TestClient, body: dict[str, Any]) -> tuple[int, str, str]:
    answer = client.post(LINES, json=body)
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["param"]


def test_a_line_is_told_back_without_its_secrets(client: TestClient) -> None:
    secrets = {
        "auth_user": "pbx",
        "auth_password": "hidden-in",
        "pin": "842751",
        "outbound_address": "sip.example.net:5061",
        "outbound_user": "me",
        "outbound_password": "hidden-out",
    }
    made = client.post(LINES, json=LINE | secrets)
    assert made.status_code == 201
    line = made.json()
    assert line["numbers"] == ["+493012345" + "6"]
    assert line["allowed_addresses"] == ["203.0.113.7/32"]
    assert (line["has_password"], line["has_pin"], line["has_outbound_password"]) == (True,) * 3
    everything = made.text + client.get(LINES).text + client.get(f"{LINES}/{line['id']}").text
    assert not any(word in everything for word in ("hidden", "842751"))


async def test_secrets_and_callers_are_not_readable_in_the_table(
    build_app: BuildApp, database: Database
) -> None:
    with TestClient(build_app(encryption_keys=["k" * 32])) as client:
        body = LINE | {"pin": "842751", "trusted_callers": ["+49151999"], "auth_user": "pbx"}
        assert client.post(LINES, json=body | {"auth_password": "hidden-in"}).is_success
    async with database.engines.readers.connect() as connection:
        row = (await connection.exec_driver_sql("SELECT * FROM phone_lines")).one()
    assert "842751" not in str(row)
    assert "hidden" not in str(row)
    assert "+49151999" not in str(row)


@pytest.mark.parametrize(
    "body",
    [
        {"numbers": ["+4930123456"]},
        {"numbers": ["+4930123456"], "allowed_addresses": ["0.0.0.0/0"]},
        {"numbers": ["+4930123456"], "allowed_addresses": ["203.0.113.7", "::/0"]},
        {"numbers": ["+4930123456"], "allowed_addresses": ["128.0.0.0/1"], "pin": "1234"},
        {"numbers": ["+4930123456"], "allowed_addresses": ["2000::/12"]},
        {"numbers": ["+4930123456"], "outbound_address": "sip.example.net"},
    ],
)
def test_a_line_that_anybody_could_call_in_through_is_refused(
    client: TestClient, body: dict[str, Any]
) -> None:
    assert refused(client, body) == (400, "open_trunk", "allowed_addresses")


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"numbers": ["030 123456"]}, "numbers.0"),
        ({"numbers": ["+49 (0)30 123456"]}, "numbers.0"),
        ({"numbers": []}, "numbers"),
        ({"allowed_addresses": ["provider.example"]}, "allowed_addresses.0"),
        ({"allowed_addresses": ["203.0.113.0/33"]}, "allowed_addresses.0"),
        ({"auth_user": "pbx", "auth_password": "short"}, "auth_password"),
        ({"auth_user": "pbx"}, "auth_password"),
        ({"auth_user": "a b", "auth_password": "long enough"}, "auth_user"),
        ({"pin": "12"}, "pin"),
        ({"pin": "12a4"}, "pin"),
        ({"outbound_address": "sip:me@example.net"}, "outbound_address"),
        ({"outbound_address": "h;transport=tls"}, "outbound_address"),
        ({"outbound_user": "me", "outbound_password": "x"}, "outbound_address"),
        ({"transport": "carrier pigeon"}, "transport"),
        ({"nonsense": 1}, "nonsense"),
        ({"trusted_callers": ["anonymous"]}, "trusted_callers.0"),
    ],
)
def test_what_is_wrong_is_named(client: TestClient, wrong: dict[str, Any], param: str) -> None:
    status, _, named = refused(client, LINE | wrong)
    assert (status, named) == (400, param)


def test_a_persona_and_an_owner_must_be_there(client: TestClient) -> None:
    assert refused(client, LINE | {"persona_id": "nobody"})[::2] == (404, "persona_id")
    assert refused(client, LINE | {"owner": "nobody"})[::2] == (404, "owner")


def test_a_line_outlives_its_persona(client: TestClient) -> None:
    line = client.post(LINES, json=LINE | {"persona_id": "atlas"}).json()["id"]
    assert client.delete("/api/personas/atlas").status_code == 204
    changed = client.patch(f"{LINES}/{line}", json={"name": "Desk"})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["persona_id"]) == ("Desk", None)


def test_a_number_is_of_one_line(client: TestClient) -> None:
    first = client.post(LINES, json=LINE).json()
    other = client.post(LINES, json=LINE | {"numbers": ["+4930999"]}).json()
    assert refused(client, LINE | {"name": "Again"}) == (409, "number_taken", "numbers")
    taken = client.patch(f"{LINES}/{other['id']}", json={"numbers": ["+4930123456"]})
    assert taken.json()["error"]["details"] == {"line_id": first["id"]}
    same = client.patch(f"{LINES}/{first['id']}", json={"numbers": ["+4930123456", "+4930123457"]})
    assert same.json()["numbers"] == ["+4930123456", "+4930123457"]


def test_a_change_leaves_what_it_does_not_name(client: TestClient) -> None:
    line = client.post(LINES, json=LINE | {"pin": "1234"}).json()
    path = f"{LINES}/{line['id']}"
    assert client.patch(path, json={"name": "Desk"}).json()["has_pin"]
    assert not client.patch(path, json={"pin": None}).json()["has_pin"]
    assert client.patch(path, json={"name": None}).json()["error"]["param"] == "name"
    opened = client.patch(path, json={"allowed_addresses": []})
    assert opened.json()["error"]["code"] == "open_trunk"
    assert client.get(path).json()["allowed_addresses"] == ["203.0.113.7/32"]


def test_who_changed_lines_is_in_the_audit(client: TestClient) -> None:
    line = client.post(LINES, json=LINE).json()["id"]
    client.patch(f"{LINES}/{line}", json={"name": "Desk"})
    assert client.delete(f"{LINES}/{line}").status_code == 204
    assert client.delete(f"{LINES}/{line}").status_code == 404
    entries = client.get("/api/audit").json()["entries"]
    done = [entry["action"] for entry in entries if entry["target"] == line]
    assert done == ["phone_line_deleted", "phone_line_changed", "phone_line_created"]


def test_without_the_voice_server_there_is_a_status_all_the_same(client: TestClient) -> None:
    client.post(LINES, json=LINE)
    told = client.get("/api/phone/status").json()
    assert (told["redis"], told["calls_on"], told["max_calls"]) == (False, 0, 4)
    assert [line["state"] for line in told["lines"]] == ["pending"]


async def test_a_new_line_is_its_makers(client: TestClient, database: Database) -> None:
    line = client.post(LINES, json=LINE).json()
    async with database.reading() as session:
        row = await session.get(PhoneLineRow, line["id"])
    assert row is not None
    assert row.user_id == "local"
