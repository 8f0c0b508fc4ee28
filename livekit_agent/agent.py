"""The agent as the SDK sees it: its LLM and TTS are the call's own, with their fallbacks."""

from collections.abc import AsyncIterable, AsyncIterator

from livekit import rtc
from livekit.agents import Agent, ModelSettings, StopResponse
from livekit.agents.llm import ChatContext, ChatMessage, Tool, Toolset

from livekit_agent.llm import Piece, Thinking
from livekit_agent.tts import Speaking
from livekit_agent.underruns import Underruns


class ParleyAgent(Agent):
    """Thinks with `thinking`, speaks with `speaking`."""

    def __init__(
        self,
        *,
        instructions: str,
        tools: list[Tool | Toolset],
        context: ChatContext | None,
        thinking: Thinking,
        speaking: Speaking,
        underruns: Underruns,
    ) -> None:
        if context is None:
            super().__init__(instructions=instructions, tools=tools)
        else:
            super().__init__(instructions=instructions, tools=tools, chat_ctx=context)
        self._thinking = thinking
        self._speaking = speaking
        self._underruns = underruns

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        """A talk key that was let go without a word asks for no reply."""
        if not (new_message.text_content or "").strip():
            raise StopResponse

    def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncIterator[Piece]:
        return self._thinking.reply(chat_ctx, tools, model_settings)

    def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncIterator[rtc.AudioFrame]:
        return self._underruns.watched(self._speaking.speak(text))
