"""The SFU has what the lines say, whatever happened to it; what others made stays."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from livekit.protocol.sip import SIPDispatchRuleInfo, SIPInboundTrunkInfo, SIPOutboundTrunkInfo

from backend.data.db import Database
from backend.phone import lines, schema
from backend.phone.call_metrics import CallMetrics
from backend.phone.lines import Asker
from backend.phone.plan import line_of
from backend.phone.reconciler import NO_REDIS, Reconciler
from backend.phone.sip_sfu import SipSfu
from backend.rooms.watcher_sfu import SfuFailed
from chassis.metrics import Metrics
from tests.backend.phone.sfu import FakeSfu

ME = Asker(user_id="local")
HERE = ["203.0.113.7"]
OUT: dict[str, Any] = {
    "outbound_address": "sip.example.net",
    "outbound_user": "me",
    "outbound_password": "secret",
}


@dataclass
class Leadership:
    leads: bool = True


def reconciler(database: Database, sip: SipSfu, leader: Leadership | None = None) -> Reconciler:
    metrics = CallMetrics(Metrics("backend"))
    return Reconciler(database, leader or Leadership(), sip, "parley", metrics)


async def make(database: Database, number: str, **more: Any) -> str:
    new = schema.NewLine(numbers=[number], allowed_addresses=HERE, **more)
    async with database.writing() as session:
        return (await lines.create_line(session, new, ME)).id


async def change(database: Database, line_id: str, **more: Any) -> None:
    async with database.writing() as session:
        await lines.change_line(session, line_id, schema.LineChange(**more))


async def delete(database: Database, line_id: str) -> None:
    async with database.writing() as session:
        await lines.delete_line(session, line_id)


async def states(database: Database) -> list[tuple[str, str | None]]:
    async with database.reading() as session:
        return [(line.state, line.reason) for line in await lines.all_lines(session)]


async def eventually(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        await asyncio.sleep(0.01)  # between two polls of a deadline


async def test_a_line_becomes_trunks_and_a_rule_that_sends_the_agent(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    line = await make(database, "+4930123456", pin="1234", media_encryption="require", **OUT)
    await reconciler(database, sip).look()
    (inbound,), (outbound,) = sfu.inbound.values(), sfu.outbound.values()
    (rule,) = sfu.rules.values()
    assert inbound.numbers == ["+4930123456"]
    assert inbound.allowed_addresses == ["203.0.113.7/32"]
    assert (outbound.address, outbound.auth_password) == ("sip.example.net", "secret")
    individual = rule.rule.dispatch_rule_individual
    assert (individual.room_prefix, individual.pin) == ("call-sip-", "1234")
    assert rule.trunk_ids == [inbound.sip_trunk_id]
    (agent,) = rule.room_config.agents
    assert (agent.agent_name, json.loads(agent.metadata)["pin_typed"]) == ("parley", True)
    assert line_of(inbound.metadata) == line_of(outbound.metadata) == line_of(rule.metadata) == line
    assert await states(database) == [("ready", None)]


async def test_a_second_look_changes_nothing(database: Database, sip: SipSfu, sfu: FakeSfu) -> None:
    await make(database, "+4930123456", **OUT)
    look = reconciler(database, sip).look
    await look()
    puts = sfu.puts
    await look()
    await reconciler(database, sip).look()  # of another backend
    assert sfu.puts == puts == 3


async def test_what_changes_during_a_look_is_ready_after_the_next(
    database: Database, sip: SipSfu, sfu: FakeSfu, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = await make(database, "+4930123456")
    put_rule = SipSfu.put_rule

    async def late(sip: SipSfu, wanted: SIPDispatchRuleInfo, id_: str | None) -> str:
        await change(database, line, pin="1234")
        return await put_rule(sip, wanted, id_)

    monkeypatch.setattr(SipSfu, "put_rule", late)
    looking = reconciler(database, sip)
    await looking.look()
    assert await states(database) == [("pending", None)]
    await looking.look()
    assert await states(database) == [("ready", None)]
    assert [rule.rule.dispatch_rule_individual.pin for rule in sfu.rules.values()] == ["1234"]


async def test_what_redis_lost_is_made_again(database: Database, sip: SipSfu, sfu: FakeSfu) -> None:
    await make(database, "+4930123456", **OUT)
    look = reconciler(database, sip).look
    await look()
    sfu.flush()
    await look()
    assert (len(sfu.inbound), len(sfu.outbound), len(sfu.rules)) == (1, 1, 1)


async def test_what_others_made_stays(database: Database, sip: SipSfu, sfu: FakeSfu) -> None:
    theirs = SIPInboundTrunkInfo(sip_trunk_id="ST_0", numbers=["+1555"], metadata="theirs")
    sfu.inbound["ST_0"] = theirs
    sfu.outbound["ST_9"] = SIPOutboundTrunkInfo(sip_trunk_id="ST_9", metadata='{"parley": 7}')
    line = await make(database, "+4930123456")
    look = reconciler(database, sip).look
    await look()
    await delete(database, line)
    await look()
    assert (list(sfu.inbound.values()), list(sfu.outbound), sfu.rules) == ([theirs], ["ST_9"], {})


async def test_a_change_replaces_and_takes_away(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    line = await make(database, "+4930123456", pin="1234", **OUT)
    look = reconciler(database, sip).look
    await look()
    ids = set(sfu.inbound) | set(sfu.rules)
    gone = dict.fromkeys(OUT)
    await change(database, line, pin=None, numbers=["+4930777"], **gone)
    await look()
    (inbound,), (rule,) = sfu.inbound.values(), sfu.rules.values()
    assert set(sfu.inbound) | set(sfu.rules) == ids
    assert inbound.numbers == ["+4930777"]
    assert rule.rule.dispatch_rule_individual.pin == ""
    assert not sfu.outbound


async def test_what_two_leaders_made_at_once_is_one_in_the_end(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    await make(database, "+4930123456", **OUT)
    look = reconciler(database, sip).look
    await look()
    (first,) = sfu.outbound.values()
    twin = SIPOutboundTrunkInfo()
    twin.CopyFrom(first)
    twin.sip_trunk_id = "ST_zzz"
    sfu.outbound["ST_zzz"] = twin
    await look()
    assert list(sfu.outbound) == [first.sip_trunk_id]


async def test_a_line_the_sfu_refuses_does_not_hold_up_the_others(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    other = SIPInboundTrunkInfo(sip_trunk_id="ST_0", numbers=["+4930123456"])
    sfu.inbound["ST_0"] = other
    await make(database, "+4930123456")
    await make(database, "+4930777")
    await reconciler(database, sip).look()
    (refused, reason), fine = await states(database)
    assert refused == "failed"
    assert "Conflicting" in str(reason)
    assert fine == ("ready", None)


async def test_without_redis_lines_are_pending_and_say_so(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    await make(database, "+4930123456")
    sfu.has_no_redis()
    look = reconciler(database, sip).look
    with pytest.raises(SfuFailed):
        await look()
    assert await states(database) == [("pending", NO_REDIS)]
    sfu.refuse.clear()
    await look()
    assert await states(database) == [("ready", None)]


async def test_it_is_done_at_once_after_a_change_and_only_by_the_leader(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    leader = Leadership(leads=False)
    async with reconciler(database, sip, leader) as background:
        await make(database, "+4930123456")
        background.look_early()
        await asyncio.sleep(0.3)  # time in which a leader would have looked
        assert sfu.asked == 0
        leader.leads = True
        background.look_early()
        await eventually(lambda: len(sfu.rules) == 1)


async def test_a_server_without_telephony_is_asked_once_while_there_are_no_lines(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    sfu.has_no_redis()
    async with reconciler(database, sip) as background:
        await eventually(lambda: sfu.asked == 1)
        await asyncio.sleep(0.3)
        assert sfu.asked == 1
        sfu.refuse.clear()
        await make(database, "+4930123456")
        background.look_early()
        await eventually(lambda: len(sfu.rules) == 1)


async def test_the_first_line_of_all_may_be_given_to_another_backend(
    database: Database, sip: SipSfu, sfu: FakeSfu
) -> None:
    async with reconciler(database, sip):
        await eventually(lambda: sfu.asked == 3)  # trunks in and out, rules
        await make(database, "+4930123456")
        await eventually(lambda: len(sfu.rules) == 1)


NUMBERS = st.sampled_from([f"+493000{n}" for n in range(4)])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("make"), NUMBERS, st.sampled_from([{}, {"pin": "1234"}, OUT])),
        st.tuples(st.just("change"), NUMBERS, st.sampled_from([{"pin": None}, OUT, {"name": "x"}])),
        st.tuples(st.just("delete"), NUMBERS, st.just({})),
        st.tuples(st.just("lose"), st.sampled_from(["inbound", "outbound", "rules"]), st.just({})),
        st.tuples(st.just("look"), st.just(""), st.just({})),
    ),
    max_size=8,
)


@asynccontextmanager
async def clean(database: Database, sfu: FakeSfu) -> AsyncIterator[None]:
    yield
    sfu.flush()
    async with database.writing() as session:
        for line in await lines.all_lines(session):
            await session.delete(line)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
async def test_whatever_happened_one_look_makes_it_so_and_the_next_does_nothing(
    database: Database, sip: SipSfu, sfu: FakeSfu, steps: list[tuple[str, str, dict[str, Any]]]
) -> None:
    look = reconciler(database, sip).look
    async with clean(database, sfu):
        await happen(database, sfu, look, steps)
        await look()
        async with database.reading() as session:
            rows = await lines.all_lines(session)
        ids = {row.id for row in rows}
        outs = {row.id for row in rows if row.outbound_address}
        assert {line_of(one.metadata) for one in sfu.inbound.values()} == ids
        assert {line_of(one.metadata) for one in sfu.rules.values()} == ids
        assert {line_of(one.metadata) for one in sfu.outbound.values()} == outs
        assert len(sfu.inbound) == len(sfu.rules) == len(ids)
        trunks = {line_of(one.metadata): one.sip_trunk_id for one in sfu.inbound.values()}
        assert all(r.trunk_ids == [trunks[line_of(r.metadata)]] for r in sfu.rules.values())
        puts = sfu.puts
        await look()
        assert sfu.puts == puts
        assert await all_ready(database)


async def all_ready(database: Database) -> bool:
    return all(state == "ready" for state, _ in await states(database))


async def happen(
    database: Database,
    sfu: FakeSfu,
    look: Callable[[], Any],
    steps: list[tuple[str, str, dict[str, Any]]],
) -> None:
    made: dict[str, str] = {}
    for step, which, more in steps:
        if step == "make" and which not in made:
            made[which] = await make(database, which, **more)
        elif step == "change" and which in made:
            await change(database, made[which], **more)
        elif step == "delete" and which in made:
            await delete(database, made.pop(which))
        elif step == "lose":
            getattr(sfu, which).clear()
        elif step == "look":
            await look()
