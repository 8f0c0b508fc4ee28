"""One call after the other, several at once, and one too many."""

import pytest

from tests.sip import scenarios
from tests.sip.conftest import PHONE_CALLS
from tests.sip.exchange import NUMBER, Exchange, until
from tests.sip.scenarios import Sipp
from tests.sip.softphone import LOUD_RMS, Softphone, loudness

pytestmark = [pytest.mark.usefixtures("line"), pytest.mark.timeout(400)]
IN_SEQUENCE = 20
FILES_THAT_STAY = 12  # connections kept open for the next call
PORTS_FREE_WITHIN_S = 60.0  # livekit-sip keeps a call's ports for half a minute after it


def test_twenty_calls_leave_nothing_behind(sipp: Sipp, exchange: Exchange) -> None:
    assert sipp.play(scenarios.a_call(0.5), NUMBER).code == 0  # what is opened once, is
    until_quiet(exchange)
    before = {name: exchange.files_open(name) for name in ("sip", "sfu", "agent", "backend")}
    count = len(exchange.calls())
    played = sipp.play(scenarios.a_call(0.5), NUMBER, "-m", str(IN_SEQUENCE), "-l", "1", "-r", "10")
    assert played.code == 0, played.log
    until_quiet(exchange)
    assert len(exchange.calls()) == min(100, count + IN_SEQUENCE)
    assert {call["ended_reason"] for call in exchange.calls()[:IN_SEQUENCE]} == {"user_hung_up"}

    def grown() -> dict[str, int]:
        now = {name: exchange.files_open(name) - files for name, files in before.items()}
        return {name: more for name, more in now.items() if more > FILES_THAT_STAY}

    until(lambda: not grown(), PORTS_FREE_WITHIN_S, lambda: f"files are closed; open: {grown()}")


def test_one_call_too_many_hears_that_lines_are_busy(
    sipp: Sipp, phone: Softphone, exchange: Exchange
) -> None:
    calls = ("-m", str(PHONE_CALLS), "-l", str(PHONE_CALLS), "-r", "2")
    playing = sipp.start(scenarios.until_hung_up(), NUMBER, *calls)
    try:
        until(lambda: len(live(exchange)) == PHONE_CALLS, 40, "all lines are taken")
        phone.dial(NUMBER)
        phone.until("CALL_ESTABLISHED")
        phone.until("CALL_CLOSED")
        assert (loudness(phone.heard()) > LOUD_RMS).sum() >= 15  # a sentence of some seconds
        assert exchange.last_call()["ended_reason"] == "lines_busy"
        assert len(live(exchange)) == PHONE_CALLS  # nobody else's call was touched
        assert playing.wait(60) == 0  # each was asked for and hung up, as nobody spoke
    finally:
        playing.kill()
    until_quiet(exchange)


def live(exchange: Exchange) -> list[object]:
    return [call for call in exchange.calls("live") if call["answered_at"]]


def until_quiet(exchange: Exchange) -> None:
    until(lambda: not exchange.calls("live") and exchange.jobs() == 0, 40, "no call is left")
