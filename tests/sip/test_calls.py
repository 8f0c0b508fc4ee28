"""A telephone call from its ringing to its end, heard at both ends."""

import pytest

from tests.sip.exchange import CALLER, NUMBER, Exchange
from tests.sip.softphone import LOUD_RMS, Softphone, loudness

pytestmark = [pytest.mark.usefixtures("line"), pytest.mark.timeout(300)]


def called(phone: Softphone, exchange: Exchange) -> dict[str, object]:
    """Dial and be greeted: the call as it is on record."""
    phone.dial(NUMBER)
    phone.until("CALL_ESTABLISHED")
    phone.until_heard()
    return exchange.last_call()


def test_a_question_is_answered_over_g711(phone: Softphone, exchange: Exchange) -> None:
    call = called(phone, exchange)
    greeted = len(phone.heard())
    phone.say("what time is it")
    exchange.until_said(call, "user", "what time is it")
    answer = exchange.until_said(call, "assistant", "It's")
    phone.until_heard(since=greeted)
    assert answer["tools"][0]["name"] == "get_time"
    assert (loudness(phone.heard()[greeted:]) > LOUD_RMS).sum() >= 5  # half a second of speech
    phone.hang_up()
    ended = exchange.until_ended(str(call["id"]))
    assert (ended["ended_reason"], ended["caller"]) == ("user_hung_up", CALLER)
    assert (ended["called"], ended["direction"]) == (NUMBER, "inbound")


def test_each_key_is_heard_once(phone: Softphone, exchange: Exchange) -> None:
    call = called(phone, exchange)
    phone.key("1203#")
    exchange.until_said(call, "user", "(keys pressed: 1203)")
    keyed = [turn["text"] for turn in exchange.turns(call) if "keys pressed" in turn["text"]]
    assert keyed == ["(keys pressed: 1203)"]


def test_the_agent_hangs_up_after_a_goodbye(phone: Softphone, exchange: Exchange) -> None:
    call = called(phone, exchange)
    phone.say("thank you goodbye")
    phone.until("CALL_CLOSED", within_s=45)
    assert exchange.until_ended(str(call["id"]))["ended_reason"] == "agent_hung_up"


def test_who_says_nothing_is_asked_for_and_then_hung_up(
    phone: Softphone, exchange: Exchange
) -> None:
    call = called(phone, exchange)
    greeted = len(phone.heard())
    asked = phone.until_heard(since=greeted, within_s=40)
    phone.until("CALL_CLOSED", within_s=45)
    assert (loudness(phone.heard()[asked:]) > LOUD_RMS).any()  # the goodbye
    assert exchange.until_ended(str(call["id"]))["ended_reason"] == "user_silent"


def test_a_held_call_goes_on_where_it_was(phone: Softphone, exchange: Exchange) -> None:
    call = called(phone, exchange)
    phone.hold()
    phone.resume()
    greeted = len(phone.heard())
    phone.say("what time is it")
    exchange.until_said(call, "assistant", "It's")
    phone.until_heard(since=greeted)
