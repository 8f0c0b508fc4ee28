"""No caller's number is in the log, whoever writes it."""

import json
import subprocess
import sys

import pytest

from chassis.room_names import kept_name, without_numbers

NUMBER = "4915112345678"
ROOM = f"call-sip-_+{NUMBER}_a1b2c3"
LOGS = f"""
import logging, sys
from chassis.logs import configure_logs, get_logger
configure_logs("agent", log_format=sys.argv[1])
log = logging.getLogger("livekit.agents")
log.info("received job request", extra={{"room": {ROOM!r}}})
log.info("linked", extra={{
    "lk.pii.participant_identity": "sip_+{NUMBER}", "lk.pii.room_name": {ROOM!r}
}})
log.info('Disconnected from room "{ROOM}" with reason X')
try:
    raise RuntimeError("no room {ROOM}")
except RuntimeError:
    log.exception("failed")
get_logger("ours").info("agent_dispatched", room={kept_name(ROOM)!r})
get_logger("ours").info("token_issued", room="call-web", sip_status=486)
"""


def logged(log_format: str) -> list[str]:
    command = [sys.executable, "-c", LOGS, log_format]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return told.stderr.splitlines()


def test_calls_by_telephone_are_logged_without_their_number() -> None:
    lines = logged("json")
    asked, linked, left, failed, ours, web = (json.loads(line) for line in lines)
    assert asked["room"] == ours["room"] == linked["lk.pii.room_name"] == kept_name(ROOM)
    assert linked["lk.pii.participant_identity"] == "sip_caller"
    assert left["event"] == f'Disconnected from room "{kept_name(ROOM)}" with reason X'
    assert f"no room {kept_name(ROOM)}" in failed["exception"]
    assert (web["room"], web["sip_status"]) == ("call-web", 486)
    assert NUMBER not in "".join(lines)


def test_so_they_are_for_people() -> None:
    text = "\n".join(logged("console"))
    assert kept_name(ROOM) in text
    assert NUMBER not in text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (f"\x1b[35msip_{NUMBER}\x1b[0m left", "\x1b[35msip_caller\x1b[0m left"),
        (f"[{ROOM}, sip_+1]", f"[{kept_name(ROOM)}, sip_caller]"),
        ("sip_call_id sip_5 sip_alice", "sip_call_id sip_caller sip_alice"),
    ],
)
def test_a_name_ends_where_it_does(text: str, written: str) -> None:
    assert without_numbers(text) == written
