"""A line that asks for a PIN, and one that calls go out through."""

from pathlib import Path

import pytest

from tests.sip.exchange import LOOPBACK, Exchange, until
from tests.sip.softphone import Softphone

pytestmark = pytest.mark.timeout(300)
SECRET_NUMBER = "+15550103"
PIN = "4321"
CALLED = "+15550155"


@pytest.fixture(scope="module")
def secret_line(exchange: Exchange) -> None:
    exchange.add_line(name="secret", numbers=[SECRET_NUMBER], allowed_addresses=LOOPBACK, pin=PIN)


@pytest.mark.usefixtures("secret_line")
def test_a_caller_with_the_pin_is_let_in(phone: Softphone, exchange: Exchange) -> None:
    before = len(exchange.calls())
    phone.dial(SECRET_NUMBER)
    phone.until("CALL_ESTABLISHED")
    phone.until_heard()
    assert len(exchange.calls()) == before  # the agent knows nothing of it yet
    phone.key(f"{PIN}#")
    until(lambda: len(exchange.calls()) > before, 30, "the agent took the call")
    exchange.until_said(exchange.last_call(), "assistant", "Hello")
    phone.hang_up()
    assert exchange.until_ended(exchange.last_call()["id"])["ended_reason"] == "user_hung_up"


@pytest.mark.usefixtures("secret_line")
def test_a_caller_with_another_pin_is_hung_up(phone: Softphone, exchange: Exchange) -> None:
    before = len(exchange.calls())
    phone.dial(SECRET_NUMBER)
    phone.until("CALL_ESTABLISHED")
    phone.until_heard()
    phone.key("1111#")
    phone.until("CALL_CLOSED")
    assert len(exchange.calls()) == before


@pytest.fixture(scope="module")
def outbound(exchange: Exchange, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, int]:
    """The id of a line that calls go out through, and the port they come in at."""
    callee = Softphone(tmp_path_factory.mktemp("x") / "x", CALLED, exchange.sip_port)
    address = f"127.0.0.1:{callee.sip_port}"
    made = exchange.add_line(
        name="out",
        numbers=["+15550104"],
        allowed_addresses=LOOPBACK,
        trusted_callers=[CALLED],
        outbound_address=address,
        transport="udp",
    )
    return made["id"], callee.sip_port


@pytest.fixture
def callee(exchange: Exchange, folder: Path, outbound: tuple[str, int]) -> Softphone:
    return Softphone(folder / "callee", CALLED, exchange.sip_port, outbound[1])


def test_whom_we_call_is_greeted_once_they_answer(
    callee: Softphone, exchange: Exchange, outbound: tuple[str, int]
) -> None:
    with callee.on():
        made = exchange.ask("POST", "/api/calls", {"to": CALLED, "line_id": outbound[0]})
        callee.until("CALL_INCOMING")
        callee.answer()
        callee.until("CALL_ESTABLISHED")
        callee.until_heard()
        exchange.until_said(made | exchange.last_call(), "assistant", "Hello")
        exchange.ask("DELETE", f"/api/calls/{made['id']}")
        callee.until("CALL_CLOSED")
    assert exchange.until_ended(made["id"])["direction"] == "outbound"


def test_a_callee_who_is_busy_is_on_record_as_that(
    callee: Softphone, exchange: Exchange, outbound: tuple[str, int]
) -> None:
    with callee.on():
        made = exchange.ask("POST", "/api/calls", {"to": CALLED, "line_id": outbound[0]})
        callee.until("CALL_INCOMING")
        callee.hang_up()
    assert exchange.until_ended(made["id"])["ended_reason"] == "callee_busy"
    until(lambda: exchange.jobs() == 0, 45, "the agent has left")
