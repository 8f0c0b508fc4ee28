"""Voice and persona by asking for them."""

import pytest

from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.persona_tools import persona_tools
from tests.livekit_agent.tools.calls import call, code_of


class Switch:
    """Knows one name."""

    def __init__(self) -> None:
        self.switched: list[str] = []

    async def __call__(self, name: str) -> None:
        if name != "nova":
            raise ToolFailure("unknown_voice", f"there is no voice {name}")
        self.switched.append(name)


async def test_the_voice_is_switched_by_name() -> None:
    switch = Switch()
    tools = persona_tools(switch, None)
    assert await call(tools, "set_voice", voice="nova") == {"voice": "nova"}
    assert await code_of(tools, "set_voice", voice="darth") == "unknown_voice"
    assert switch.switched == ["nova"]


@pytest.mark.parametrize("persona", [True, False])
async def test_only_what_can_be_switched_is_offered(persona: bool) -> None:
    tools = persona_tools(None, Switch() if persona else None)
    assert [each.info.name for each in tools] == (["set_persona"] if persona else [])
