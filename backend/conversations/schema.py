"""Bodies of the routes of `/api/conversations`."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from backend.internal_schema import Channel, Role

MAX_TITLE_CHARS = 200


class PersonaName(BaseModel):
    """Who answered."""

    id: str
    name: str


class Conversation(BaseModel):
    """One line of the history.

    `preview`: the user's first words; `duration_s`: of its calls together, without the days between
    them; `live`: a call of it lasts; `latencies_s`: end of speech to first sound of its first
    replies, oldest first; `match`: where a search hit.
    """

    id: str
    title: str | None
    preview: str | None
    channel: Channel
    persona: PersonaName | None
    started_at: datetime
    ended_at: datetime | None
    ended_reason: str | None
    duration_s: float | None
    turn_count: int
    recorded: bool
    live: bool
    latencies_s: list[float]
    match: str | None = None


class ConversationPage(BaseModel):
    """`next_cursor` asks for what follows; None: that was all."""

    conversations: list[Conversation]
    next_cursor: str | None


class ToolRun(BaseModel):
    """A tool that ran in a turn, with what went in and what came out."""

    name: str
    arguments: Any = None
    result: Any = None


class ToldTurn(BaseModel):
    """What one side said. `heard_text`: what of a reply was played, None for all of it; `timing` in
    seconds, by stage."""

    id: str
    role: Role
    text: str
    heard_text: str | None
    started_at: datetime
    interrupted: bool
    confidence: float | None
    timing: dict[str, float]
    tools: list[ToolRun]


class Recording(BaseModel):
    """The sound of one call, the caller left, the agent right. `duration_s` None: not whole."""

    id: str
    started_at: datetime
    duration_s: float | None
    size_bytes: int
    content_type: str


class ConversationDetail(Conversation):
    """All of one conversation, oldest turn first."""

    summary: str | None
    turns: list[ToldTurn]
    recordings: list[Recording]


class ConversationChange(BaseModel):
    """`title` None or blank: it is called by its first words again."""

    title: Annotated[str, Field(max_length=MAX_TITLE_CHARS)] | None
