"""The agent's own tools, used by the assist engine: asked in words, done, and told in words."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from livekit.agents.llm import ToolError
from livekit.agents.llm.utils import build_strict_openai_schema, prepare_function_arguments

from inference.assist.mind import answer
from inference.assist.skills import local_clock
from inference.llm.engine import Chat, Message, Tool, ToolCall
from livekit_agent.tools import ToolDeps, call_tools
from livekit_agent.tools.database import Database
from livekit_agent.tools.lists import Lists
from livekit_agent.tools.memory import LocalMemory
from livekit_agent.tools.schedule import Schedule

MAX_STEPS = 3


async def silent(_: str) -> None: ...


class Conversation:
    """A call without sound: what is said goes to the assist engine, its calls to the tools."""

    def __init__(self, folder: Path) -> None:
        database = Database(folder)
        self._tools = call_tools(
            ToolDeps(
                timezone="Europe/Paris",
                schedule=Schedule(database, silent, conversation_id="c", owner="local"),
                lists=Lists(database, "local"),
                memory=LocalMemory(database, "local"),
                hang_up=lambda: None,
            )
        )
        self._offered = tuple(
            Tool(name=each.info.name, parameters=_parameters(each)) for each in self._tools
        )
        self._messages: list[Message] = []
        self.called: list[str] = []

    async def hears(self, text: str) -> str:
        """What is answered to `text` once the tools have done their work."""
        self._messages.append(Message(role="user", text=text))
        for _ in range(MAX_STEPS):
            chat = Chat(messages=tuple(self._messages), tools=self._offered)
            found = answer(chat, local_clock("Europe/Paris"))
            calls = tuple(
                ToolCall(
                    id=f"{len(self._messages)}-{place}",
                    name=call.tool,
                    arguments=json.dumps(dict(call.arguments)),
                )
                for place, call in enumerate(found.calls)
            )
            self._messages.append(Message(role="assistant", text=found.text, tool_calls=calls))
            if not calls:
                return found.text
            for call in calls:
                result = await self._result(call)
                self._messages.append(Message(role="tool", text=result, tool_call_id=call.id))
        raise AssertionError("it never stops calling tools")

    async def _result(self, call: ToolCall) -> str:
        self.called.append(call.name)
        tool = next(each for each in self._tools if each.info.name == call.name)
        try:
            given, named = prepare_function_arguments(fnc=tool, json_arguments=call.arguments)
            return str(await tool(*given, **named))
        except ToolError as exc:
            return exc.message


def _parameters(tool: Any) -> dict[str, Any]:
    parameters: dict[str, Any] = build_strict_openai_schema(tool)["function"]["parameters"]
    return parameters


TALKS: list[list[tuple[str, str]]] = [
    [
        ("set a timer for five minutes", "five minutes|5 minutes"),
        ("set a pasta timer for ten minutes", "pasta"),
        ("how much time is left", "pasta"),
        ("cancel the five minute timer", "cancelled"),
        ("cancel the pasta timer", "cancelled"),
        ("do i have any timers", "no timers"),
    ],
    [
        ("remind me to call mum in ten minutes", "call mum"),
        ("remind me to water the plants tomorrow at nine", "plants"),
        ("what are my reminders", "call mum.*plants"),
        ("cancel my reminder about the plants", "plants"),
        ("what are my reminders", "call mum"),
    ],
    [
        ("add milk and eggs to my shopping list", "milk and eggs"),
        ("what is on my shopping list", "milk and eggs"),
        ("remove the milk from my shopping list", "milk"),
        ("what is on the shopping list", "eggs"),
        ("remove butter from my shopping list", "no butter"),
        ("clear my shopping list", "empty"),
        ("what is on my shopping list", "empty"),
    ],
    [
        ("add call the dentist to my to do list", "call the dentist"),
        ("what is on my to do list", "call the dentist"),
        ("what is on my shopping list", "empty"),
    ],
    [
        ("remember that the key is under the mat", "key is under the mat"),
        ("where is the key", "key is under the mat"),
        ("forget about the key", "key is under the mat"),
        ("where is the key", "nothing|no note"),
    ],
    [
        ("what is zero point one plus zero point two", r"0\.3"),
        ("what is fifteen percent of eighty", "12"),
        ("how many teaspoons are in three tablespoons", "9 teaspoons|nine teaspoons"),
        ("convert two tons to kilograms", "metric ton"),
        ("what day is it", "Today"),
    ],
    [
        ("mets un minuteur de cinq minutes", "5 minutes|cinq minutes"),
        ("annule le minuteur de cinq minutes", "annul"),
        ("rappelle-moi d'appeler maman dans dix minutes", "appeler maman"),
        ("quels sont mes rappels", "appeler maman"),
        ("ajoute du lait et du beurre à ma liste de courses", "lait"),
        ("qu'est-ce qu'il y a sur ma liste de courses", "lait.*beurre"),
        ("retiens que la clé est sous le tapis", "clé"),
        ("oublie ce que je t'ai dit sur la clé", "clé"),
    ],
]  # fmt: skip


@pytest.mark.parametrize("talk", TALKS, ids=[talk[0][0] for talk in TALKS])
async def test_what_is_asked_is_done_and_told(talk: list[tuple[str, str]], tmp_path: Path) -> None:
    conversation = Conversation(tmp_path)
    for said, told in talk:
        text = await conversation.hears(said)
        assert re.search(told, text, re.IGNORECASE | re.DOTALL), f"{said!r} -> {text!r}"
