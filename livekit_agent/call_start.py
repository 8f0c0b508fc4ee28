"""What a call begins with: the backend's context, and what was said on other days."""

from livekit.agents.llm import ChatContext

from chassis.logs import get_logger
from livekit_agent.backend_client import BackendClient, BackendUnavailable, CallContext
from livekit_agent.call_metadata import CallMetadata
from livekit_agent.engines import Engines
from livekit_agent.history import History
from livekit_agent.llm_window import context_tokens

log = get_logger(__name__)


async def ask_context(backend: BackendClient, metadata: CallMetadata) -> CallContext | None:
    """What the backend knows of the call; None when it does not say in a second."""
    try:
        return await backend.context(
            metadata.conversation_id, user_id=metadata.user_id, persona_id=metadata.persona_id
        )
    except BackendUnavailable as exc:
        log.warning("context_not_there", reason=str(exc))
        return None


def past_of(context: CallContext | None) -> ChatContext | None:
    """The last turns of the conversation, for the LLM; None where there were none."""
    if context is None or not context.turns:
        return None
    past = ChatContext.empty()
    for turn in context.turns:
        past.add_message(role=turn.role, content=turn.text, created_at=turn.at.timestamp())
    return past


async def size_history(engines: Engines, history: History) -> None:
    """Make `history` as long as the main model's context, where its server tells that."""
    main = engines.llm.order()[0]
    tokens = await context_tokens(
        engines.http, main.base_url, main.api_key.get_secret_value(), main.model
    )
    if tokens is not None:
        history.context_tokens = tokens
