"""A caller is put through to somebody else, or stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sip.exchange import NUMBER, Exchange
from tests.sip.softphone import Softphone

pytestmark = [pytest.mark.usefixtures("line"), pytest.mark.timeout(300)]


@pytest.fixture
def reception(exchange: Exchange, folder: Path, reception_port: int) -> Iterator[Softphone]:
    """The telephone calls are put through to."""
    softphone = Softphone(folder / "desk", "reception", exchange.sip_port, reception_port)
    with softphone.on():
        yield softphone


def asks_for_the_reception(phone: Softphone, exchange: Exchange) -> dict[str, object]:
    phone.dial(NUMBER)
    phone.until("CALL_ESTABLISHED")
    phone.until_heard()
    call = exchange.last_call()
    phone.key("7#")
    return call


def test_a_caller_is_put_through(
    phone: Softphone, reception: Softphone, exchange: Exchange
) -> None:
    call = asks_for_the_reception(phone, exchange)
    reception.until("CALL_INCOMING")
    reception.answer()
    reception.until("CALL_ESTABLISHED")
    assert exchange.until_ended(str(call["id"]))["ended_reason"] == "transferred"


def test_a_caller_nobody_takes_stays_and_is_told(
    phone: Softphone, reception: Softphone, exchange: Exchange
) -> None:
    call = asks_for_the_reception(phone, exchange)
    reception.until("CALL_INCOMING")
    reception.hang_up()
    exchange.until_said(call, "assistant", "nobody takes the call")
    assert [live["id"] for live in exchange.calls("live")] == [call["id"]]
