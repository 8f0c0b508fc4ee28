"""How many calls a worker can still take: its free lines, less the tokens just handed out."""

import time
from collections import deque

from pydantic import BaseModel, ConfigDict, ValidationError

from chassis.http import Response

CLAIM_S = 1.5  # who uses it at once is in the worker's count by then; who asked ahead takes no line


class Calls(BaseModel):
    """How many calls a worker is in, and how many it takes."""

    model_config = ConfigDict(frozen=True)

    active: int
    most: int


class _Ready(BaseModel):
    calls: Calls


class Lines:
    """The lines of the worker at BACKEND_AGENT_URL, as its readiness tells them."""

    def __init__(self) -> None:
        self._handed: deque[float] = deque()  # when a token was given that nobody used yet
        self._seen: Calls | None = None

    def seen(self, response: Response) -> None:
        """An answer of the worker's `/health/ready`, whatever its status."""
        try:
            calls = _Ready.model_validate_json(response.content).calls
        except ValidationError:
            calls = None
        begun = 0
        if calls is not None and self._seen is not None:
            begun = max(0, calls.active - self._seen.active)
        for _ in range(min(begun, len(self._handed))):
            self._handed.popleft()  # their calls have begun
        self._seen = calls

    def free(self) -> int | None:
        """None while the worker tells no number: readiness has its own word."""
        now = time.monotonic()
        while self._handed and now - self._handed[0] > CLAIM_S:
            self._handed.popleft()
        calls = self._seen
        return None if calls is None else max(0, calls.most - calls.active - len(self._handed))

    def claim(self) -> None:
        """A token is handed out."""
        self._handed.append(time.monotonic())
