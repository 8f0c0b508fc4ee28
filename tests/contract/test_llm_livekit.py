"""The chat server as LiveKit's stock openai plugin speaks to it, inside an AgentSession."""

from collections.abc import Iterator

import openai
import pytest
from livekit.agents import Agent, AgentSession, RunContext, function_tool
from livekit.agents.voice.run_result import RunResult
from livekit.plugins import openai as openai_plugin

from tests.processes import running


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running("inference.llm", {}) as base:
        yield f"{base}/v1"


class Kitchen(Agent):
    """An agent with two tools: one answers, one fails."""

    def __init__(self) -> None:
        super().__init__(instructions="You are Nora, a kitchen assistant.")
        self.timers: list[tuple[float, str | None]] = []

    @function_tool
    async def set_timer(
        self, context: RunContext[None], duration_s: float, label: str | None = None
    ) -> dict[str, object]:
        """Set a timer."""
        self.timers.append((duration_s, label))
        return {"label": label, "duration_s": duration_s}

    @function_tool
    async def recall(self, context: RunContext[None], query: str | None = None) -> str:
        """Look up notes."""
        raise RuntimeError("the database is on fire")


@pytest.fixture
async def llm(url: str) -> openai_plugin.LLM:
    client = openai.AsyncClient(base_url=url, api_key="local", max_retries=0)
    return openai_plugin.LLM(model="gpt-4o-mini", client=client)


async def test_a_turn_with_a_tool(llm: openai_plugin.LLM) -> None:
    kitchen = Kitchen()
    async with AgentSession(llm=llm) as session:
        await session.start(kitchen)
        run: RunResult[None] = await session.run(
            user_input="Set a tea timer for five minutes, please."
        )
        call = run.expect.next_event().is_function_call(name="set_timer")
        assert call.event().item.arguments == '{"duration_s": 300, "label": "tea"}'
        run.expect.next_event().is_function_call_output(is_error=False)
        reply = run.expect.next_event().is_message(role="assistant").event().item.text_content
        run.expect.no_more_events()
    assert kitchen.timers == [(300, "tea")]
    assert "tea timer" in (reply or "")


async def test_a_turn_without_a_tool(llm: openai_plugin.LLM) -> None:
    async with AgentSession(llm=llm) as session:
        await session.start(Kitchen())
        run: RunResult[None] = await session.run(user_input="what is twelve times seven")
        reply = run.expect.next_event().is_message(role="assistant").event().item.text_content
        assert reply == "Twelve times seven is 84."
        again: RunResult[None] = await session.run(user_input="repeat that")
        said = again.expect.next_event().is_message(role="assistant").event().item.text_content
        assert said == reply


async def test_a_broken_tool_is_told_truthfully(llm: openai_plugin.LLM) -> None:
    async with AgentSession(llm=llm) as session:
        await session.start(Kitchen())
        run: RunResult[None] = await session.run(user_input="where are my keys")
        run.expect.next_event().is_function_call(name="recall")
        run.expect.next_event().is_function_call_output(is_error=True)
        reply = run.expect.next_event().is_message(role="assistant").event().item.text_content
    assert reply == "Sorry, I couldn't look at my notes: An internal error occurred."


async def test_a_call_can_start_with_a_greeting(llm: openai_plugin.LLM) -> None:
    async with AgentSession(llm=llm) as session:
        await session.start(Kitchen())
        handle = session.generate_reply(instructions="Greet the user warmly.")
        await handle
        greeting = session.history.items[-1]
        assert greeting.type == "message"
        assert (greeting.text_content or "").startswith(("Hello", "Hi"))
