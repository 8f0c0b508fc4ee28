"""Whether a worker can take one more call: its free lines, less the tokens just handed out."""

import asyncio
from collections import deque

from pydantic import BaseModel, ConfigDict, ValidationError

from backend.settings import BackendSettings
from chassis.errors import Unavailable
from chassis.http import AsyncClient, HTTPError

FRESH_S = 0.25
CLAIM_S = 1.5  # who uses it at once is in the worker's count by then; who asked ahead takes no line
ASK_WITHIN_S = 1.0
RETRY_S = 2.0


class Calls(BaseModel):
    """How many calls a worker is in, and how many it takes."""

    model_config = ConfigDict(frozen=True)

    active: int
    most: int


class _Ready(BaseModel):
    calls: Calls


class Lines:
    """The lines of the worker at BACKEND_AGENT_URL. Without an answer nobody is refused: readiness
    has its own word (see tokens.py)."""

    def __init__(self, settings: BackendSettings, client: AsyncClient) -> None:
        self._url = f"{settings.agent_url}/health/ready"
        self._client = client
        self._handed: deque[float] = deque()  # when a token was given that nobody used yet
        self._seen: Calls | None = None
        self._seen_at = float("-inf")

    async def take(self) -> None:
        """Raises Unavailable when all lines are, or are about to be, busy."""
        now = asyncio.get_running_loop().time()
        if now - self._seen_at > FRESH_S:
            self._note(await self._look())
            self._seen_at = now
        while self._handed and now - self._handed[0] > CLAIM_S:
            self._handed.popleft()
        calls = self._seen
        if calls is not None and calls.active + len(self._handed) >= calls.most:
            raise Unavailable(
                "all lines are busy", code="no_agent_available", retry_after_s=RETRY_S
            )
        self._handed.append(now)

    def _note(self, calls: Calls | None) -> None:
        begun = 0
        if calls is not None and self._seen is not None:
            begun = max(0, calls.active - self._seen.active)
        for _ in range(min(begun, len(self._handed))):
            self._handed.popleft()  # their calls have begun
        self._seen = calls

    async def _look(self) -> Calls | None:
        try:
            async with asyncio.timeout(ASK_WITHIN_S):
                response = await self._client.get(self._url)
            return _Ready.model_validate_json(response.content).calls
        except (HTTPError, TimeoutError, ValidationError):
            return None
