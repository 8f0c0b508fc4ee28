"""A model on its way to a server, as every service, page and command tells of it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# waiting: for another's download to end · failed: tried again at `again_at` · offline: never asked.
ComingPhase = Literal["waiting", "downloading", "loading", "warming", "failed", "offline"]


class Coming(BaseModel):
    """What a server is to serve with soon. Sizes in bytes; None where nobody knows yet.

    `code`: of chassis/advice.py, where something is wrong; `reason` says it in words.
    """

    model_config = ConfigDict(frozen=True)

    model: str = Field(max_length=300)
    phase: ComingPhase
    bytes_done: int = Field(default=0, ge=0)
    bytes_total: int | None = Field(default=None, ge=0)
    bytes_per_s: int | None = Field(default=None, ge=0)
    reason: str | None = None
    code: str | None = None
    again_at: datetime | None = None
