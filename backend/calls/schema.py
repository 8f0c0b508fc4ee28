"""Bodies of `POST /api/token`, and what the agent is told of a call."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from backend.internal_schema import Id


class AgentChoice(BaseModel):
    """The agent a client asks for. Only ours, and what it is told is the server's to write."""

    agent_name: str = ""
    metadata: str = ""
    deployment: str = ""


class RoomConfig(BaseModel):
    """The part of LiveKit's room configuration a client may send."""

    model_config = ConfigDict(extra="forbid")
    agents: list[AgentChoice] = Field(default=[], max_length=1)


class TokenRequest(BaseModel):
    """LiveKit's standard body. Fields that would let a client choose what it may do are refused.

    Beyond the standard: `conversation_id` of one to go on with, `persona_id` (or name) of who is to
    answer, `voice` to begin with instead of the persona's, `ticket` that tells this page from the
    user's others in the line.
    """

    room_name: str = ""
    participant_name: str = ""
    participant_identity: str = ""
    participant_metadata: str = ""
    participant_attributes: dict[str, str] = {}
    room_config: RoomConfig = RoomConfig()
    conversation_id: Id | None = None
    persona_id: Id | None = None
    voice: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    ticket: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class TokenResponse(BaseModel):
    """Where to connect and with what; `conversation_id` rides along."""

    server_url: str
    participant_token: str
    conversation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """What the agent is told of the call, as JSON. `persona_id` None: the user's default."""

    conversation_id: str
    user_id: str
    channel: str = "web"
    persona_id: str | None = None
    voice: str | None = None
    resume: bool = False
