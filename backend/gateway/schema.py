"""Bodies of `/api/keys` and `/api/usage`."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.internal_schema import Instant

Service = Literal["stt", "llm", "tts"]
MAX_OVERLAP_S = 30 * 86_400
MAX_QUOTA = 2_000_000_000  # what an integer of the database holds

KeyName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Quota = Annotated[int, Field(ge=1, le=MAX_QUOTA)]
Minutes = Annotated[float, Field(gt=0, le=MAX_QUOTA / 60_000, allow_inf_nan=False)]


class NewApiKey(BaseModel):
    """A key to make. A quota that is left out is no limit."""

    model_config = ConfigDict(extra="forbid")

    name: KeyName
    scopes: list[Service] = Field(min_length=1, max_length=3)
    expires_at: Instant | None = None
    requests_per_minute: Quota | None = None
    audio_minutes_per_day: Minutes | None = None
    tokens_per_day: Quota | None = None


class Rotation(BaseModel):
    """How long the old key still works beside the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: float = Field(default=86_400, ge=0, le=MAX_OVERLAP_S, allow_inf_nan=False)


class ApiKey(BaseModel):
    """A key as it is listed: never the key itself."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    hint: str
    scopes: list[Service]
    requests_per_minute: int | None
    audio_minutes_per_day: float | None
    tokens_per_day: int | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class MadeApiKey(ApiKey):
    """The only answer with the key in it."""

    key: str


class ApiKeys(BaseModel):
    """All of a user's keys, the newest first."""

    keys: list[ApiKey]


class Usage(BaseModel):
    """What was used of one service on one day (UTC); `key_id` null: in the web app."""

    day: str
    key_id: str | None
    key_name: str | None
    service: Service
    requests: int
    audio_s: float
    tokens: int
    characters: int


class Usages(BaseModel):
    """The newest day first."""

    usage: list[Usage]
