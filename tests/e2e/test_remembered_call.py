"""What was said in a call is recorded, and the next call goes on where it was: real everything."""

import asyncio
from typing import Any

import httpx2
import pytest

from parley.caller import Caller
from tests.processes import until
from tests.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ANSWER_WITHIN_S = 40.0


def told(stack: Stack, path: str) -> Any:
    """What the web app is told."""
    return httpx2.get(f"{stack.url}/api/{path}", trust_env=False).raise_for_status().json()


def turns_of(stack: Stack, conversation_id: str) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = told(stack, f"conversations/{conversation_id}")["turns"]
    return turns


def said_by(stack: Stack, conversation_id: str) -> list[tuple[str, str]]:
    return [(turn["role"], turn["text"]) for turn in turns_of(stack, conversation_id)]


def ended_as(stack: Stack, conversation_id: str) -> str | None:
    reason: str | None = told(stack, f"conversations/{conversation_id}")["ended_reason"]
    return reason


async def ask(caller: Caller, text: str, answer: str) -> None:
    await caller.type(text)
    await caller.until(
        lambda r: answer in " ".join(r.finals("agent")).lower(), ANSWER_WITHIN_S, answer
    )
    await caller.until_quiet()


async def test_a_call_is_recorded_and_the_next_goes_on_without_a_greeting(stack: Stack) -> None:
    async with Caller(stack.url) as first:
        await first.until(lambda r: r.finals("agent"), ANSWER_WITHIN_S, "the greeting")
        await first.until_quiet()
        await ask(first, "what is 12 x 12", "144")
        await ask(first, "remember that my keys are in the kitchen", "keys")
    conversation = first.conversation_id
    assert conversation is not None
    await asyncio.to_thread(until, lambda: ended_as(stack, conversation) is not None, 60)
    assert ended_as(stack, conversation) == "user_hung_up"
    turns = said_by(stack, conversation)
    assert [text for role, text in turns if role == "user"] == [
        "what is 12 x 12",
        "remember that my keys are in the kitchen",
    ]
    assert [role for role, _ in turns] == ["assistant", "user", "assistant", "user", "assistant"]
    tools = [tool["name"] for turn in turns_of(stack, conversation) for tool in turn["tools"]]
    assert tools == ["calculate", "remember"]
    assert any("keys" in memory["text"] for memory in told(stack, "memories")["memories"])

    async with Caller(stack.url, conversation) as second:
        await second.until(
            lambda r: r.agent_state == "listening", ANSWER_WITHIN_S, "somebody listens"
        )
        greeting = turns[0][1]
        await ask(second, "what did i ask you to remember", "kitchen")
        assert greeting not in second.record.finals("agent")
    await asyncio.to_thread(until, lambda: len(said_by(stack, conversation)) >= 7, 60)
    assert [text for _, text in said_by(stack, conversation)][:5] == [text for _, text in turns]
