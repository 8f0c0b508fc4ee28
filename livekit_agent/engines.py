"""The STT, LLM and TTS of a call: stock OpenAI plugins over one pooled client a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import openai
from livekit.agents import APIConnectOptions, inference, vad
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.plugins import openai as openai_plugin
from pydantic import SecretStr

from chassis.http import AsyncClient, HTTPError, pooled_client
from chassis.logs import get_logger
from chassis.metrics import Metrics
from livekit_agent.settings import AgentSettings

WARM_UP_TIMEOUT_S = 2.0
# The plugins' own retries; the SDK's are off, or they would multiply (8.9 s instead of 2.1 s).
CONNECT = APIConnectOptions(max_retry=2, retry_interval=0.3, timeout=5.0)
CONNECT_OPTIONS = SessionConnectOptions(
    stt_conn_options=CONNECT,
    llm_conn_options=CONNECT,
    tts_conn_options=CONNECT,
    # The session closes itself, silently, past this: a restarting engine must not end a call.
    max_unrecoverable_errors=100,
)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """What a call hears, thinks and speaks with."""

    stt: openai_plugin.STT
    llm: openai_plugin.LLM
    tts: openai_plugin.TTS


def load_vad(settings: AgentSettings) -> vad.VAD:
    """The voice activity detector, loaded once a process."""
    if settings.vad == "silero":
        from livekit.plugins import silero  # optional extra: agent-silero

        return silero.VAD.load(min_silence_duration=0.25)
    return inference.VAD(model="silero")


@asynccontextmanager
async def open_engines(settings: AgentSettings, voice_activity: vad.VAD) -> AsyncIterator[Engines]:
    """Engines over one warmed connection pool, closed with the block."""
    async with pooled_client(metrics=Metrics("agent_call")) as http:
        warming = asyncio.create_task(_warm_up(http, settings))
        stt = openai_plugin.STT(
            model=settings.stt_model,
            language=settings.language,
            client=_client(http, settings.stt_url, settings.stt_api_key),
            use_realtime=True,
            vad=voice_activity,
        )
        llm = openai_plugin.LLM(
            model=settings.llm_model,
            client=_client(http, settings.llm_url, settings.llm_api_key),
            _strict_tool_schema=False,  # llama.cpp and vLLM have refused "strict" tools
        )
        tts = openai_plugin.TTS(
            model=settings.tts_model,
            voice=settings.tts_voice,
            client=_client(http, settings.tts_url, settings.tts_api_key),
            response_format="pcm",
        )
        try:
            yield Engines(stt=stt, llm=llm, tts=tts)
        finally:
            warming.cancel()
            await asyncio.gather(warming, stt.aclose(), return_exceptions=True)


def _client(http: AsyncClient, base_url: str, key: SecretStr) -> openai.AsyncClient:
    return openai.AsyncClient(
        base_url=base_url,
        api_key=key.get_secret_value(),
        http_client=http,
        max_retries=0,
        default_headers={"X-Parley-Priority": "live"},  # before what nobody waits for on the line
    )


async def _warm_up(http: AsyncClient, settings: AgentSettings) -> None:
    """Open a connection to each engine before the first turn needs one."""

    async def touch(url: str, key: SecretStr) -> None:
        try:
            async with asyncio.timeout(WARM_UP_TIMEOUT_S):
                headers = {"authorization": f"Bearer {key.get_secret_value()}"}
                await http.get(f"{url}/models", headers=headers)
        except (HTTPError, TimeoutError) as exc:
            log.warning("engine_not_warm", url=url, reason=repr(exc))

    await asyncio.gather(
        touch(settings.llm_url, settings.llm_api_key), touch(settings.tts_url, settings.tts_api_key)
    )
