"""The embedded assistant as a chat engine: needs no model file and answers in milliseconds.

It has no tokeniser: one token is one word or one mark, in `usage` and for `max_tokens` alike.
"""

import json
import re
import secrets
from collections.abc import AsyncGenerator

from chassis.metrics import Metrics
from inference.assist.mind import Answer, answer
from inference.assist.skills import local_clock
from inference.llm.engine import Chat, Delta, Finish, FinishReason, TextDelta, ToolCallDelta
from inference.slots import SlotMeasures, Slots

MODEL = "assist"
TOKEN = re.compile(r"\s*(?:\w+(?:['\N{RIGHT SINGLE QUOTATION MARK}]\w+)*|[^\w\s])")
TOKENS_PER_MESSAGE = 3  # what chat templates spend around each message


class AssistEngine:
    """Runs the assistant's decisions in slots, so that no chat can hold up the others."""

    model = MODEL
    structured_output = False

    def __init__(
        self, *, slots: int, queue_limit: int, timezone: str | None, metrics: Metrics
    ) -> None:
        self._slots = Slots(slots, queue_limit, SlotMeasures(metrics))
        self._clock = local_clock(timezone)

    @property
    def full(self) -> bool:
        return self._slots.full

    async def chat(self, chat: Chat) -> AsyncGenerator[Delta]:
        for delta in await self._slots.run(self._deltas, chat):
            yield delta

    def close(self) -> None:
        self._slots.close()

    def _deltas(self, chat: Chat) -> list[Delta]:
        decided = answer(chat, self._clock)
        text, stopped = _until_stop(decided.text.strip(), chat.stop)
        tokens: list[str] = TOKEN.findall(text)
        said = tokens if chat.max_tokens is None else tokens[: chat.max_tokens]
        deltas: list[Delta] = [TextDelta(token) for token in said]
        used = len(said)
        reason: FinishReason = "stop" if len(said) == len(tokens) else "length"
        if decided.calls and reason == "stop" and not stopped:
            calls = _calls(decided)
            cost = sum(_count(call.arguments) + 1 for call in calls)
            if chat.max_tokens is None or used + cost <= chat.max_tokens:
                deltas += calls
                used, reason = used + cost, "tool_calls"
            else:  # half a call is worse than none
                reason = "length"
        prompt = sum(_count(message.text) + TOKENS_PER_MESSAGE for message in chat.messages)
        return [*deltas, Finish(reason=reason, prompt_tokens=prompt, completion_tokens=used)]


def _calls(decided: Answer) -> list[ToolCallDelta]:
    return [
        ToolCallDelta(
            index=index,
            id=f"call_{secrets.token_hex(12)}",
            name=call.tool,
            arguments=json.dumps(dict(call.arguments)),
        )
        for index, call in enumerate(decided.calls)
    ]


def _until_stop(text: str, stop: tuple[str, ...]) -> tuple[str, bool]:
    found = [at for at in (text.find(mark) for mark in stop) if at >= 0]
    return (text[: min(found)], True) if found else (text, False)


def _count(text: str) -> int:
    return sum(1 for _ in TOKEN.finditer(text))
