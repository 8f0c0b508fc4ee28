"""Calls that are none: wrong numbers, wrong passwords, broken offers, callers who change their
minds. None of them reaches an engine, and none leaves anything behind."""

import pytest

from tests.sip import scenarios
from tests.sip.exchange import NUMBER, Exchange, until
from tests.sip.scenarios import Sipp

pytestmark = [pytest.mark.usefixtures("line"), pytest.mark.timeout(300)]
GUARDED = "+15550101"
FLOOD = 100
NOWHERE = "+15559999"


@pytest.fixture(scope="module")
def guarded(exchange: Exchange) -> str:
    """A number that asks for a password."""
    login = {"auth_user": "desk", "auth_password": "correct-horse"}
    exchange.add_line(name="guarded", numbers=[GUARDED], **login)
    return GUARDED


def test_a_wrong_number_is_not_picked_up(sipp: Sipp, exchange: Exchange) -> None:
    before = len(exchange.calls())
    played = sipp.play(scenarios.unheard(), NOWHERE)
    assert played.code == 0, played.log
    assert exchange.jobs() == 0
    assert len(exchange.calls()) == before


def test_a_flood_without_a_password_is_asked_for_it(
    sipp: Sipp, exchange: Exchange, guarded: str
) -> None:
    before = len(exchange.calls())
    played = sipp.play(scenarios.refused(407), guarded, "-m", str(FLOOD), "-r", "50")
    assert played.code == 0, played.log
    assert exchange.jobs() == 0
    assert len(exchange.calls()) == before


def test_a_wrong_password_is_refused_and_the_right_one_is_not(sipp: Sipp, guarded: str) -> None:
    wrong = sipp.play(
        scenarios.with_password("desk", "guess", 401), guarded, "-m", "20", "-r", "20"
    )
    assert wrong.code == 0, wrong.log
    right = sipp.play(scenarios.with_password("desk", "correct-horse", 200), guarded)
    assert right.code == 0, right.log


@pytest.mark.parametrize("body", [scenarios.NO_CODEC_SDP, scenarios.BROKEN_SDP])
def test_an_offer_of_no_use_is_refused(sipp: Sipp, exchange: Exchange, body: str) -> None:
    played = sipp.play(scenarios.refused(400, body), NUMBER)
    assert played.code == 0, played.log
    assert exchange.stack.pids("sip")


@pytest.mark.parametrize("after_ms", [0, 300, 1000])
def test_a_caller_who_hangs_up_while_it_rings_leaves_nothing(
    sipp: Sipp, exchange: Exchange, after_ms: int
) -> None:
    sipp.play(scenarios.cancelled(after_ms), NUMBER)  # or it was picked up first: either is fine
    until_nothing_is_left(exchange)


def test_a_call_that_is_never_acknowledged_leaves_nothing(sipp: Sipp, exchange: Exchange) -> None:
    played = sipp.play(scenarios.bye_without_ack(), NUMBER)
    assert played.code == 0, played.log
    until_nothing_is_left(exchange)


def test_a_call_without_sound_is_hung_up(sipp: Sipp, exchange: Exchange) -> None:
    played = sipp.play(scenarios.until_hung_up(sound=False), NUMBER)
    assert played.code == 0, played.log
    until_nothing_is_left(exchange)


def test_who_calls_from_elsewhere_is_not_picked_up(sipp: Sipp, exchange: Exchange) -> None:
    number = "+15550102"
    exchange.add_line(name="elsewhere", numbers=[number], allowed_addresses=["192.0.2.77/32"])
    played = sipp.play(scenarios.unheard(), number)
    assert played.code == 0, played.log


def test_who_says_to_be_an_allowed_network_is_not_picked_up(sipp: Sipp, exchange: Exchange) -> None:
    number, network = "+15550109", "192.0.2.77/32"
    exchange.add_line(name="forged", numbers=[number], allowed_addresses=[network])
    before = len(exchange.calls())
    played = sipp.play(scenarios.refused(486, host=network), number)
    assert played.code == 0, played.log
    until_nothing_is_left(exchange)
    assert len(exchange.calls()) == before


def until_nothing_is_left(exchange: Exchange) -> None:
    def nothing() -> bool:
        return not exchange.calls("live") and exchange.jobs() == 0

    until(nothing, 45, "the call is over everywhere")
