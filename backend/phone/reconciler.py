"""Makes the SFU's trunks and dispatch rules what the lines say, again and again.

The table is the truth, Redis a copy that may be lost: what is missing is made, what differs is
replaced, what is ours and of no line is deleted. The leader does it, every few seconds and at once
after a change.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from livekit.protocol.sip import SIPDispatchRuleInfo, SIPInboundTrunkInfo, SIPOutboundTrunkInfo

from backend.background import Background, Leads
from backend.data.db import Database
from backend.phone import lines
from backend.phone.call_metrics import CallMetrics
from backend.phone.plan import (
    Found,
    T,
    asks_the_same,
    id_of,
    inbound_of,
    is_as_wanted,
    outbound_of,
    rule_of,
    sort,
)
from backend.phone.sip_sfu import lacks_redis
from backend.phone.tables import LineState, PhoneLineRow
from backend.rooms.watcher_sfu import NotThere, Refused, SfuFailed
from chassis.errors import Unavailable
from chassis.logs import get_logger

LOOK_EVERY_S = 3.0
# The SFU writes a line of its log for each question it cannot answer.
BACK_OFF_S = (3.0, 5.0, 10.0)
WITHOUT_LINES_S = 300.0  # nobody uses the telephone: others may have left something of ours
NO_REDIS = "the voice server has no Redis: telephone calls are off (PARLEY_PHONE)"

log = get_logger(__name__)

State = tuple[LineState, str | None]


class Telephony(Protocol):
    """The SFU, as far as it is asked here; `sip_sfu.SipSfu` in life. Methods raise SfuFailed."""

    async def found(self) -> Found: ...
    async def put_inbound(self, wanted: SIPInboundTrunkInfo, id_: str | None) -> str: ...
    async def put_outbound(self, wanted: SIPOutboundTrunkInfo, id_: str | None) -> str: ...
    async def put_rule(self, wanted: SIPDispatchRuleInfo, id_: str | None) -> str: ...
    async def delete_trunk(self, id_: str) -> None: ...
    async def delete_rule(self, id_: str) -> None: ...


class Reconciler(Background):
    """Enter it for the service's life."""

    def __init__(
        self,
        database: Database,
        leader: Leads,
        sfu: Telephony,
        agent_name: str,
        metrics: CallMetrics,
    ) -> None:
        self._database = database
        self._leader = leader
        self._sfu = sfu
        self._agent_name = agent_name
        self._metrics = metrics
        self._changed = asyncio.Event()
        self._failures = 0  # looks in a row
        self._problem: str | None = None  # as it was last logged

    def look_early(self) -> None:
        """A line changed."""
        self._changed.set()

    async def look(self) -> bool:
        """Make the SFU what the lines say; whether there are lines. Raises Unavailable with the
        database, and SfuFailed when the SFU told nothing: then the lines are pending."""
        async with self._database.reading() as session:
            wanted = await lines.all_lines(session)
        try:
            found = await self._sfu.found()
            states = await self._make_so(wanted, found)
        except SfuFailed as exc:
            reason = NO_REDIS if lacks_redis(exc) else "the voice server does not answer"
            await self._note(wanted, {line.id: ("pending", reason) for line in wanted})
            raise
        await self._note(wanted, states)
        return bool(wanted)

    async def _run(self) -> None:
        while True:
            wait_s = await self._look_and_tell() if self._leader.leads else LOOK_EVERY_S
            await self._wait(wait_s)
            self._changed.clear()

    async def _wait(self, seconds: float) -> None:
        """Or until a line changes; one that another backend was given, the first, is seen too."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), min(left_s, LOOK_EVERY_S))
                return
            if seconds == WITHOUT_LINES_S and await self._has_lines():
                return

    async def _look_and_tell(self) -> float:
        """Seconds until the next look."""
        problem: str | None = None
        try:
            in_use = await self.look()
        except SfuFailed as exc:
            in_use, problem = True, str(exc)
            if lacks_redis(exc):
                in_use, problem = await self._has_lines(), NO_REDIS
        except Unavailable as exc:
            in_use, problem = True, str(exc)
        except Exception:  # a fault of ours must not end the looking for good
            log.exception("telephone_look_failed")
            in_use, problem = True, "a fault of the backend"
        self._tell(problem, in_use)
        if not in_use:
            return WITHOUT_LINES_S
        if problem is None:
            return LOOK_EVERY_S
        return BACK_OFF_S[min(self._failures, len(BACK_OFF_S)) - 1]

    async def _has_lines(self) -> bool:
        try:
            async with self._database.reading() as session:
                return bool(await lines.all_lines(session))
        except Unavailable:
            return True

    def _tell(self, problem: str | None, in_use: bool) -> None:
        """Once for each change: the same line every few seconds tells nobody anything."""
        self._failures = 0 if problem is None else self._failures + 1
        if problem == self._problem:
            return
        if problem is None:
            log.info("telephone_lines_in_place")
        elif in_use:
            log.warning("telephone_lines_pending", reason=problem)
        self._problem = problem

    async def _make_so(self, wanted: Sequence[PhoneLineRow], found: Found) -> Mapping[str, State]:
        ids = {line.id for line in wanted}
        inbound, outbound = sort(found.inbound, ids), sort(found.outbound, ids)
        rules = sort(found.rules, ids)
        for rule in rules.surplus:
            await self._delete(self._sfu.delete_rule, rule)
        for trunk in inbound.surplus:
            await self._delete(self._sfu.delete_trunk, trunk)
        for out in outbound.surplus:
            await self._delete(self._sfu.delete_trunk, out)
        states: dict[str, State] = {}
        for line in wanted:
            there = (
                inbound.of_line.get(line.id),
                outbound.of_line.get(line.id),
                rules.of_line.get(line.id),
            )
            try:
                await self._make_line_so(line, *there)
            except (Refused, NotThere) as exc:
                if lacks_redis(exc):
                    raise
                states[line.id] = ("failed", _words(exc))
            else:
                states[line.id] = ("ready", None)
        return states

    async def _make_line_so(
        self,
        line: PhoneLineRow,
        inbound: SIPInboundTrunkInfo | None,
        outbound: SIPOutboundTrunkInfo | None,
        rule: SIPDispatchRuleInfo | None,
    ) -> None:
        out = outbound_of(line)
        if out is not None:
            await self._put(self._sfu.put_outbound, outbound, out)
        elif outbound is not None:
            await self._delete(self._sfu.delete_trunk, outbound)
        trunk_id = await self._put(self._sfu.put_inbound, inbound, inbound_of(line))
        await self._put(self._sfu.put_rule, rule, rule_of(line, trunk_id, self._agent_name))

    async def _put(
        self,
        put: Callable[[T, str | None], Awaitable[str]],
        there: T | None,
        wanted: T,
    ) -> str:
        """The id of what is as `wanted` now."""
        if there is not None and is_as_wanted(there, wanted):
            return id_of(there)
        kind = type(wanted).__name__
        id_ = await put(wanted, id_of(there) if there is not None else None)
        log.info("telephony_put", kind=kind, id=id_, replaced=there is not None)
        return id_

    async def _delete(
        self,
        delete: Callable[[str], Awaitable[None]],
        there: SIPInboundTrunkInfo | SIPOutboundTrunkInfo | SIPDispatchRuleInfo,
    ) -> None:
        with contextlib.suppress(NotThere):
            await delete(id_of(there))
        log.info("telephony_deleted", kind=type(there).__name__, id=id_of(there))

    async def _note(self, seen: Sequence[PhoneLineRow], states: Mapping[str, State]) -> None:
        """Only what is news is written: a look that finds all in place costs a read.
        What changed meanwhile stays pending: the SFU has it as it was."""
        self._metrics.lines([states[line.id][0] for line in seen])
        news = [line.id for line in seen if (line.state, line.reason) != states[line.id]]
        if not news:
            return
        looked_at = {line.id: line for line in seen}
        async with self._database.writing() as session:
            for line in await lines.all_lines(session):
                if line.id in news and asks_the_same(line, looked_at[line.id]):
                    line.state, line.reason = states[line.id]


def _words(exc: Refused | NotThere) -> str:
    """The SFU's own message: it names numbers and trunks, no secrets."""
    return f"the voice server refused: {exc.text[:300]}" if exc.text else str(exc)
