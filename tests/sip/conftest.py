"""One exchange for this folder's tests, and telephones to call it with."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import LOGS, free_ports
from tests.sip.exchange import CALLER, LOOPBACK, NUMBER, Exchange
from tests.sip.scenarios import Sipp
from tests.sip.scripted_llm import switchboard
from tests.sip.softphone import Softphone
from tests.stack import start, stop, wait_until_up

PHONE_CALLS = 4
SETTINGS = {
    "PARLEY_PHONE": "on",
    "BACKEND_PHONE_MAX_CALLS": str(PHONE_CALLS),
    "BACKEND_PHONE_DIAL_ALLOW": '["+1555"]',
    "AGENT_SILENCE_PROMPT_S": "15",
    "AGENT_SILENCE_HANGUP_S": "5",
    "SIP_LOG_LEVEL": "info",
}


@pytest.fixture(scope="session")
def reception_port() -> int:
    """Where calls are put through to."""
    return free_ports(2)[0]


@pytest.fixture(scope="session")
def exchange(reception_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    shutil.rmtree(LOGS / "sip", ignore_errors=True)  # with the lines of an earlier run
    page = tmp_path_factory.mktemp("web") / "index.html"  # no telephone opens it
    page.write_text("<!doctype html>")
    with switchboard() as board:
        put_through = {"reception": f"sip:reception@127.0.0.1:{reception_port}"}
        stack = start(
            "sip",
            SETTINGS
            | {
                "BACKEND_WEB_DIR": str(page.parent),
                "AGENT_LLM_URL": board.url,
                "AGENT_TRANSFER_NUMBERS": json.dumps(put_through),
            },
        )
        board.behind = f"http://127.0.0.1:{stack.ports['LLM_PORT']}"
        try:
            wait_until_up(stack)
            stack.wait_service_ready("sip", 60)
            yield Exchange(stack)
        finally:
            for left in stop(stack):
                left.kill()


@pytest.fixture(scope="session")
def line(exchange: Exchange) -> str:
    """The id of a line that this machine may call, and whose caller is known."""
    made = exchange.add_line(
        name="desk", numbers=[NUMBER], allowed_addresses=LOOPBACK, trusted_callers=[CALLER]
    )
    return str(made["id"])


@pytest.fixture
def folder(exchange: Exchange, request: pytest.FixtureRequest) -> Path:
    """What the telephones of a test wrote and recorded, to look at afterwards."""
    place = exchange.stack.folder / "phones" / str(request.node.name)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


@pytest.fixture
def phone(exchange: Exchange, folder: Path) -> Iterator[Softphone]:
    """Switched on, and hung up after the test."""
    softphone = Softphone(folder / "phone", CALLER, exchange.sip_port)
    with softphone.on():
        yield softphone


@pytest.fixture
def sipp(exchange: Exchange, folder: Path) -> Sipp:
    return Sipp(folder / "sipp", exchange.sip_port)
