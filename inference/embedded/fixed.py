"""What the standby asks of each model server's parts: their embedded engine, little memory.

Nothing here reads the environment: a wrong `STT_*`, `LLM_*` or `TTS_*` value, or a model that one
of them names, stops the server it is about, and the standby takes its place.
"""

from typing import Any, ClassVar

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from chassis.weights.settings import ModelStoreSettings
from inference.embedded.settings import EmbeddedSettings
from inference.llm.assist import STANDBY_MODEL
from inference.llm.settings import LlmSettings
from inference.stt.settings import SttSettings
from inference.tts.settings import TtsSettings

PHRASE_CACHE_BYTES = 4_194_304  # the few sentences said again and again


class _Fixed(BaseSettings):
    """Settings from the code alone."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: Any,
        **__: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


class _Store(_Fixed, ModelStoreSettings):
    pass


class _Stt(_Fixed, SttSettings):
    offers_others: ClassVar[bool] = False
    # They are most of the process, which mostly waits.
    ready_pairs: ClassVar[int] = 1
    kept_pairs: ClassVar[int] = 2


class _Llm(_Fixed, LlmSettings):
    offers_others: ClassVar[bool] = False


class _Tts(_Fixed, TtsSettings):
    offers_others: ClassVar[bool] = False


def store_settings() -> ModelStoreSettings:
    """Of a store that is never read: embedded engines have no weights."""
    return _Store(offline=True)


def stt_settings(asked: EmbeddedSettings) -> SttSettings:
    return _Stt(engine="pocketsphinx", device="cpu", api_key=asked.api_key)


def llm_settings(asked: EmbeddedSettings) -> LlmSettings:
    return _Llm(backend="assist", model=STANDBY_MODEL, api_key=asked.api_key)


def tts_settings(asked: EmbeddedSettings) -> TtsSettings:
    return _Tts(
        engine="espeak", device="cpu", cache_bytes=PHRASE_CACHE_BYTES, api_key=asked.api_key
    )
