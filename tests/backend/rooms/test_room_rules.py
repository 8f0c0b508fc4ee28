"""The rules of one room, look by look; looks are a second apart unless a row says otherwise."""

import json
from dataclasses import replace

import pytest

from backend.rooms.room_rules import (
    ABSENT_LOOKS,
    DEAF_S,
    JOIN_WITHIN_S,
    JOINING_S,
    SETTLED_S,
    SILENT_LOOKS,
    TAKEN_WITHIN_S,
    AgentSeen,
    Answer,
    Decision,
    DispatchSeen,
    RoomMemory,
    RoomSeen,
    decide,
    metadata_of,
)

NOW_S = 1_000_000.0
TOLD = {"conversation_id": "c1", "user_id": "u1", "channel": "sip", "persona_id": "p", "resume": 0}
METADATA = json.dumps(TOLD | {"resume": False})


def agent(name: str = "a", answer: Answer = Answer.ANSWERED, age_s: float = 100.0) -> AgentSeen:
    return AgentSeen(
        identity=f"agent-{name}", sid=f"PA_{name}", joined_at_s=NOW_S - age_s, answer=answer
    )


def order(name: str = "d", age_s: float = 100.0, *agents: str) -> DispatchSeen:
    taken = frozenset(f"agent-{a}" for a in agents)
    return DispatchSeen(id=name, created_at_s=NOW_S - age_s, metadata=METADATA, agents=taken)


def room(*agents: AgentSeen, orders: tuple[DispatchSeen, ...] = (), people: int = 1) -> RoomSeen:
    return RoomSeen(name="call-x", people=people, agents=agents, dispatches=orders)


def looks(
    seen: RoomSeen,
    count: int,
    memory: RoomMemory | None = None,
    *,
    every_s: float = 1.0,
    ready_at_s: float | None = None,
) -> list[Decision]:
    """What is decided when the room looks the same `count` times, the last of them now."""
    decisions = []
    memory = memory or RoomMemory()
    for index in range(count):
        now_s = NOW_S - (count - 1 - index) * every_s
        decisions.append(decide(seen, memory, now_s, ready_at_s))
        memory = decisions[-1].memory
    return decisions


def acted(decision: Decision) -> bool:
    return bool(decision.dead or decision.surplus or decision.dispatch or decision.cancel)


def had(name: str = "a") -> RoomMemory:
    """After looks at a room with this agent in it, well and long settled."""
    return looks(room(agent(name)), 2, every_s=SETTLED_S)[-1].memory


def resumes(decision: Decision) -> bool:
    assert decision.dispatch is not None
    told = json.loads(decision.dispatch)
    assert {**told, "resume": 0} == TOLD
    return bool(told["resume"])


@pytest.mark.parametrize(
    "seen",
    [
        room(agent()),
        room(agent(answer=Answer.JOINING, age_s=JOINING_S - 1)),
        room(people=0),
        room(agent(answer=Answer.SILENT), people=0),
        room(orders=(order(age_s=1.0),)),
        room(orders=(order("d", JOIN_WITHIN_S - 1, "coming"),)),
    ],
    ids=["it answers", "it joins", "nobody", "nobody to serve", "just ordered", "taken, coming"],
)
def test_a_room_that_needs_nothing_is_left_alone(seen: RoomSeen) -> None:
    assert not any(acted(decision) for decision in looks(seen, 5, every_s=0.1))


def test_an_agent_silent_for_some_looks_is_replaced_in_the_same_look() -> None:
    seen = room(agent(answer=Answer.SILENT), orders=(order("d", 100.0, "a"),))
    *before, last = looks(seen, SILENT_LOOKS, had())
    assert not any(acted(decision) for decision in before)
    assert last.dead == (("agent-a", "silent"),)
    assert last.why == "silent"
    assert last.cancel == ("d",)
    assert resumes(last)


def test_one_answer_between_silences_clears_the_doubt() -> None:
    silent, well = room(agent(answer=Answer.SILENT)), room(agent())
    memory = looks(silent, SILENT_LOOKS - 1, had())[-1].memory
    memory = looks(well, 1, memory)[-1].memory
    assert not any(acted(decision) for decision in looks(silent, SILENT_LOOKS - 1, memory))


def test_a_blocked_loop_is_given_longer_than_a_dead_process() -> None:
    seen = room(agent(answer=Answer.DEAF), orders=(order("d", 100.0, "a"),))
    *before, last = looks(seen, int(DEAF_S) + 1, had())
    assert not any(acted(decision) for decision in before)
    assert last.dead == (("agent-a", "deaf"),)
    assert resumes(last)


def test_an_agent_that_never_finishes_joining_is_replaced() -> None:
    (only,) = looks(room(agent(answer=Answer.JOINING, age_s=JOINING_S + 1)), 1)
    assert only.dead == (("agent-a", "silent"),)
    assert only.dispatch is not None


def test_an_agent_that_left_is_missed_in_two_looks() -> None:
    seen = room(orders=(order("d", 100.0, "a"),))
    *before, last = looks(seen, ABSENT_LOOKS, had())
    assert not any(acted(decision) for decision in before)
    assert last.why == "left"
    assert resumes(last)


def test_an_agent_that_died_right_after_it_came_is_not_waited_for() -> None:
    seen = room(agent(age_s=3.0))
    memory = looks(seen, 1)[-1].memory
    young = order("d", 3.5)  # whose job the SFU does not tell yet
    assert looks(room(orders=(young,)), ABSENT_LOOKS, memory)[-1].dispatch is not None


def test_a_person_who_comes_back_again_and_again_is_not_made_to_wait() -> None:
    memory, now_s = RoomMemory(), NOW_S
    for _ in range(5):
        for seen in (room(agent()), room(agent(), people=0), room(people=0), room()):
            now_s += 1.0
            memory = decide(seen, memory, now_s).memory
        now_s += 1.0
        decision = decide(room(), memory, now_s)
        assert decision.dispatch is not None
        assert decision.why == "left"
        memory = decision.memory


def test_a_room_no_agent_ever_came_to_is_greeted() -> None:
    decision = looks(room(orders=(order("d", TAKEN_WITHIN_S + 1),)), ABSENT_LOOKS)[-1]
    assert decision.why == "never_came"
    assert not resumes(decision)
    assert decision.cancel == ("d",)


def test_an_order_from_before_there_was_a_worker_is_not_waited_for() -> None:
    seen = room(orders=(order("d", 4.0),))
    assert looks(seen, ABSENT_LOOKS)[-1].dispatch is None
    assert looks(seen, ABSENT_LOOKS, ready_at_s=NOW_S - 100)[-1].dispatch is None
    assert looks(seen, ABSENT_LOOKS, ready_at_s=NOW_S - 1)[-1].dispatch is not None
    just_made = room(orders=(order("d", 1.0),))  # perhaps it found the worker that just came
    assert looks(just_made, ABSENT_LOOKS, ready_at_s=NOW_S - 0.5)[-1].dispatch is None


def test_an_order_taken_long_ago_that_brought_nobody_is_not_waited_for() -> None:
    seen = room(orders=(order("d", JOIN_WITHIN_S + 1, "crashed"),))
    assert looks(seen, ABSENT_LOOKS)[-1].dispatch is not None


def test_of_several_orders_one_that_may_still_bring_an_agent_is_enough() -> None:
    seen = room(orders=(order("old"), order("new", 1.0)))
    assert not any(acted(decision) for decision in looks(seen, 3, had(), every_s=0.1))


def test_agents_that_die_again_and_again_are_replaced_ever_more_slowly() -> None:
    memory, now_s, waits = RoomMemory(), NOW_S, []
    for _ in range(8):
        memory = decide(room(agent(age_s=0.0)), memory, now_s).memory
        died_s = now_s
        while (decision := decide(room(), memory, now_s)).dispatch is None:
            memory = decision.memory
            now_s += 0.5
        waits.append(now_s - died_s)
        memory = decision.memory
    assert waits == sorted(waits)
    assert waits[0] <= 1.0
    assert waits[-1] == 30.0


def test_an_agent_that_stayed_clears_the_count_of_the_lost() -> None:
    crashed = replace(RoomMemory(), lost=6)
    memory = looks(room(agent()), 2, crashed, every_s=SETTLED_S)[-1].memory
    assert looks(room(), ABSENT_LOOKS, memory)[-1].dispatch is not None


def test_of_two_agents_the_one_that_came_later_goes() -> None:
    (only,) = looks(room(agent("late", age_s=1.0), agent("early", age_s=50.0)), 1)
    assert only.surplus == ("agent-late",)
    assert only.dispatch is None


def test_of_two_agents_the_one_that_answers_stays() -> None:
    silent = agent("early", Answer.SILENT, age_s=50.0)
    (only,) = looks(room(agent("late", age_s=1.0), silent), 1)
    assert only.surplus == ("agent-early",)


def test_a_dead_agent_beside_a_living_one_is_only_removed() -> None:
    memory = looks(room(agent("a", Answer.SILENT)), SILENT_LOOKS - 1)[-1].memory
    (last,) = looks(room(agent("a", Answer.SILENT), agent("b", age_s=1.0)), 1, memory)
    assert last.dead == (("agent-a", "silent"),)
    assert last.surplus == ()
    assert last.dispatch is None


def test_rooms_without_an_agent_are_known() -> None:
    assert looks(room(), 1)[-1].without_agent
    assert not looks(room(people=0), 1)[-1].without_agent
    assert not looks(room(agent()), 1)[-1].without_agent


@pytest.mark.parametrize(
    ("orders", "told", "conversation_id"),
    [
        ((order(),), (), "c1"),
        ((), (METADATA,), "c1"),
        ((replace(order(), metadata=""),), ("{}", "[]", METADATA), "c1"),
        ((replace(order(), metadata="not json"),), ('{"conversation_id": 7}',), "call-x"),
        ((), (), "call-x"),
    ],
    ids=["of the order", "of the caller's token", "the first that is ours", "broken", "nothing"],
)
def test_the_next_agent_is_told_the_same_conversation(
    orders: tuple[DispatchSeen, ...], told: tuple[str, ...], conversation_id: str
) -> None:
    seen = replace(room(orders=orders), told=told)
    metadata = json.loads(metadata_of(seen, resume=True))
    assert metadata["conversation_id"] == conversation_id
    assert metadata["resume"] is True
    assert set(metadata) == set(TOLD)


def test_a_conversation_once_resumed_stays_resumed() -> None:
    resumed = replace(order(), metadata=json.dumps(TOLD | {"resume": True}))
    assert json.loads(metadata_of(room(orders=(resumed,)), resume=False))["resume"] is True


def test_a_telephone_calls_next_agent_asks_whose_call_it_is() -> None:
    told = json.dumps({"channel": "sip", "line_id": "l1", "persona_id": None})
    room = RoomSeen(name="call-sip-_+49_x", people=1, told=(told,))
    assert json.loads(metadata_of(room, resume=True)) == json.loads(told) | {"resume": True}
    untold = RoomSeen(name="call-sip-_+49_x", people=1)
    assert json.loads(metadata_of(untold, resume=True)) == {"channel": "sip", "resume": True}
