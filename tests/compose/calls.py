"""Calls into the containers: what is asked, what counts as an answer."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livekit import rtc

from parley.caller import Caller, CallRecord
from tests.compose.project import Project
from tests.speech import RATE_HZ, speak, trimmed

QUESTION = "what is twelve times seven"
ANSWER = re.compile("84|eighty.four", re.IGNORECASE)
GREETED_WITHIN_S = 30.0
ANSWERED_WITHIN_S = 30.0
ASKED_EVERY_S = 4.0


@asynccontextmanager
async def calling(stack: Project) -> AsyncIterator[Caller]:
    """A call of its own, past its greeting."""
    async with Caller(stack.url) as caller:
        await caller.until(lambda r: r.finals("agent"), GREETED_WITHIN_S, "the greeting")
        await caller.until_quiet()
        yield caller


async def a_typed_question(caller: Caller, within_s: float = ANSWERED_WITHIN_S) -> float:
    """Until its answer is read and a sound is heard; the instant of the sound."""
    since, asked_at_s = len(caller.record.lines), time.perf_counter()
    await caller.type("What is 12 times 7?")
    await caller.until(lambda r: answered(r, since), within_s, "the answer")
    loud = await caller.until(lambda r: r.first_loud_after(asked_at_s), within_s, "its sound")
    return float(loud)


async def a_spoken_question(caller: Caller) -> tuple[float, bool]:
    """Asked aloud: seconds from its end to a sound, and whether the answer is right."""
    since = len(caller.record.lines)
    said_at_s = await caller.say(trimmed(speak(QUESTION, "slt")), RATE_HZ)
    loud_at_s = await caller.until(
        lambda r: r.first_loud_after(said_at_s), ANSWERED_WITHIN_S, "a sound"
    )
    await caller.until(lambda r: said(r, since), ANSWERED_WITHIN_S, "words of the agent")
    await caller.until_quiet()
    return float(loud_at_s) - said_at_s, answered(caller.record, since)


async def talks_again(caller: Caller, since_s: float, within_s: float) -> float:
    """Ask now and then, as people do, until a sound is heard; seconds since `since_s`.

    Whom it comes from then answers a question: asked sooner, the next one would cut that short.
    """
    while (loud_at_s := caller.record.first_loud_after(since_s)) is None:
        assert time.perf_counter() - since_s < within_s, f"no sound; {caller.summary()}"
        assert not caller.record.disconnected, f"the call ended; {caller.summary()}"
        # One that is not there, or a client that reconnects, is no failure yet.
        with contextlib.suppress(AssertionError, RuntimeError, TimeoutError, rtc.ConnectError):
            async with asyncio.timeout(ASKED_EVERY_S):
                await caller.type("What is 12 times 7?")
            await caller.until(lambda r: r.first_loud_after(since_s), ASKED_EVERY_S, "a sound")
        await asyncio.sleep(0.2)  # such a client refuses at once
    await caller.until_quiet()
    await a_typed_question(caller)
    return loud_at_s - since_s


def said(record: CallRecord, since: int) -> list[str]:
    """The agent's lines after the first `since`, also unfinished ones."""
    return [x.text for x in list(record.lines.values())[since:] if x.role == "agent" and x.text]


def answered(record: CallRecord, since: int) -> bool:
    return any(ANSWER.search(text) for text in said(record, since))
