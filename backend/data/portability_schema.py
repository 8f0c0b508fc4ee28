"""The file that all of a user's data travels in."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from backend.accounts.schema import Body, Password
from backend.accounts.tables import MemoryPolicy
from backend.internal_schema import Channel, Id, Instant, Role, StageName, Text, ToolCall
from backend.memories.schema import ImportProblem
from backend.personas.schema import NewPersona

FORMAT = 1  # of the file; raised when an older backend could not read it any more
MAX_TURN_ID_CHARS = 32
MAX_IMAGE_CHARS = 7_000_000  # 5 MB as base64

TurnId = Annotated[str, Field(min_length=1, max_length=MAX_TURN_ID_CHARS)]


class PortableUser(BaseModel):
    """Who it was. For the reader: preferences of the user who imports stay as they are."""

    model_config = ConfigDict(from_attributes=True)

    login: str
    preferred_name: str | None
    language: str | None
    memory_policy: MemoryPolicy
    record_calls: bool
    retention_days: int | None
    created_at: datetime


class PortableImage(BaseModel):
    """A picture, in base64."""

    content_type: Annotated[str, Field(max_length=64)]
    data: Annotated[str, Field(max_length=MAX_IMAGE_CHARS)]


class PortablePersona(NewPersona):
    """One of the user's own."""

    model_config = ConfigDict(extra="ignore")

    id: Id
    image: PortableImage | None = None


class PortableTurn(BaseModel):
    """As it was recorded; `heard_text` None: all of it was played."""

    id: TurnId
    role: Role
    text: Text
    heard_text: Text | None = None
    started_at: Instant
    interrupted: bool = False
    confidence: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    timing: dict[StageName, FiniteFloat | None] = {}
    tools: list[ToolCall] = []
    recorded_at: Instant


class PortableConversation(BaseModel):
    """With its turns, oldest first. Recordings of the sound are not part of it."""

    id: Id
    persona_id: Id | None = None
    channel: Channel
    title: Annotated[str, Field(max_length=1_000)] | None = None
    started_at: Instant
    call_started_at: Instant | None = None
    talked_before_s: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    ended_at: Instant | None = None
    ended_reason: Annotated[str, Field(max_length=32)] | None = None
    summary: Text | None = None
    turns: list[PortableTurn] = []


class PortableFile(BaseModel):
    """Each row is read by itself: a bad one does not cost the others."""

    version: Literal[1]
    personas: list[Any] = []
    conversations: list[Any] = []
    memories: list[Any] = []


class Imported(BaseModel):
    """How many are new. `skipped`: there already, or wrong; `problems`: the first 20 that are
    wrong."""

    personas: int
    conversations: int
    memories: int
    skipped: int
    problems: list[ImportProblem]


class Forget(Body):
    """`confirm`: the user's login, typed; `password`: where people sign in."""

    confirm: Annotated[str, Field(max_length=256)]
    password: Password | None = None
