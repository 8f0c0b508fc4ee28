"""Whatever is said, in whatever chat: an answer, and calls of nothing but what is offered."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.assist.mind import answer
from inference.assist.sentences import sentences
from inference.llm.engine import Chat, Message, NamedTool, Tool, ToolCall
from tests.inference.assist.talks import EVERYTHING, clock
from tests.inference.assist.test_intents import SAID

SENSIBLE = [text for _, text, _ in SAID] + sentences()[::200]
TEXTS = st.text(max_size=80) | st.sampled_from(SENSIBLE)
PARTS = st.sampled_from(" ".join(SENSIBLE).split())
TEXTS |= st.lists(PARTS, max_size=12).map(" ".join)
CALLS = st.builds(
    ToolCall,
    id=st.sampled_from("abc"),
    name=st.sampled_from([tool.name for tool in EVERYTHING]),
    arguments=st.sampled_from(["{}", "", "[]", '{"duration_s": 60, "label": "tea"}', "{"]),
)
MESSAGES = st.one_of(
    st.builds(Message, role=st.sampled_from(["system", "user"]), text=TEXTS),
    st.builds(Message, role=st.just("user"), text=TEXTS),
    st.builds(
        Message,
        role=st.just("assistant"),
        text=TEXTS | st.sampled_from(["For how long?", "What should I add?", "Quel minuteur ?"]),
        tool_calls=st.lists(CALLS, max_size=2).map(tuple),
    ),
    st.builds(Message, role=st.just("tool"), text=TEXTS, tool_call_id=st.sampled_from("abc")),
)
SCHEMAS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["string", "number", "object"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "required", "enum", "anyOf", "item", "name"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
STRANGE = st.builds(
    Tool,
    name=st.sampled_from(["add_item", "HassTurnOn", "weather", "set_timer", "play", "x"]),
    parameters=st.dictionaries(st.sampled_from(["properties", "required"]), SCHEMAS),
)


def chats() -> Any:
    tools = st.lists(st.sampled_from(EVERYTHING) | STRANGE, unique_by=lambda tool: tool.name)
    return st.builds(
        Chat,
        messages=st.lists(MESSAGES, min_size=1, max_size=7).map(tuple),
        tools=tools.map(tuple),
        tool_choice=st.sampled_from(["auto", "none", "required", NamedTool("set_timer")]),
        parallel_tool_calls=st.booleans(),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chat=chats(), standing_in=st.booleans())
def test_any_chat_has_an_answer_that_calls_only_what_is_offered(
    chat: Chat, standing_in: bool
) -> None:
    found = answer(chat, clock, standing_in=standing_in)
    assert found.text or found.calls
    assert {call.tool for call in found.calls} <= {tool.name for tool in chat.tools}
    assert chat.tool_choice != "none" or not found.calls
    assert chat.parallel_tool_calls or len(found.calls) <= 1
    for call in found.calls:
        offered = next(tool for tool in chat.tools if tool.name == call.tool)
        properties = offered.parameters.get("properties")
        assert set(call.arguments) <= set(properties if isinstance(properties, dict) else ()) | (
            set(map(str, offered.parameters.get("required") or ()))
        )


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=300))
def test_any_text_has_an_answer(text: str) -> None:
    chat = Chat(messages=(Message(role="user", text=text),), tools=EVERYTHING)
    assert answer(chat, clock).text or answer(chat, clock).calls
