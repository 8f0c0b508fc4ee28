import json

import pytest

from livekit_agent.call_metadata import CallMetadata


def test_a_web_call_without_a_user_is_the_local_ones() -> None:
    metadata = CallMetadata.of(json.dumps({"conversation_id": "c1", "channel": "web"}), "room")
    assert (metadata.conversation_id, metadata.user_id) == ("c1", None)


def test_who_calls_by_telephone_has_a_memory_of_their_own() -> None:
    metadata = CallMetadata.of(json.dumps({"conversation_id": "c1", "channel": "sip"}), "room")
    assert metadata.user_id == "c1"
    known = CallMetadata.of(json.dumps({"channel": "sip", "user_id": "ann"}), "room")
    assert known.user_id == "ann"


def test_a_call_may_begin_with_another_voice_than_the_personas() -> None:
    assert CallMetadata.of(json.dumps({"voice": "nova"}), "room").voice == "nova"
    assert CallMetadata.of("{}", "room").voice is None


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"channel": "fax"}'])
def test_a_call_without_metadata_is_a_conversation_of_its_own(text: str) -> None:
    assert CallMetadata.of(text, "room-1").conversation_id == "room-1"
    assert CallMetadata.of(text, "r" * 100 + "end").conversation_id.endswith("rend")


def test_a_callers_number_is_not_in_the_conversations_name() -> None:
    metadata = CallMetadata.of('{"channel": "sip"}', "call-sip-_+4915112345678_a1b2c3")
    assert "4915112345678" not in metadata.conversation_id
    assert metadata.conversation_id.startswith("call-sip-")
