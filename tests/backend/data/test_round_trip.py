"""Whatever a user has: what is read back from a file is what was written to it."""

import json
from typing import Any

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backend.data.test_portability import exported, forget, imported, without_images

# All that JSON can carry; half of a character it cannot.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SAID = TEXTS.map(str.strip).filter(bool)
INSTANTS = st.datetimes().map(lambda at: at.isoformat() + "Z")
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)

TURN: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant"]),
        "text": TEXTS,
        "heard_text": st.none() | TEXTS,
        "started_at": INSTANTS,
        "interrupted": st.booleans(),
        "confidence": st.none() | st.floats(0, 1),
        "timing": st.dictionaries(NAMES, st.none() | st.floats(0, 100), max_size=3),
        "tools": st.lists(
            st.fixed_dictionaries({"name": TEXTS, "arguments": JSON, "result": JSON}), max_size=2
        ),
        "recorded_at": INSTANTS,
    }
)
CONVERSATION: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(["web", "sip"]),
        "title": st.none() | TEXTS,
        "summary": st.none() | TEXTS,
        "started_at": INSTANTS,
        "ended_at": st.none() | INSTANTS,
        "turns": st.lists(TURN, max_size=4),
    }
)
MEMORY: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "text": SAID,
        "kind": st.sampled_from(["fact", "preference", "note"]),
        "proposed": st.booleans(),
        "created_at": INSTANTS,
        "last_used_at": st.none() | INSTANTS,
    }
)
PERSONA: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"prompt": SAID, "style": TEXTS, "temperature": st.none() | st.floats(0, 2)}
)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """A file as another server may have written it."""
    conversations = draw(st.lists(CONVERSATION, max_size=3))
    for number, conversation in enumerate(conversations):
        conversation["id"] = f"c{number}"
        for place, turn in enumerate(conversation["turns"]):
            turn["id"] = f"t{number}-{place}"
    memories = draw(st.lists(MEMORY, max_size=3, unique_by=lambda memory: memory["text"]))
    personas = draw(st.dictionaries(NAMES, PERSONA, max_size=2))
    return {
        "version": 1,
        "conversations": conversations,
        "memories": memories,
        "personas": [
            {"id": f"p{number}", "name": f"{number} {name}"} | persona
            for number, (name, persona) in enumerate(personas.items())
        ],
    }


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(files())
def test_what_is_read_back_is_what_was_written(client: TestClient, file: Any) -> None:
    """Read twice it adds nothing; forgotten and read again it is there again, under new ids."""
    first = imported(client, file)
    assert first["problems"] == []
    before = exported(client)
    again = imported(client, before)
    assert (again["personas"], again["conversations"], again["memories"]) == (0, 0, 0)
    assert without_images(exported(client)) == without_images(before)
    forget(client)
    imported(client, before)
    assert contents(exported(client)) == contents(before)
    forget(client)


def contents(file: Any) -> list[str]:
    """All that was said and noted, whatever it is called here."""
    plain = without_images(file)
    for conversation in plain["conversations"]:
        conversation.pop("id")
        conversation.pop("persona_id")
        for turn in conversation["turns"]:
            turn.pop("id")
    for memory in plain["memories"]:
        memory.pop("conversation_id")
        memory.pop("turn_id")
    rows = [*plain["conversations"], *plain["memories"], *plain["personas"]]
    return sorted(json.dumps(row, sort_keys=True) for row in rows)
