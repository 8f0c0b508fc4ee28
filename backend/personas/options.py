"""What a persona can be made of: the voices and models there are now, and the agent's tools."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from pydantic import BaseModel, Field, SecretStr, ValidationError

from backend.personas.schema import PersonaOptions, ToolOption, VoiceOption
from backend.settings import BackendSettings
from chassis.errors import InvalidRequest
from chassis.http import AsyncClient, HTTPError
from chassis.logs import get_logger
from chassis.tools import TOOLS

ANSWER_WITHIN_S = 1.5
FRESH_S = 5.0
RETRY_S = 1.0  # after a failure: those who wait behind it must not each wait anew
MAX_LISTED = 1_000
# Every speech server of this API knows these, whatever voices of its own it lists.
OPENAI_VOICES = frozenset(
    {"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable"}
    | {"marin", "nova", "onyx", "sage", "shimmer", "verse"}
)

log = get_logger(__name__)

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class _Voices(BaseModel):
    voices: list[VoiceOption] = Field(max_length=MAX_LISTED)


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model] = Field(max_length=MAX_LISTED)


class Options:
    """Asks TTS and LLM, seldom; what one of them does not tell in time is left out."""

    def __init__(self, settings: BackendSettings, client: AsyncClient) -> None:
        self._client = client
        voices, models = f"{settings.tts_url}/v1/audio/voices", f"{settings.llm_url}/v1/models"
        self._voices = _Remembered(lambda: self._ask(voices, settings.tts_api_key, _Voices))
        self._models = _Remembered(lambda: self._ask(models, settings.llm_api_key, _Models))

    async def told(self, *, image_generation: bool) -> PersonaOptions:
        voices, models = await asyncio.gather(self._voices.get(), self._models.get())
        listed = voices.voices if voices else []
        return PersonaOptions(
            voices=listed,
            languages=sorted({voice.language for voice in listed}),
            models=[model.id for model in models.data] if models else [],
            tools=[ToolOption(name=name, description=text) for name, text in TOOLS.items()],
            image_generation=image_generation,
            missing=[*(["tts"] if voices is None else []), *(["llm"] if models is None else [])],
        )

    async def check_voice(self, voice: str | None, *, param: str = "voice") -> None:
        """Raises InvalidRequest for one that is not there; nobody can tell while TTS is down."""
        if voice is None or voice in OPENAI_VOICES:
            return
        known = await self._voices.get()
        if known is not None and voice not in {each.id for each in known.voices}:
            raise InvalidRequest("there is no such voice", param=param, code="voice_not_found")

    async def _ask(self, url: str, key: SecretStr | None, kind: type[M]) -> M | None:
        headers = {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                response = await self._client.get(url, headers=headers)
            if response.status_code == 200:
                return kind.model_validate_json(response.content)
            reason = f"answered {response.status_code}"
        except (HTTPError, OSError, TimeoutError) as exc:
            reason = str(exc) or type(exc).__name__
        except ValidationError:
            reason = "answered something else"
        log.warning("persona_options_missing", url=url, reason=reason)
        return None


class _Remembered(Generic[T]):
    """An answer for FRESH_S; who asks at the same time waits for the same one."""

    def __init__(self, ask: Callable[[], Awaitable[T | None]]) -> None:
        self._ask = ask
        self._one_at_a_time = asyncio.Lock()
        self._answer: T | None = None
        self._asked_at_s = float("-inf")

    async def get(self) -> T | None:
        async with self._one_at_a_time:
            fresh_s = FRESH_S if self._answer is not None else RETRY_S
            if time.monotonic() - self._asked_at_s > fresh_s:
                self._answer = await self._ask()
                self._asked_at_s = time.monotonic()
            return self._answer
