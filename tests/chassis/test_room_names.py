"""No caller's number is in the log, whoever writes it."""

import json
import subprocess
import sys

from chassis.room_names import kept_name

ROOM = "call-sip-_+4915112345678_a1b2c3"
LOGS = f"""
import logging
from chassis.logs import configure_logs, get_logger
configure_logs("agent")
logging.getLogger("livekit.agents").info("received job request", extra={{"room": {ROOM!r}}})
get_logger("ours").info("agent_dispatched", room={kept_name(ROOM)!r})
get_logger("ours").info("token_issued", room="call-web")
"""


def test_rooms_of_telephone_calls_are_logged_by_their_digest() -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOGS], capture_output=True, text=True, check=True, timeout=60
    ).stderr
    rooms = [json.loads(line)["room"] for line in told.splitlines()]
    assert rooms == [kept_name(ROOM), kept_name(ROOM), "call-web"]
    assert "4915112345678" not in told
