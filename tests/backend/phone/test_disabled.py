"""Whoever is disabled is out of their telephone calls as well."""

from pathlib import Path

from fastapi.testclient import TestClient

from chassis.room_names import PHONE_PREFIX
from tests.backend.accounts.people import HERE, ORIGIN, set_up, signed_up
from tests.backend.apps import app_with
from tests.backend.phone.sfu import FakeSfu
from tests.backend.phone.test_internal_calls import BEARER, LINE, ME


def test_calls_through_the_lines_of_a_disabled_user_end(
    tmp_path: Path, sfu: FakeSfu, database_url: str
) -> None:
    room, others = f"{PHONE_PREFIX}one", f"{PHONE_PREFIX}other"
    sfu.rooms |= {room: [], others: []}
    app = app_with(tmp_path, sfu.url, auth="on", signup="open", database_url=database_url)
    with TestClient(app, base_url=ORIGIN, client=HERE) as client:
        admin = set_up(client)
        sam = signed_up(client, "sam").get("/api/me").json()["id"]
        line = admin.post("/api/phone/lines", LINE | {"owner": "sam"}).json()["id"]
        call = {"room": room, "line_id": line, "caller": ME}
        assert client.post("/internal/calls", json=call, headers=BEARER).json()["user_id"] == sam
        assert admin.patch(f"/api/users/{sam}", {"disabled": True}).status_code == 200
        assert list(sfu.rooms) == [others]
