"""`python -m bench.turns.calls`: a Plan on standard input, calls, what was Found on the output."""

import asyncio
import json
import os
import sys
import time
import uuid
from contextlib import AsyncExitStack

import httpx2
from livekit import api

from bench.turns.caller import Caller, Unheard
from bench.turns.plan import Found, Plan, Turn
from bench.turns.questions import QUESTIONS, Question, question
from bench.turns.usage import Meter, Tree

GREETED_WITHIN_S = 20.0
GIVE_UP = 3  # exchanges without an answer: nobody is there
ANSWER_WITHIN_S = 12.0
QUIET_S = 0.5
SILENT_WITHIN_S = 20.0
INTERRUPT_AFTER_S = 0.8  # of the reply
STOPPED_S = 0.35  # a pause this long is an end: between two sentences there is none
SPARE_S = 2.0  # the worker starts the next call's process: work of no call


class Call:
    """One caller and what it measured."""

    def __init__(self, plan: Plan, index: int, found: Found, engines: httpx2.AsyncClient) -> None:
        self._plan = plan
        self._index = index
        self._found = found
        self._engines = engines
        self._asked = index * 3  # callers begin at different sentences
        self._unanswered = 0
        self.caller = Caller(plan.sfu_url, token(plan))

    @property
    def gave_up(self) -> bool:
        """Whether asking on is of no use."""
        return self._unanswered >= GIVE_UP or self.caller.hung_up

    async def greeted(self) -> None:
        """Until the greeting is over. An agent that does not greet is asked nothing."""
        dialled_s = self.caller.dialled_at_s
        try:
            heard_s = await self.caller.first_loud(dialled_s, GREETED_WITHIN_S)
            self._found.setup_s.append(heard_s - dialled_s)
            await self.caller.quiet(QUIET_S, SILENT_WITHIN_S)
        except Unheard as exc:
            self._found.failures.append(f"call {self._index}: no greeting {exc}")
            self._unanswered = GIVE_UP

    async def turns(self) -> None:
        for _ in range(self._plan.turns):
            await self.exchange(interrupted=False)
        for _ in range(self._plan.barge_ins):
            await self.exchange(interrupted=True)

    async def exchange(self, *, interrupted: bool) -> None:
        """A question and its whole answer, or one that another question cuts short."""
        if self.gave_up:
            why = "the agent hung up" if self.caller.hung_up else "nobody answers"
            self._found.failures.append(f"call {self._index}, not asked: {why}")
            return
        try:
            await self.ask()
            if interrupted:
                await asyncio.sleep(INTERRUPT_AFTER_S)
                await self._interrupt()
            await self.caller.quiet(QUIET_S, SILENT_WITHIN_S)
            self._unanswered = 0
        except Unheard as exc:
            self._unanswered += 1
            self._found.failures.append(f"call {self._index}, question {self._asked}: {exc}")

    async def ask(self) -> None:
        """A question, until its answer begins. Raises Unheard."""
        one = await self._next()
        self.caller.loud_at_s.clear()
        began_s, ended_s = await self.caller.say(one.samples)
        if self.caller.loud_at_s:
            raise Unheard(f"answered before {one.text!r} was over")
        await self._answered(one, began_s, ended_s, None)

    async def _interrupt(self) -> None:
        one = await self._next()
        self.caller.loud_at_s.clear()
        began_s, ended_s = await self.caller.say(one.samples)
        stop_s = stopped(self.caller.loud_at_s, began_s, ended_s)
        if stop_s is None:
            raise Unheard("it was not talking, or went on")
        await self._answered(one, began_s, ended_s, stop_s)

    async def _answered(
        self, one: Question, began_s: float, ended_s: float, stop_s: float | None
    ) -> None:
        heard_s = await self.caller.first_loud(ended_s, ANSWER_WITHIN_S)
        self._found.turns.append(
            Turn(
                call=self._index,
                text=one.text,
                began_at_s=began_s,
                ended_at_s=ended_s,
                heard_at_s=heard_s,
                stop_s=stop_s,
            )
        )

    async def _next(self) -> Question:
        """The next sentence, once the engines know it comes."""
        one = question(self._asked)
        self._asked += 1
        sentence = {"text": one.text, "duration_s": one.duration_s}
        (await self._engines.post("/control/say", json=sentence)).raise_for_status()
        return one


def stopped(loud_at_s: list[float], began_s: float, ended_s: float) -> float | None:
    """How long what was interrupted went on; None where there was nothing, or it did not stop."""
    if not loud_at_s:
        return None
    last_s = began_s
    for at_s in loud_at_s:
        if at_s <= began_s:
            continue
        if at_s - last_s >= STOPPED_S:
            return None  # silent, then loud again: it was not stopped for good
        last_s = at_s
    return last_s - began_s if ended_s - last_s >= STOPPED_S else None


def token(plan: Plan) -> str:
    """Of a new room, with the agent called into it."""
    call = uuid.uuid4().hex
    metadata: dict[str, object] = {"conversation_id": call, "user_id": None, "channel": "web"}
    metadata |= {"persona_id": None, "resume": False}
    agent = api.RoomAgentDispatch(agent_name=plan.agent_name, metadata=json.dumps(metadata))
    return (
        api.AccessToken(plan.api_key, plan.api_secret)
        .with_identity(f"caller-{call[:8]}")
        .with_grants(api.VideoGrants(room_join=True, room=f"bench-{call}"))
        .with_room_config(api.RoomConfiguration(agents=[agent]))
        .to_jwt()
    )


async def run(plan: Plan) -> Found:
    for index in range(len(QUESTIONS)):
        question(index)  # spoken before the first call, not during it
    found = Found()
    tree = Tree(plan.worker_pid)
    meter = Meter(tree)
    async with AsyncExitStack() as stack:
        engines = httpx2.AsyncClient(base_url=plan.engines_url, trust_env=False)
        await stack.enter_async_context(engines)
        calls = [Call(plan, index, found, engines) for index in range(plan.calls)]
        for call in calls:  # one after the other: how fast many begin at once is not asked here
            await stack.enter_async_context(call.caller)
            await call.greeted()
        await asyncio.sleep(SPARE_S)
        found.began_at_s = time.perf_counter()
        meter.start()
        await asyncio.gather(*(call.turns() for call in calls))
        found.ended_at_s = time.perf_counter()
        found.worker_cores, found.machine_cores = meter.cores()
        found.pss_mb = await asyncio.to_thread(tree.pss_mb)
        found.late_s = max(call.caller.late_s for call in calls)
    return found


if __name__ == "__main__":
    print(asyncio.run(run(Plan(**json.load(sys.stdin)))).to_json(), flush=True)
    os._exit(0)  # the SDK's threads have crashed an interpreter that ends the usual way
