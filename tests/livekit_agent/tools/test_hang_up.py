"""The goodbye is said before the line goes dead."""

from collections.abc import Callable
from types import SimpleNamespace

from livekit_agent.tools.hang_up import hang_up_tools
from tests.livekit_agent.tools.calls import call


async def test_the_call_ends_once_the_goodbye_was_said() -> None:
    hung_up: list[str] = []
    said: list[Callable[[object], None]] = []
    speech = SimpleNamespace(add_done_callback=said.append, interrupted=False)
    tools = hang_up_tools(lambda: hung_up.append("now"))
    answer = await call(tools, "end_call", ctx=SimpleNamespace(speech_handle=speech))
    assert answer == {"ended": True}
    assert hung_up == []
    for done in said:
        done(speech)
    assert hung_up == ["now"]
