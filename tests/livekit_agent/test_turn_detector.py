"""When the detector says that the turn is over."""

import asyncio
from collections.abc import Callable

from livekit_agent.turn_detector import Heard, TurnDetector, TurnDetectorStream
from livekit_agent.turns import Endpointing
from tests.livekit_agent.virtual.clock import in_virtual_time, now_s

RULE = Endpointing()
SEEN_S = 0.2  # silence that has passed when the SDK asks


def detector(heard: Callable[[], Heard]) -> TurnDetectorStream:
    return TurnDetector(RULE, heard).stream()


def words(text: str, *, after_question: bool = False) -> Callable[[], Heard]:
    return lambda: Heard(text, "en", after_question)


async def silence_s(stream: TurnDetectorStream) -> float:
    """Until the answer is yes."""
    begun_s = now_s()
    event = await stream.predict()
    assert event.end_of_turn_probability == 1.0
    return round(now_s() - begun_s + SEEN_S, 3)


@in_virtual_time
async def test_it_answers_when_the_silence_has_lasted() -> None:
    assert await silence_s(detector(words("tell me a story"))) == RULE.doubt_s
    assert await silence_s(detector(words("I want to"))) == RULE.max_s
    assert (
        await silence_s(detector(words("red", after_question=True)))
        == RULE.doubt_s + RULE.after_question_s
    )


@in_virtual_time
async def test_words_that_come_while_it_waits_count() -> None:
    texts = ["I want to", "I want to go home"]
    stream = detector(lambda: Heard(texts[now_s() > 0.8], "en", False))
    assert (
        await silence_s(stream) == RULE.max_s
    )  # it had chosen the long wait, and looks again then


@in_virtual_time
async def test_it_says_no_when_they_go_on() -> None:
    stream = detector(words("I want to"))
    answer = stream.predict()
    await asyncio.sleep(0.5)
    stream.cancel_inference()
    assert (await answer).end_of_turn_probability == 0.0


@in_virtual_time
async def test_a_new_question_drops_the_old_one() -> None:
    stream = detector(words("tell me a story"))
    first = stream.predict()
    second = stream.predict()
    assert (await first).end_of_turn_probability == 0.0
    assert (await second).end_of_turn_probability == 1.0


@in_virtual_time
async def test_a_caller_who_pauses_is_waited_for_longer() -> None:
    stream = detector(words("tell me a story"))
    for _ in range(8):
        answer = stream.predict()
        await asyncio.sleep(RULE.doubt_s - SEEN_S - 0.01)
        stream.cancel_inference()
        await answer
    longer_s = await silence_s(stream)
    assert longer_s > RULE.doubt_s
    for _ in range(30):
        await silence_s(stream)
        stream.flush()
    assert await silence_s(stream) == RULE.doubt_s


@in_virtual_time
async def test_closing_leaves_nobody_waiting() -> None:
    stream = detector(words("I want to"))
    answer = stream.predict()
    await stream.aclose()
    assert (await answer).end_of_turn_probability == 0.0
