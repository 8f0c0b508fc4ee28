"""The tools' memory, kept by the backend: told through the outbox, looked up and forgotten live."""

from livekit_agent.backend_client import TOOL_WITHIN_S, BackendClient, BackendUnavailable
from livekit_agent.journal import Journal
from livekit_agent.tools.memory import MemoryOff, MemoryUnavailable


class BackendMemory:
    """A `MemoryStore` of one user. What is told is kept even while the backend is away."""

    def __init__(
        self,
        backend: BackendClient,
        journal: Journal,
        *,
        user_id: str | None = None,
        off: bool = False,
    ) -> None:
        """`off`: the user wants nothing remembered. What was may still be forgotten."""
        self._backend = backend
        self._journal = journal
        self._user_id = user_id
        self._off = off

    async def add(self, text: str) -> None:
        if self._off:
            raise MemoryOff
        self._journal.remembered(text, "note", self._journal.last_user_turn, explicit=True)

    async def find(self, query: str | None, limit: int) -> list[str]:
        if self._off:
            raise MemoryOff
        try:
            found = await self._backend.memories(
                query or "", user_id=self._user_id, limit=limit, within_s=TOOL_WITHIN_S
            )
        except BackendUnavailable as exc:
            raise MemoryUnavailable from exc
        return [memory.text for memory in found]

    async def delete(self, query: str) -> list[str]:
        try:
            gone = await self._backend.forget(query, user_id=self._user_id)
        except BackendUnavailable as exc:
            raise MemoryUnavailable from exc
        return [memory.text for memory in gone]
