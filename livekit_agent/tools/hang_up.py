"""Ending the call when the user is done."""

from collections.abc import Callable

from livekit.agents import RunContext
from livekit.agents.voice import SpeechHandle

from livekit_agent.tools.contract import Result, Tool, tool


class CallEnded(Result):
    ended: bool


def hang_up_tools(hang_up: Callable[[], None]) -> list[Tool]:
    """`hang_up` is called once the goodbye has been said; not where somebody spoke over it."""

    def said(speech: SpeechHandle) -> None:
        if not speech.interrupted:
            hang_up()

    @tool(privileged=True)
    async def end_call(ctx: RunContext[None]) -> CallEnded:
        """End the call. Only when the user said goodbye or is clearly done."""
        # The reply to this tool's result is spoken by the same handle, so done means said.
        ctx.speech_handle.add_done_callback(said)
        return CallEnded(ended=True)

    return [end_call]
