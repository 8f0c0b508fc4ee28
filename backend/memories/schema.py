"""Bodies of the routes of `/api/memories`, and the file that memories travel in."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.internal_schema import Instant, MemoryKind

MAX_MEMORY_CHARS = 2_000
MAX_PROBLEMS = 20  # named of a file; a file of another kind would name every row of it

MemoryText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_MEMORY_CHARS)
]


class Memory(BaseModel):
    """One thing known about the user. `proposed`: told to nobody until it is accepted;
    `conversation_id`, `turn_id`: where it was said; `last_used_at`: last told to the agent."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    text: str
    kind: MemoryKind
    conversation_id: str | None
    turn_id: str | None
    proposed: bool
    created_at: datetime = Field(validation_alias="recorded_at")
    updated_at: datetime | None
    last_used_at: datetime | None


class MemoryPage(BaseModel):
    """Newest first; of a search, best first, 1,000 at most. `total`: of all pages; `next_cursor`
    None: the end."""

    memories: list[Memory]
    next_cursor: str | None
    total: int


class MemoryToKeep(BaseModel):
    """One thing the agent is to know from now on."""

    text: MemoryText
    kind: MemoryKind = "note"


class MemoryChange(BaseModel):
    """What is left out stays. `proposed` false: accepted."""

    text: MemoryText | None = None
    kind: MemoryKind | None = None
    proposed: Literal[False] | None = None


class ForgottenMemories(BaseModel):
    """How many there were."""

    deleted: int


class PortableMemory(BaseModel):
    """A memory as a file has it."""

    model_config = ConfigDict(from_attributes=True)

    text: MemoryText
    kind: MemoryKind = "note"
    proposed: bool = False
    conversation_id: Annotated[str, Field(max_length=64)] | None = None
    turn_id: Annotated[str, Field(max_length=32)] | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    last_used_at: Instant | None = None


class MemoriesFile(BaseModel):
    """What `export` writes. Each row is read by itself: a bad one does not cost the others."""

    version: Literal[1] = 1
    memories: list[Any]


class ImportProblem(BaseModel):
    """`row`: where in the file, as `memories.3`; `message`: what is wrong with which field."""

    row: str
    message: str


class ImportedMemories(BaseModel):
    """`skipped`: known already, or wrong; `problems`: the first 20 that are wrong."""

    kept: int
    skipped: int
    problems: list[ImportProblem]
