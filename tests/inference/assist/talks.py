"""Conversations with the assistant, tool results and all, for tests."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from inference.assist.mind import Answer, answer
from inference.llm.engine import Chat, Message, Tool, ToolCall

NULLABLE = {"type": ["string", "null"]}
TEXT = {"type": "string"}
NUMBER = {"type": "number"}


def tool(name: str, required: tuple[str, ...] | None = None, /, **properties: Any) -> Tool:
    """`required`: None for all of them, as strict tools have it."""
    needs = list(properties) if required is None else list(required)
    return Tool(name=name, parameters={"properties": properties, "required": needs})


# The agent's own, as it offers them.
OURS = (
    tool("get_time", timezone=NULLABLE),
    tool("get_date", timezone=NULLABLE),
    tool("calculate", expression=TEXT),
    tool("convert_units", value=NUMBER, from_unit=TEXT, to_unit=TEXT),
    tool("set_timer", duration_s=NUMBER, label=NULLABLE),
    tool("list_timers"),
    tool("cancel_timer", label=NULLABLE, duration_s={"type": ["number", "null"]}),
    tool("remember", text=TEXT),
    tool("recall", query=NULLABLE),
    tool("flip_coin"),
    tool("roll_dice", count={"type": "integer"}, sides={"type": "integer"}),
    tool("end_call"),
)
# What others offer.
LISTS = (
    tool("add_to_list", item=TEXT, list=TEXT),
    tool("remove_from_list", item=TEXT, list=TEXT),
    tool("read_list", list=TEXT),
    tool("clear_list", list=TEXT),
)
REMINDER = tool("set_reminder", text=TEXT, when=TEXT)
ALARM = tool("set_alarm", time=TEXT)
WEATHER = tool("get_weather", ("location",), location=TEXT, date=NULLABLE)
HOME = (
    tool("HassTurnOn", (), name=TEXT, area=TEXT, domain={"type": "array"}),
    tool("HassTurnOff", (), name=TEXT, area=TEXT, domain={"type": "array"}),
    tool("HassLightSet", (), name=TEXT, area=TEXT, brightness={"type": "integer"}),
    tool("HassClimateSetTemperature", ("temperature",), temperature=NUMBER, area=TEXT),
    tool("HassSetVolume", ("volume_level",), name=TEXT, volume_level={"type": "integer"}),
    tool("HassMediaPause", (), name=TEXT),
    tool("HassMediaSearchAndPlay", ("search_query",), search_query=TEXT),
)
EVERYTHING = (*OURS, *LISTS, REMINDER, ALARM, WEATHER, *HOME)


def clock(zone: ZoneInfo | None) -> datetime:
    """A Friday afternoon."""
    return datetime(2026, 11, 20, 14, 5, tzinfo=ZoneInfo("UTC")).astimezone(zone or ZoneInfo("UTC"))


class Talk:
    """A conversation as it grows; tools give the result that `results` has for them."""

    def __init__(
        self,
        *tools: Tool,
        results: Mapping[str, Any] | None = None,
        prompt: str = "",
        standing_in: bool = False,
        **chat: Any,
    ) -> None:
        self._tools = tools
        self._results = results or {}
        self._standing_in = standing_in
        self._chat = chat
        self.messages: list[Message] = [Message(role="system", text=prompt)] if prompt else []

    def says(self, text: str) -> Answer:
        """The assistant's first answer to `text`: calls, or words."""
        self.messages.append(Message(role="user", text=text))
        return self._next()

    def hears(self, text: str) -> str:
        """What is said in the end, the tools' results told."""
        found = self.says(text)
        while found.calls:
            for index, call in enumerate(found.calls):
                result = json.dumps(self._results.get(call.tool, {"success": True}))
                given = f"{len(self.messages) - index - 1}-{index}"
                self.messages.append(Message(role="tool", text=result, tool_call_id=given))
            found = self._next()
        return found.text

    def _next(self) -> Answer:
        chat = Chat(messages=tuple(self.messages), tools=self._tools, **self._chat)
        found = answer(chat, clock, standing_in=self._standing_in)
        calls = tuple(
            ToolCall(
                id=f"{len(self.messages)}-{index}",
                name=call.tool,
                arguments=json.dumps(dict(call.arguments)),
            )
            for index, call in enumerate(found.calls)
        )
        self.messages.append(Message(role="assistant", text=found.text, tool_calls=calls))
        return found
