"""What is said beside replies: fixed lines from their clips, and what has become due."""

import asyncio
from collections.abc import AsyncIterator

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice import SpeechHandle

from chassis.logs import get_logger
from livekit_agent.clips import Clips
from livekit_agent.lines import LineKey, line
from livekit_agent.silence import Silence
from livekit_agent.tts import Voice

IDLE_WITHIN_S = 30.0  # an announcement waits this long for a pause, then speaks

log = get_logger(__name__)


class Announcer:
    """Speaks in a session, in the call's voice."""

    def __init__(
        self, session: AgentSession[None], silence: Silence, clips: Clips, voice: Voice
    ) -> None:
        self._session = session
        self._silence = silence
        self._clips = clips
        self._voice = voice

    def say(self, key: LineKey) -> None:
        """A line, as soon as nothing else is being said."""
        self._line(key, interruptible=True)

    def declare(self, key: LineKey) -> None:
        """As `say`, and not to be talked over: the caller is to hear it."""
        self._line(key, interruptible=False)

    async def last_words(self, key: LineKey) -> None:
        """A line at once, over whatever is being said; returns when it was heard."""
        await self._session.interrupt(force=True)
        await self._line(key, interruptible=False).wait_for_playout()

    async def announce(self, words: str) -> None:
        """Something nobody asked for just now, once nobody speaks, and once more where less than
        half of it was heard; returns when it was."""
        if not await self._heard(words):
            log.info("announced_again")
            await self._heard(words)

    async def _heard(self, words: str) -> bool:
        try:
            async with asyncio.timeout(IDLE_WITHIN_S):
                await self._session.wait_for_idle()
                while self._silence.is_waiting:  # the answer to what was said would cut it off
                    await self._silence.over()
                    await self._session.wait_for_idle()
        except TimeoutError:
            log.info("announced_into_speech")
        speech = self._session.say(words)
        await speech.wait_for_playout()
        said = (item.text_content or "" for item in speech.chat_items if item.type == "message")
        return not speech.interrupted or 2 * sum(map(len, said)) >= len(words)

    def _line(self, key: LineKey, *, interruptible: bool) -> SpeechHandle:
        return self._session.say(
            line(key, self._voice.language),
            audio=_stream(self._clips.frames(key, self._voice.id, self._voice.language)),
            allow_interruptions=interruptible,
            add_to_chat_ctx=False,
        )


async def _stream(frames: list[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
    for frame in frames:
        yield frame
