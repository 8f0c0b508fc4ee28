"""The chat server as pipecat's stock OpenAI service speaks to it."""

# mypy: disable-error-code="import-not-found"

from typing import Any

import pytest

pytest.importorskip("pipecat")

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    ErrorFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    MetricsFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService

from tests.slow.pipecat.pipelines import Running, running

TIMER = FunctionSchema(
    name="set_timer",
    description="Set a timer",
    properties={"duration_s": {"type": "number"}, "label": {"type": "string"}},
    required=["duration_s"],
)


def service(url: str) -> OpenAILLMService:
    """With its own default model, whatever that is called."""
    return OpenAILLMService(api_key="any", base_url=url)


def messages(text: str) -> list[Any]:
    """As its context has them: instructions of two kinds before the user."""
    return [
        {"role": "system", "content": "You are Nora."},
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": text},
    ]


async def reply(pipeline: Running) -> str:
    frames = await pipeline.until(LLMFullResponseEndFrame, ErrorFrame)
    assert not isinstance(frames[-1], ErrorFrame), frames[-1]
    return "".join(frame.text for frame in frames if isinstance(frame, LLMTextFrame))


async def test_text_is_streamed_past_a_developer_message(llm_url: str) -> None:
    async with running(service(llm_url)) as pipeline:
        await pipeline.put(LLMContextFrame(LLMContext(messages("what is twelve times seven"))))
        frames = await pipeline.until(LLMFullResponseEndFrame, ErrorFrame)
    pieces = [frame.text for frame in frames if isinstance(frame, LLMTextFrame)]
    assert len(pieces) > 1
    assert "84" in "".join(pieces)


async def test_tokens_are_counted(llm_url: str) -> None:
    async with running(service(llm_url)) as pipeline:
        await pipeline.put(LLMContextFrame(LLMContext(messages("what is twelve times seven"))))
        frames = await pipeline.until(LLMFullResponseEndFrame, ErrorFrame)
    usages = [
        data.value
        for frame in frames
        if isinstance(frame, MetricsFrame)
        for data in frame.data
        if isinstance(data, LLMUsageMetricsData)
    ]
    assert len(usages) == 1
    assert min(usages[0].prompt_tokens, usages[0].completion_tokens) > 0


async def test_a_tool_is_called_and_its_result_told(llm_url: str) -> None:
    called: list[dict[str, Any]] = []

    async def set_timer(params: FunctionCallParams) -> None:
        called.append(dict(params.arguments))
        await params.result_callback({"label": "tea", "duration_s": 300})

    context = LLMContext(
        messages("set a tea timer for five minutes"), tools=ToolsSchema(standard_tools=[TIMER])
    )
    llm, pair = service(llm_url), LLMContextAggregatorPair(context)
    llm.register_function("set_timer", set_timer)
    async with running(pair.user(), llm, behind=[pair.assistant()]) as pipeline:
        await pipeline.put(LLMContextFrame(context))
        said = ""
        while not said:  # the call's own answer has no text
            said = await reply(pipeline)
    assert called == [{"duration_s": 300, "label": "tea"}]
    assert "timer" in said.lower()


async def test_a_conversation_goes_on(llm_url: str) -> None:
    context = LLMContext(messages("what is twelve times seven"))
    async with running(service(llm_url)) as pipeline:
        await pipeline.put(LLMContextFrame(context))
        first = await reply(pipeline)
        context.add_message({"role": "assistant", "content": first})
        context.add_message({"role": "user", "content": "repeat that"})
        await pipeline.put(LLMContextFrame(context))
        assert await reply(pipeline) == first


async def test_it_answers_out_of_turn(llm_url: str) -> None:
    answer = await service(llm_url).run_inference(LLMContext(messages("what is two plus two")))
    assert "four" in (answer or "").lower() or "4" in (answer or "")
