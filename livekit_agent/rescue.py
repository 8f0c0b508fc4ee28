"""Spoken and visible answers when a stage fails or nobody speaks: silence is the worst one."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

from livekit.agents import AgentSession, UserStateChangedEvent

from chassis.ended import EndedReason
from chassis.logs import get_logger
from livekit_agent.budgets import Budgets
from livekit_agent.call_end import CallEnd
from livekit_agent.lines import LineKey
from livekit_agent.llm import Thinking
from livekit_agent.silence import Silence
from livekit_agent.stages import Stage
from livekit_agent.tts import Speaking

DEAF_AGAIN_S = 8.0  # saying it more often would talk over somebody who tries again
DEAF_NOTICES = 4  # then nothing will help
FAILED_REPLIES = 3

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What may go wrong in a call."""

    session: AgentSession[None]
    stt: Stage
    thinking: Thinking
    speaking: Speaking
    silence: Silence
    budgets: Budgets
    silence_hangup_s: float
    somebody_waits: Callable[[], Awaitable[bool]]  # for a timer: silence means nothing then


class Rescue:
    """Speaks when a stage cannot, asks who is silent, ends what cannot go on. Enter it."""

    def __init__(self, watched: Watched, say: Callable[[LineKey], None], end: CallEnd) -> None:
        self._watched = watched
        self._say = say
        self._end = end
        self._deaf_notices = 0
        self._told_deaf_at = float("-inf")
        self._tasks: list[asyncio.Task[None]] = []
        self._asking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._watched.session.on("user_state_changed", self._on_user)
        self._tasks = [asyncio.create_task(self._watch_hearing())]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watched.session.off("user_state_changed", self._on_user)
        tasks = [*self._tasks, *([self._asking] if self._asking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def heard(self) -> None:
        """A transcript came: the agent is not deaf."""
        self._deaf_notices = 0

    def speech_ended(self) -> None:
        """Somebody has spoken. If nothing can hear them, they are told at once."""
        if self._watched.stt.state == "down":
            self._tell_deaf()

    def hearing_lost(self) -> None:
        """No engine is left to hear with. Who waits for an answer is told, whatever they were."""
        if self._watched.silence.is_waiting:
            self._tell_deaf()

    def reply_done(self) -> None:
        """A reply was given, or what stands for one. Ends a call in which none ever comes."""
        if self._watched.thinking.failed_replies >= FAILED_REPLIES:
            self._end.end(EndedReason.NO_LLM)  # the reply itself was the apology
        elif self._watched.speaking.failed_replies >= FAILED_REPLIES:
            self._end.end(EndedReason.NO_TTS)

    async def _watch_hearing(self) -> None:
        """Asks for patience while a transcript is late, and says so when none will come."""
        watched = self._watched
        while True:
            await watched.silence.lasts(watched.budgets.filler_s, "hearing")
            if not watched.silence.told():
                continue
            if watched.stt.state == "down":
                self._tell_deaf()
            else:
                self._say("one_moment")

    def _tell_deaf(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_deaf_at < DEAF_AGAIN_S:
            return
        self._told_deaf_at = now
        self._deaf_notices += 1
        if self._deaf_notices >= DEAF_NOTICES:
            self._end.end(EndedReason.NO_STT, "must_end")
        else:
            self._say("lost_stt")

    def _on_user(self, event: UserStateChangedEvent) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        if event.new_state == "away":
            self._asking = asyncio.create_task(self._ask_who_is_silent())

    async def _ask_who_is_silent(self) -> None:
        asked = False
        while not asked:
            asked = not await self._watched.somebody_waits()
            if asked:
                self._say("still_there")
            await asyncio.sleep(self._watched.silence_hangup_s)
        self._end.end(EndedReason.USER_SILENT, "going_silent")
