"""What the backend wrote about a call into its dispatch."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from chassis.logs import get_logger
from chassis.room_names import kept_name

BUSY_MARK = "parley.lines_busy"  # attribute of an agent taken on only to say that lines are busy
MAX_ID_CHARS = 64  # of the backend's ids; the chance part of a room's name is its end

log = get_logger(__name__)


class CallMetadata(BaseModel):
    """`resume`: the conversation was begun before: by an agent that died, or on another day.
    `voice`: to begin with, instead of the persona's. By telephone there are `line_id`, of the
    backend, `pin_typed`: the SFU asked for the line's PIN, and `caller`: the number of the other
    side as it was told, which may be made up."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    conversation_id: str = ""
    user_id: str | None = None
    channel: Literal["web", "sip"] = "web"
    persona_id: str | None = None
    voice: str | None = None
    resume: bool = False
    direction: Literal["inbound", "outbound"] = "inbound"
    line_id: str | None = None
    pin_typed: bool = False
    caller: str = ""

    @classmethod
    def of(cls, text: str, room: str) -> Self:
        """From a job's metadata; a call without any is a conversation of its own, by its room."""
        try:
            metadata = cls.model_validate_json(text or "{}")
        except ValidationError as exc:
            log.warning("metadata_unreadable", fields=[e["loc"] for e in exc.errors()])
            metadata = cls()
        if not metadata.conversation_id:
            own_id = kept_name(room)[-MAX_ID_CHARS:]
            metadata = metadata.model_copy(update={"conversation_id": own_id})
        if metadata.channel == "sip" and metadata.user_id is None:
            # Nobody known: no user's memory is told to whoever dials the number, nor theirs to us.
            metadata = metadata.model_copy(update={"user_id": metadata.conversation_id})
        return metadata
