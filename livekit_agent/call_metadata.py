"""What the backend wrote about a call into its dispatch."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from chassis.logs import get_logger

log = get_logger(__name__)


class CallMetadata(BaseModel):
    """`resume`: the conversation was begun before: by an agent that died, or on another day."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    conversation_id: str = ""
    user_id: str | None = None
    channel: Literal["web", "sip"] = "web"
    persona_id: str | None = None
    resume: bool = False

    @classmethod
    def of(cls, text: str, room: str) -> Self:
        """From a job's metadata; a call without any is a conversation of its own, by its room."""
        try:
            metadata = cls.model_validate_json(text or "{}")
        except ValidationError as exc:
            log.warning("metadata_unreadable", fields=[e["loc"] for e in exc.errors()])
            metadata = cls()
        if not metadata.conversation_id:
            metadata = metadata.model_copy(update={"conversation_id": room})
        return metadata
