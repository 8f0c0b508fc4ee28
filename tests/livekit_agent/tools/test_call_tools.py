"""All tools of a call together."""

from pathlib import Path

from livekit.agents.llm.utils import build_strict_openai_schema

from livekit_agent.tools import ToolDeps, call_tools
from livekit_agent.tools.contract import Tool
from livekit_agent.tools.database import Database
from livekit_agent.tools.lists import Lists
from livekit_agent.tools.memory import LocalMemory
from livekit_agent.tools.schedule import Schedule

DOCUMENTED = (Path(__file__).parents[3] / "docs" / "tools.md").read_text()


class Line:
    """A phone line that takes everything."""

    async def transfer(self, to: str) -> None: ...
    async def send(self, digit: str) -> None: ...


async def ignore(_: str) -> None: ...


def tools_of_a_call(*, phone: bool = False, only: frozenset[str] | None = None) -> list[Tool]:
    database = Database(Path("unused"))
    return call_tools(
        ToolDeps(
            timezone=None,
            schedule=Schedule(database, ignore, conversation_id="c", owner="local"),
            lists=Lists(database, "local"),
            memory=LocalMemory(database, "local"),
            hang_up=lambda: None,
            phone=Line() if phone else None,
            transfer_numbers={"Reception": "+15550100"},
            set_voice=ignore,
            set_persona=ignore,
            only=only,
        )
    )


async def test_every_tool_is_documented_and_has_a_schema() -> None:
    tools = tools_of_a_call(phone=True)
    assert len({each.info.name for each in tools}) == len(tools) == 24
    for each in tools:
        assert f"`{each.info.name}`" in DOCUMENTED
        assert each.info.description
        assert build_strict_openai_schema(each)["function"]["name"] == each.info.name


async def test_only_a_phone_call_has_the_tools_of_a_phone() -> None:
    on_phone = {each.info.name for each in tools_of_a_call(phone=True)}
    on_web = {each.info.name for each in tools_of_a_call()}
    assert on_phone - on_web == {"transfer_call", "send_dtmf"}


async def test_a_persona_may_allow_only_some_tools() -> None:
    tools = tools_of_a_call(only=frozenset({"get_time", "end_call", "unheard_of"}))
    assert [each.info.name for each in tools] == ["get_time", "end_call"]
