"""What of a call is recorded: its start, its turns as they were heard, its summary, its end."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Self
from urllib.parse import quote

from chassis.ended import EndedReason
from chassis.logs import get_logger
from livekit_agent.backend_client import MemoryKind
from livekit_agent.outbox import Outbox, OutboxUnavailable

MAX_WAITING = 1_000  # an hour of turns, while the disk is full
RETRY_S = 1.0
CLOSE_WITHIN_S = 2.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A tool that ran in a turn: its arguments and result as JSON knows them."""

    name: str
    arguments: Any = None
    result: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    method: str
    path: str
    body: dict[str, Any]
    key: str
    is_last: bool = False


class Journal:
    """Of one call. Nothing here waits or fails: entries go to the outbox from a task of its own,
    in order. Enter it for the length of the call; leaving it waits until they are on disk."""

    def __init__(
        self,
        outbox: Outbox | None,
        conversation_id: str,
        *,
        user_id: str | None = None,
        call_id: str | None = None,
    ) -> None:
        """`outbox` None: nothing is recorded (no service key is set). `call_id`: of a telephone
        call that the backend keeps."""
        self._outbox = outbox
        self._conversation_id = conversation_id
        self._user_id = user_id
        self._call_id = call_id
        self._path = f"/internal/conversations/{quote(conversation_id, safe='')}"
        # A conversation has several calls, and a call several agents when one dies: turn 1 of each
        # is another turn.
        self._stay = secrets.token_hex(6)
        self._turns = 0
        self.last_user_turn: str | None = None  # key of what the user said last
        self._entries: asyncio.Queue[_Entry] = asyncio.Queue(MAX_WAITING)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._write_all())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is None:
            return
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._entries.join()
        except TimeoutError:
            log.error("journal_entries_lost", count=self._entries.qsize() + 1)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def started(
        self,
        *,
        channel: Literal["web", "sip"],
        room: str,
        persona_id: str | None = None,
        at_s: float | None = None,
    ) -> None:
        """The call began. Instants here are Unix time; None: now."""
        body = {
            "conversation_id": self._conversation_id,
            "channel": channel,
            "user_id": self._user_id,
            "persona_id": persona_id,
            "room": room,
            "started_at": _iso(at_s),
        }
        self._add("POST", "/internal/conversations", body, "start")

    def user_turn(
        self,
        text: str,
        *,
        at_s: float | None = None,
        confidence: float | None = None,
        timing: Mapping[str, float] | None = None,
    ) -> None:
        """What the user said until the floor passed. `confidence` 0..1, `timing` in seconds."""
        self.last_user_turn = self._turn("user", text, None, at_s, False, confidence, timing, ())

    def agent_turn(
        self,
        text: str,
        *,
        heard_text: str | None = None,
        at_s: float | None = None,
        interrupted: bool = False,
        timing: Mapping[str, float] | None = None,
        tools: Sequence[ToolUse] = (),
    ) -> None:
        """What the agent said. `heard_text`: what of it was played; None: all of it."""
        self._turn("assistant", text, heard_text, at_s, interrupted, None, timing, tools)

    def summary(self, text: str) -> None:
        """What was said before the turns that are still told in full."""
        self._turns += 1
        self._add("PUT", f"{self._path}/summary", {"text": text}, f"{self._turns}:summary")

    def remembered(
        self,
        text: str,
        kind: MemoryKind,
        turn_key: str | None = None,
        *,
        explicit: bool = False,
    ) -> None:
        """Something to be known in later calls. `turn_key`: of the turn it was said in; `explicit`:
        the user asked for it."""
        self._turns += 1
        body = {
            "user_id": self._user_id,
            "text": text,
            "kind": kind,
            "conversation_id": self._conversation_id,
            "turn_key": turn_key,
            "explicit": explicit,
        }
        self._add("POST", "/internal/memories", body, f"{self._turns}:memory")

    def ended(self, reason: EndedReason, *, at_s: float | None = None) -> None:
        """The call is over; the last entry of it."""
        body = {"reason": reason.value, "ended_at": _iso(at_s)}
        if self._call_id is not None:
            path = f"/internal/calls/{quote(self._call_id, safe='')}/ended"
            self._add("POST", path, body, "call")
        self._add("POST", f"{self._path}/end", body, "end", is_last=True)

    def refused(self, reason: EndedReason) -> None:
        """A telephone call that no conversation came of ended."""
        if self._call_id is not None:
            path = f"/internal/calls/{quote(self._call_id, safe='')}/ended"
            body = {"reason": reason.value, "ended_at": _iso(None)}
            self._add("POST", path, body, "call", is_last=True)

    def _turn(
        self,
        role: Literal["user", "assistant"],
        text: str,
        heard_text: str | None,
        at_s: float | None,
        interrupted: bool,
        confidence: float | None,
        timing: Mapping[str, float] | None,
        tools: Sequence[ToolUse],
    ) -> str:
        """The turn's key."""
        self._turns += 1
        body = {
            "role": role,
            "text": text,
            "heard_text": heard_text,
            "started_at": _iso(at_s),
            "interrupted": interrupted,
            "confidence": confidence,
            "timing": dict(timing or {}),
            "tools": [
                {"name": t.name, "arguments": t.arguments, "result": t.result} for t in tools
            ],
        }
        what = f"{self._turns}:{role}"
        self._add("POST", f"{self._path}/turns", body, what)
        return self._key(what)

    def _add(
        self, method: str, path: str, body: dict[str, Any], what: str, *, is_last: bool = False
    ) -> None:
        if self._outbox is None:
            return
        entry = _Entry(method=method, path=path, body=body, key=self._key(what), is_last=is_last)
        try:
            self._entries.put_nowait(entry)
        except asyncio.QueueFull:
            log.error("journal_entry_dropped", what=what)

    def _key(self, what: str) -> str:
        return f"{self._conversation_id}:{self._stay}:{what}"

    async def _write_all(self) -> None:
        while True:
            entry = await self._entries.get()
            try:
                await self._write(entry)
            finally:
                self._entries.task_done()

    async def _write(self, entry: _Entry) -> None:
        assert self._outbox is not None
        while True:
            try:
                return await self._outbox.put(
                    entry.method,
                    entry.path,
                    entry.body,
                    entry.key,
                    lane=self._conversation_id,
                    is_last=entry.is_last,
                )
            except OutboxUnavailable as exc:
                log.error("journal_not_written", reason=str(exc))
                await asyncio.sleep(RETRY_S)


def _iso(at_s: float | None) -> str:
    at = datetime.now(UTC) if at_s is None else datetime.fromtimestamp(at_s, UTC)
    return at.isoformat()
