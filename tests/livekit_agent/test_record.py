import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    FunctionToolsExecutedEvent,
    UserStateChangedEvent,
)
from livekit.agents.llm import ChatMessage, FunctionCall, FunctionCallOutput

from chassis.metrics import Metrics
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.journal import Journal
from livekit_agent.outbox import Outbox
from livekit_agent.record import Record
from livekit_agent.remembering import Message, Remembering
from livekit_agent.timeline import Timeline
from tests.livekit_agent.test_outbox import everything


@contextlib.asynccontextmanager
async def recorded(folder: Path, remembering: Remembering | None = None) -> AsyncIterator[Any]:
    """A session's events, followed by a Record that writes to the outbox of `folder`."""
    session: rtc.EventEmitter[str] = rtc.EventEmitter()
    async with Outbox(folder) as outbox, Journal(outbox, "c1") as journal:
        Record(
            cast(AgentSession[None], session),
            timeline=Timeline(fallbacks=lambda: []),
            journal=journal,
            remembering=remembering,
            metrics=CallMetrics(Metrics("agent")),
            publish=lambda event: None,
        )
        yield session


def said(session: Any, role: Any, text: str) -> None:
    message = ChatMessage(role=role, content=[text])
    session.emit("conversation_item_added", ConversationItemAddedEvent(item=message))


async def test_the_tools_of_a_turn_are_recorded_with_its_reply(tmp_path: Path) -> None:
    async with recorded(tmp_path) as session:
        said(session, "user", "what is two plus two")
        call = FunctionCall(call_id="1", name="calculate", arguments='{"expression": "2+2"}')
        output = FunctionCallOutput(call_id="1", name="calculate", output="4", is_error=False)
        session.emit(
            "function_tools_executed",
            FunctionToolsExecutedEvent(function_calls=[call], function_call_outputs=[output]),
        )
        said(session, "assistant", "Four.")
        said(session, "assistant", "Anything else?")
    async with Outbox(tmp_path) as outbox:
        turns = [json.loads(letter.body) for letter in await everything(outbox)]
    assert [turn["text"] for turn in turns] == ["what is two plus two", "Four.", "Anything else?"]
    assert [turn["tools"] for turn in turns] == [
        [],
        [{"name": "calculate", "arguments": '{"expression": "2+2"}', "result": "4"}],
        [],
    ]


async def test_a_turn_begins_with_its_first_sound(tmp_path: Path) -> None:
    async with recorded(tmp_path) as session:
        spoken = ChatMessage(
            role="user",
            content=["hello"],
            created_at=103.0,
            metrics={"started_speaking_at": 100.0, "stopped_speaking_at": 102.5},
        )
        typed = ChatMessage(role="user", content=["hi"], created_at=104.0)
        for message in (spoken, typed):
            session.emit("conversation_item_added", ConversationItemAddedEvent(item=message))
    async with Outbox(tmp_path) as outbox:
        turns = [json.loads(letter.body) for letter in await everything(outbox)]
    assert [(turn["started_at"], turn["timing"]) for turn in turns] == [
        ("1970-01-01T00:01:40+00:00", {"speech_s": 2.5}),
        ("1970-01-01T00:01:44+00:00", {}),
    ]


async def test_no_fact_is_asked_for_until_the_reply_is_over(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def complete(messages: list[Message]) -> str:
        asked.set()
        return "[]"

    async with (
        Remembering(complete, lambda text, kind, turn_key: None) as remembering,
        recorded(tmp_path, remembering) as session,
    ):
        session.emit(
            "user_state_changed", UserStateChangedEvent(old_state="listening", new_state="speaking")
        )
        said(session, "user", "my name is Sam")
        for old, new in (("listening", "thinking"), ("thinking", "speaking")):
            session.emit(
                "agent_state_changed", AgentStateChangedEvent(old_state=old, new_state=new)
            )
            for _ in range(20):
                await asyncio.sleep(0)
            assert not asked.is_set()
        session.emit(
            "agent_state_changed",
            AgentStateChangedEvent(old_state="speaking", new_state="listening"),
        )
        await asyncio.wait_for(asked.wait(), 10)
