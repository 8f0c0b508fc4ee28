"""`python -m bench.soak.callers`: a Plan and a part on standard input; what was Found on output."""

import asyncio
import json
import os
import sys
import time
from contextlib import AsyncExitStack

import httpx2

from bench.turns.caller import Unheard
from bench.turns.calls import Call
from bench.turns.plan import Found, Plan
from bench.turns.questions import QUESTIONS, question

INTERRUPT_EVERY = 4  # exchanges


async def in_a_row(plan: Plan, engines: httpx2.AsyncClient, found: Found) -> None:
    """`plan.calls` calls, each left as soon as its first answer begins."""
    for index in range(plan.calls):
        call = Call(plan, index, found, engines)
        async with call.caller:
            await call.greeted()
            if call.gave_up:
                continue
            try:
                await call.ask()
            except Unheard as exc:
                found.failures.append(f"call {index}: {exc}")


async def at_once(plan: Plan, engines: httpx2.AsyncClient, found: Found, for_s: float) -> None:
    """`plan.calls` calls that talk until `for_s` seconds have passed."""
    async with AsyncExitStack() as stack:
        calls = [Call(plan, index, found, engines) for index in range(plan.calls)]
        for call in calls:
            await stack.enter_async_context(call.caller)
            await call.greeted()
        until_s = time.perf_counter() + for_s
        await asyncio.gather(*(_talk(call, until_s) for call in calls))


async def _talk(call: Call, until_s: float) -> None:
    exchanges, gone = 0, False
    while time.perf_counter() < until_s and not gone:
        exchanges, gone = exchanges + 1, call.gave_up
        await call.exchange(interrupted=exchanges % INTERRUPT_EVERY == 0)


async def run(plan: Plan, for_s: float) -> Found:
    for index in range(len(QUESTIONS)):
        question(index)
    found = Found(began_at_s=time.perf_counter())
    async with httpx2.AsyncClient(base_url=plan.engines_url, trust_env=False) as engines:
        if for_s:
            await at_once(plan, engines, found, for_s)
        else:
            await in_a_row(plan, engines, found)
    found.ended_at_s = time.perf_counter()
    return found


if __name__ == "__main__":
    told = json.load(sys.stdin)
    print(asyncio.run(run(Plan(**told["plan"]), told["for_s"])).to_json(), flush=True)
    os._exit(0)  # the SDK's threads have crashed an interpreter that ends the usual way
