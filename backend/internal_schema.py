"""What agent and backend say to each other: the bodies of the `/internal` routes."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
)

from chassis.ended import EndedReason

MAX_TEXT_CHARS = 100_000  # an hour of speech; the body limit is far above

Id = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
Role = Literal["user", "assistant"]
# In PostgreSQL's JSON there is no NUL.
StageName = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Channel = Literal["web", "sip"]
MemoryKind = Literal["fact", "preference", "note"]


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as exc:  # year 1 or 9999, and a zone that leads out of it
        raise ValueError("out of range") from exc


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]


class Persona(BaseModel):
    """Who the agent is. None: the agent's own setting; `tools` None: all."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    prompt: str
    style: str
    voice: str | None
    language: str | None
    greeting: str | None
    temperature: float | None
    tools: list[str] | None
    interruption_mode: Literal["normal", "words", "off"]
    interruption_words: int


class PersonaName(BaseModel):
    """A persona one can ask for."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str


class NewConversation(BaseModel):
    """A call began. `user_id` None: the one local user."""

    conversation_id: Id
    channel: Channel
    user_id: Id | None = None
    persona_id: Id | None = None
    room: Annotated[str, Field(max_length=256)] | None = None
    started_at: Instant


class ConversationId(BaseModel):
    """The conversation that is there now."""

    conversation_id: str


class ToolCall(BaseModel):
    """A tool that ran in a turn, with what went in and what came out."""

    name: Annotated[str, Field(max_length=200)]
    arguments: Any = None
    result: Any = None


class NewTurn(BaseModel):
    """All one side said until the floor passed. `heard_text`: what of a reply was played, None
    for all of it; `confidence` 0..1; `timing` in seconds, by stage."""

    role: Role
    text: Text
    heard_text: Text | None = None
    started_at: Instant
    interrupted: bool = False
    confidence: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    timing: dict[StageName, FiniteFloat | None] = {}
    tools: list[ToolCall] = []


class TurnId(BaseModel):
    """The turn that is kept."""

    turn_id: str


class Summary(BaseModel):
    """What was said before the turns that are still told in full."""

    text: Text


class End(BaseModel):
    """The call is over."""

    reason: EndedReason
    ended_at: Instant


class NewRecording(BaseModel):
    """The sound of a call begins, and is whole once `ended_at` is there."""

    started_at: Instant
    content_type: Literal["audio/ogg"] = "audio/ogg"
    ended_at: Instant | None = None
    duration_s: Annotated[FiniteFloat, Field(ge=0)] | None = None


class KeptRecording(BaseModel):
    """What is there of a recording: `chunks` is the number of the next one to send."""

    chunks: int
    chunk_bytes: int


class Turn(BaseModel):
    """A turn as the language model is told it: of a reply, what was heard."""

    role: Role
    text: str
    at: datetime


class ToldMemory(BaseModel):
    """One thing known about a user, as the agent is told it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    text: str
    kind: MemoryKind


class NewMemory(BaseModel):
    """One thing to know from now on, of the local user when `user_id` is None. `explicit`: the
    user asked for it; `turn_key`: Idempotency-Key of the turn it was said in."""

    user_id: Id | None = None
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
    kind: MemoryKind
    conversation_id: Id | None = None
    turn_key: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    explicit: bool = False


class MemoryId(BaseModel):
    """The memory that is kept. `proposed`: for the user to accept; `kept` False, and no id: the
    user wants nothing remembered."""

    id: str | None
    kept: bool
    proposed: bool


class Memories(BaseModel):
    """Most relevant first, newest first when nothing was asked."""

    memories: list[ToldMemory]


class DeletedMemory(BaseModel):
    """What is no longer known."""

    id: str
    text: str


class Deleted(BaseModel):
    """All that matched the query best."""

    deleted: list[DeletedMemory]


class User(BaseModel):
    """Who is talking, as far as it is known. `memory_policy`: ask: what was not asked to be
    remembered is only proposed; off: nothing is kept."""

    id: str
    preferred_name: str | None
    language: str | None
    memory_policy: Literal["auto", "ask", "off"]


class Context(BaseModel):
    """What an agent needs to go on, or to begin: `resumed` when something was said before;
    `record`: the sound of the call is to be kept, and the caller told so."""

    conversation_id: str
    resumed: bool
    record: bool
    persona: Persona
    personas: list[PersonaName]
    user: User
    summary: str | None
    turns: list[Turn]
    memories: list[ToldMemory]
