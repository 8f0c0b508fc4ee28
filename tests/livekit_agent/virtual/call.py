"""A whole call without an SFU: the real wiring, between scripted engines and a scripted person."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import httpx2
import pytest
from livekit.agents import AgentSession
from livekit.agents.llm import ChatMessage
from livekit.agents.voice.transcription import TranscriptSynchronizer
from pydantic import SecretStr

from chassis.ended import EndedReason
from chassis.metrics import Metrics
from livekit_agent import conversation as call_module
from livekit_agent import engines as engines_module
from livekit_agent import stt as stt_module
from livekit_agent.backend_client import BackendClient
from livekit_agent.call_metadata import CallMetadata
from livekit_agent.call_metrics import CallMetrics
from livekit_agent.conversation import Call
from livekit_agent.journal import Journal
from livekit_agent.lines import LINES, clip_file
from livekit_agent.settings import AgentSettings
from livekit_agent.worker_parts import JobParts
from tests.fakes.openai_backend import Json
from tests.livekit_agent.virtual.clock import BEGAN_AT_S, now_s
from tests.livekit_agent.virtual.engines import World
from tests.livekit_agent.virtual.hearing import Hearing, LevelVad
from tests.livekit_agent.virtual.room import Captions, FakeRoom
from tests.livekit_agent.virtual.sound import (
    FRAME_S,
    Loudspeaker,
    Microphone,
    Saying,
    Sound,
    clip_pcm,
)

CLIP_S = 1.0
WORDS_PER_S = 3.0  # of a person
POLL_S = 0.02
PERSONA: Json = {"id": "p", "name": "Parley", "prompt": "You are Parley."}


class TalkingTo:
    """A call with somebody who does as told. Enter it; everything may be scripted before."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.microphone = Microphone()
        self.loudspeaker = Loudspeaker()
        self.hearing = Hearing(self.microphone)
        self.world = World(self.loudspeaker)
        self.room = FakeRoom()
        self.voice_ending: Any = None  # in the place of VoiceEnding; None: words alone
        metrics = Metrics("agent")
        self.metrics, self.registry = CallMetrics(metrics), metrics.registry
        self.room_deleted = False
        self.shows_words = False  # as they are heard, as in a room; it takes its time
        self.resume = False
        self.chosen_voice: str | None = None
        self.room_age_s = 0.0
        self._monkeypatch = monkeypatch
        self._folder = folder
        self._settings: dict[str, Any] = {"turn_detector": "words", "greeting": "Hello there."}
        self._stack = AsyncExitStack()
        self.session: AgentSession[None]
        self.call: Call

    def set(self, **settings: object) -> Self:
        self._settings |= settings
        return self

    def remembers(self, **persona: object) -> Json:
        """The backend is there and knows the conversation; what it says may be changed."""
        self.world.memory.context = {
            "conversation_id": "c",
            "resumed": False,
            "persona": PERSONA | persona,
            "user": {"id": "u"},
        }
        return self.world.memory.context

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.loudspeaker.aclose)
            self._patch()
            settings = self._agent_settings()
            backend = httpx2.AsyncClient(transport=self.world, base_url="http://backend.test")
            await stack.enter_async_context(backend)
            parts = JobParts(
                settings=settings,
                service_key=SecretStr("k"),
                metrics=self.metrics,
                vad=LevelVad(),
                turn_socket=None if self.voice_ending is None else Path(),
            )
            metadata = CallMetadata(
                conversation_id="c", user_id="u", resume=self.resume, voice=self.chosen_voice
            )
            journal = Journal(None, "c")
            self.call = Call(self._context(), parts, metadata, BackendClient(backend), journal)
            await stack.enter_async_context(self.call)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _patch(self) -> None:
        start = AgentSession.start

        async def start_without_room(session: Any, *, agent: Any, **_: object) -> None:
            session.input.audio = self.microphone
            session.output.audio = self.loudspeaker
            if self.shows_words:
                self._show_words(session)
            self.session = session
            await start(session, agent, record=False)

        def client(**_: object) -> httpx2.AsyncClient:
            return httpx2.AsyncClient(transport=self.world)

        self._monkeypatch.setattr(AgentSession, "start", start_without_room)
        self._monkeypatch.setattr(engines_module, "pooled_client", client)
        self._monkeypatch.setattr(stt_module, "open_socket", self.hearing.open)
        self._monkeypatch.setattr(call_module, "VoiceEnding", lambda _: self.voice_ending)

    def _show_words(self, session: AgentSession[None]) -> None:
        both = TranscriptSynchronizer(
            next_in_chain_audio=self.loudspeaker, next_in_chain_text=Captions()
        )
        session.output.audio = both.audio_output
        session.output.transcription = both.text_output
        self._stack.push_async_callback(both.aclose)

    def _agent_settings(self) -> AgentSettings:
        clips = self._folder / "clips"
        for place, (key, text) in enumerate(LINES["en"].items()):
            path = clips / clip_file(key, "en")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(clip_pcm(place, CLIP_S))
            self.loudspeaker.lines.append(text)
        return AgentSettings(
            stt_url="http://stt.test/v1",
            llm_url="http://llm.test/v1",
            tts_url="http://tts.test/v1",
            standby_url="http://standby.test/v1",
            data_dir=self._folder,
            clips_dir=clips,
            **self._settings,
        )

    def _context(self) -> Any:
        async def connect() -> None:
            pass

        def delete_room() -> None:
            self.room_deleted = True

        room = SimpleNamespace(name="c", creation_time=BEGAN_AT_S - self.room_age_s)
        job = SimpleNamespace(room=room, metadata="")
        return SimpleNamespace(
            room=self.room, job=job, connect=connect, delete_room=delete_room, proc=None
        )

    # --- what the person does

    async def say(self, words: str, *, seconds: float | None = None) -> Saying:
        """Returns once it is said. Without `seconds`, so many as the words take."""
        saying = self.speak(words, seconds=seconds)
        await self.reach(saying.ends_s)
        return saying

    def speak(self, words: str, *, seconds: float | None = None, after_s: float = 0.0) -> Saying:
        """Say it while something else goes on."""
        length_s = seconds or max(0.3, len(words.split()) / WORDS_PER_S)
        starts_s = (round((now_s() + after_s) / FRAME_S) + 1) * FRAME_S
        return self.microphone.say(words, length_s, starts_s=starts_s)

    async def reach(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, at_s - now_s()))

    async def until(self, holds: Callable[[], object], within_s: float = 30.0) -> float:
        """The instant at which it did."""
        ends_s = now_s() + within_s
        while not holds():
            assert now_s() < ends_s, f"it did not happen within {within_s:g} s; {self.heard}"
            await asyncio.sleep(POLL_S)
        return now_s()

    async def greeted(self) -> Self:
        """The agent has said its first words and a moment has passed."""
        await self.until(lambda: self.heard and not self.is_speaking)
        await asyncio.sleep(0.5)
        self.loudspeaker.sounds.clear()
        return self

    # --- what the person hears

    @property
    def heard(self) -> list[str]:
        return [sound.what for sound in self.loudspeaker.sounds]

    @property
    def said_by_agent(self) -> str:
        return " ".join(self.heard)

    @property
    def is_speaking(self) -> bool:
        sounds = self.loudspeaker.sounds
        return bool(sounds) and sounds[-1].ends_s > now_s() - FRAME_S

    async def answer(self, within_s: float = 30.0) -> Sound:
        """The next thing the agent says from now on; returns when it begins."""
        count = len(self.loudspeaker.sounds)
        await self.until(lambda: len(self.loudspeaker.sounds) > count, within_s)
        return self.loudspeaker.sounds[count]

    async def quiet(self, for_s: float = 1.0, within_s: float = 60.0) -> None:
        """The agent has said what it had to, in answer to what was said last."""
        said = self.microphone.sayings
        since_s = said[-1].ends_s if said else 0.0

        def is_quiet() -> bool:
            sounds = self.loudspeaker.sounds
            return bool(sounds) and since_s < sounds[-1].ends_s < now_s() - for_s

        await self.until(is_quiet, within_s)

    # --- what is known of it

    @property
    def history(self) -> list[tuple[str, str]]:
        return [
            (item.role, item.text_content or "")
            for item in self.session.history.items
            if isinstance(item, ChatMessage) and item.role in ("user", "assistant")
        ]

    @property
    def turns(self) -> list[str]:
        """Of the user."""
        return [text for role, text in self.history if role == "user"]

    def events(self, kind: str) -> list[Json]:
        return [event for event in self.room.events if event["type"] == kind]

    async def ended(self, within_s: float = 60.0) -> EndedReason:
        async with asyncio.timeout(within_s):
            return await self.call.ended()

    def counted(self, name: str, **labels: str) -> float:
        """Of a counter of the worker."""
        return self.registry.get_sample_value(f"parley_agent_{name}_total", labels) or 0.0
