"""The waterfall of a turn."""

import time

import pytest
from livekit.agents.llm import ChatContext, ChatMessage, FunctionCall, FunctionCallOutput

from livekit_agent.timeline import Timeline


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


def user(stopped_at: float) -> ChatMessage:
    metrics = {"stopped_speaking_at": stopped_at, "transcription_delay": 0.1}
    return ChatMessage(role="user", content=["hello"], metrics=metrics)


def agent(text: str = "Hello.", **metrics: float) -> ChatMessage:
    return ChatMessage(role="assistant", content=[text], metrics=metrics)


def begin(timeline: Timeline) -> None:
    context = ChatContext.empty()
    context.add_message(role="user", content="hello")
    timeline.reply_begun(context)


def test_instants_are_counted_from_the_end_of_speech(clock: Clock) -> None:
    timeline = Timeline(fallbacks=lambda: ["tts"])
    clock.now_s = 100.1
    begin(timeline)
    clock.now_s = 100.3
    timeline.first_token()
    clock.now_s = 100.35
    timeline.first_phrase()
    timeline.turn_decided(user(stopped_at=100.0))
    clock.now_s = 100.5
    timeline.first_byte()
    clock.now_s = 100.9
    timeline.first_byte()  # of the next phrase
    turn = timeline.replied(agent(started_speaking_at=100.52, stopped_speaking_at=103.0))
    assert turn.llm_first_token_at_s == 0.3
    assert turn.first_phrase_at_s == turn.turn_decided_at_s == 0.35
    assert turn.tts_first_byte_at_s == 0.5
    assert (turn.first_sound_at_s, turn.total_s) == (0.52, 3.0)
    assert turn.preemptive
    assert turn.discarded == 0
    assert turn.fallbacks == ["tts"]


def test_replies_thrown_away_are_counted_and_the_last_one_told(clock: Clock) -> None:
    timeline = Timeline(fallbacks=list)
    for _ in range(3):
        clock.now_s += 1
        begin(timeline)
        timeline.first_token()
    timeline.turn_decided(user(stopped_at=100.0))
    turn = timeline.replied(agent(started_speaking_at=104.0))
    assert turn.discarded == 2
    assert turn.llm_first_token_at_s == 3.0


def test_what_is_said_after_a_tool_is_the_same_reply(clock: Clock) -> None:
    timeline = Timeline(fallbacks=list)
    timeline.turn_decided(user(stopped_at=100.0))
    begin(timeline)
    context = ChatContext.empty()
    context.items.append(FunctionCall(call_id="1", name="x", arguments="{}"))
    context.items.append(FunctionCallOutput(call_id="1", name="x", output="1", is_error=False))
    timeline.reply_begun(context)
    turn = timeline.replied(agent(started_speaking_at=101.0))
    assert turn.discarded == 0
    assert not turn.preemptive


def test_a_greeting_has_no_instants(clock: Clock) -> None:
    turn = Timeline(fallbacks=list).replied(agent(started_speaking_at=101.0))
    assert turn.first_sound_at_s is None
    assert not turn.preemptive


def test_a_turn_leaves_nothing_to_the_next(clock: Clock) -> None:
    timeline = Timeline(fallbacks=list)
    begin(timeline)
    timeline.turn_decided(user(stopped_at=100.0))
    timeline.replied(agent())
    turn = timeline.replied(agent(started_speaking_at=101.0))
    assert turn.turn_decided_at_s is None


def test_a_reply_that_was_never_heard_is_none_of_the_next_turn(clock: Clock) -> None:
    timeline = Timeline(fallbacks=list)
    timeline.turn_decided(user(stopped_at=100.0))
    begin(timeline)  # interrupted before its first sound
    clock.now_s = 105.0
    begin(timeline)
    again = user(stopped_at=104.8)
    again.metrics["started_speaking_at"] = 103.0
    timeline.turn_decided(again)
    turn = timeline.replied(agent(started_speaking_at=105.5))
    assert turn.discarded == 0
    assert timeline.turns == 2


def test_it_knows_whether_a_question_was_asked(clock: Clock) -> None:
    timeline = Timeline(fallbacks=list)
    timeline.replied(agent("Which one? "))
    assert timeline.asked_something
    timeline.replied(agent("That one."))
    assert not timeline.asked_something
