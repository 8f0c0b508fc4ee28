"""What may be changed in mid-call, by voice and by the screen: voice, persona, ears, talk key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from livekit.agents import AgentSession

from chassis.http import AsyncClient, HTTPError
from chassis.logs import get_logger
from livekit_agent.control import Actions
from livekit_agent.persona import Persona
from livekit_agent.stages import Stage
from livekit_agent.stt import LiveStt
from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tts import Voice

ASK_WITHIN_S = 1.5
TRANSCRIPT_WITHIN_S = 3.0

log = get_logger(__name__)

Apply = Callable[[Persona], Awaitable[None]]
FindPersona = Callable[[str], Awaitable[Persona]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switchable:
    """`find_persona` raises ToolFailure; `apply` makes the agent that persona."""

    session: AgentSession[None]
    stt: LiveStt
    tts: Stage
    http: AsyncClient
    voice: Voice
    find_persona: FindPersona
    apply: Apply


class Switches:
    """The switches of one call."""

    def __init__(self, parts: Switchable) -> None:
        self._parts = parts
        self._by_silence = parts.session.turn_detection

    def actions(self) -> Actions:
        """What the screen may ask for."""
        return Actions(
            interrupt=self.interrupt,
            set_voice=self.set_voice,
            set_persona=self.set_persona,
            mute=self.mute,
            push_to_talk=self.push_to_talk,
        )

    async def interrupt(self) -> None:
        """Whatever the persona's manners: who presses a button means it."""
        await self._parts.session.interrupt(force=True)

    async def set_voice(self, wanted: str) -> None:
        """From the next phrase on. Raises ToolFailure for a voice that is not there."""
        voices = await self._voices()
        name = wanted.strip().casefold()
        found = next((id_ for id_, known in voices if name in (id_.casefold(), known)), None)
        if found is None:
            raise ToolFailure("unknown_voice", f"there is no voice called {wanted}")
        self._parts.voice.id = found
        log.info("voice_set", voice=found)

    async def set_persona(self, wanted: str) -> None:
        """From the next reply on. Raises ToolFailure for one that is not there."""
        persona = await self._parts.find_persona(wanted)
        await self._parts.apply(persona)
        log.info("persona_set", persona=persona.id)

    async def mute(self, muted: bool) -> None:
        """Whether the agent is deaf."""
        self._parts.session.input.set_audio_enabled(not muted)

    async def push_to_talk(self, pressed: bool | None) -> None:
        """The first press makes the key, not silence, say when a turn is over, until None puts it
        away."""
        session = self._parts.session
        if pressed is None:
            session.update_options(turn_detection=self._by_silence)
            session.clear_user_turn()
            session.input.set_audio_enabled(True)
        elif pressed:
            session.update_options(turn_detection="manual")
            await session.interrupt(force=True)
            session.clear_user_turn()
            session.input.set_audio_enabled(True)
        else:
            self._parts.stt.end_utterance()
            session.input.set_audio_enabled(False)
            session.commit_user_turn(transcript_timeout=TRANSCRIPT_WITHIN_S)

    async def _voices(self) -> list[tuple[str, str]]:
        """(id, name in lower case) of the engine on duty. Raises ToolFailure."""
        endpoint = self._parts.tts.current
        headers = {"authorization": f"Bearer {endpoint.api_key.get_secret_value()}"}
        try:
            response = await self._parts.http.get(
                f"{endpoint.base_url}/audio/voices", headers=headers, timeout=ASK_WITHIN_S
            )
            rows = response.json()["voices"]
            return [(str(r["id"]), str(r.get("name", "")).casefold()) for r in rows]
        except (HTTPError, ValueError, KeyError, TypeError) as exc:
            raise ToolFailure("no_voices", "I cannot see which voices there are") from exc
