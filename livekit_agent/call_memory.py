"""What is kept of a call while it lasts: a history that fits the model, facts for later calls."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from livekit.agents.llm import ChatItem

from livekit_agent.backend_client import CallContext
from livekit_agent.completion import Completion
from livekit_agent.history import History
from livekit_agent.journal import Journal
from livekit_agent.remembering import Remembering
from livekit_agent.settings import AgentSettings
from livekit_agent.summary import Summariser

FACTS_TOKENS = 300


async def open_history(
    completion: Completion,
    settings: AgentSettings,
    context: CallContext | None,
    journal: Journal,
    stack: AsyncExitStack,
) -> History:
    """What leaves the history is summarised in the background, for it and for the next call."""
    summary = context.summary or "" if context is not None else ""
    history = History(settings.context_tokens, summary=summary)

    def summarised(text: str, items: Sequence[ChatItem]) -> None:
        history.summarised(text, items)
        journal.summary(text)

    summariser = Summariser(completion.complete, summarised, summary=summary)
    history.on_leaving = summariser.offer
    await stack.enter_async_context(summariser)
    return history


async def open_remembering(
    completion: Completion,
    settings: AgentSettings,
    context: CallContext | None,
    journal: Journal,
    stack: AsyncExitStack,
) -> Remembering | None:
    """None where nothing is to be remembered, or there is nobody to remember it for."""
    if settings.memory_policy != "auto" or context is None or is_memory_off(context):
        return None
    remembering = Remembering(
        lambda messages: completion.complete(messages, FACTS_TOKENS),
        journal.remembered,
        known=[memory.text for memory in context.memories],
    )
    return await stack.enter_async_context(remembering)


def is_memory_off(context: CallContext | None) -> bool:
    """Whether the user wants nothing remembered."""
    return context is not None and context.user.memory_policy == "off"
