"""Who the agent is in one call: its persona, its voice, and whom it knows to be speaking with."""

from livekit_agent import persona as personas
from livekit_agent.backend_client import BackendClient, BackendUnavailable, CallContext
from livekit_agent.call_metadata import CallMetadata
from livekit_agent.persona import Persona, default_persona, first_language, persona_of
from livekit_agent.settings import AgentSettings
from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tts import Voice


class CallPersona:
    """`current`: as the call goes on it may become another. `voice`: as spoken with now.
    `context`: of the backend; None when it did not tell."""

    def __init__(
        self, settings: AgentSettings, metadata: CallMetadata, backend: BackendClient
    ) -> None:
        self._settings = settings
        self._metadata = metadata
        self._backend = backend
        self.context: CallContext | None = None
        self.current: Persona = default_persona(settings)
        self.voice = Voice(id=self.current.voice, language=first_language(self.current))

    def take(self, context: CallContext | None) -> None:
        """What the call begins with. A voice that was asked for goes before the persona's."""
        self.context = context
        if context is not None:
            self.become(persona_of(context.persona, self._settings))
        self.voice.id = self._metadata.voice or self.voice.id

    def become(self, persona: Persona) -> None:
        """From now on."""
        self.current = persona
        self.voice.id, self.voice.language = persona.voice, first_language(persona)

    async def find(self, wanted: str) -> Persona:
        """By its name. Raises ToolFailure, in words for the user."""
        try:
            found = await self._backend.persona(wanted, user_id=self._metadata.user_id)
        except BackendUnavailable as exc:
            raise ToolFailure("no_personas", "I cannot change who I am just now") from exc
        if found is None:
            raise ToolFailure("unknown_persona", f"there is no persona called {wanted}")
        return persona_of(found, self._settings)

    @property
    def instructions(self) -> str:
        """The system prompt."""
        return personas.instructions(self.current, self.context, self._metadata.caller)

    @property
    def greeting(self) -> str:
        """The first words."""
        return personas.greeting(self.current, self.context)

    @property
    def is_known(self) -> bool:
        """Another agent was in this conversation before."""
        return self._metadata.resume or (self.context is not None and self.context.resumed)

    @property
    def is_resumed(self) -> bool:
        """The user said something in it: who greeted nobody, or was not heard, has not begun."""
        if self.context is None:
            return self._metadata.resume
        return any(turn.role == "user" for turn in self.context.turns)
