"""What a call hears, thinks and speaks with: each stage's engines, over one warmed pool."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import openai
from livekit.agents import inference, vad
from livekit.plugins import openai as openai_plugin
from pydantic import SecretStr

from chassis.http import AsyncClient, HTTPError, pooled_client
from chassis.logs import get_logger
from chassis.metrics import Metrics
from livekit_agent.endpoints import endpoints_of
from livekit_agent.settings import AgentSettings
from livekit_agent.stages import Endpoint, Stage, StageChange, StageName, http_probe
from livekit_agent.tracing import carry_trace

WARM_UP_TIMEOUT_S = 2.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """The stages of one call, and the pool they share."""

    http: AsyncClient
    stt: Stage
    llm: Stage
    tts: Stage
    chat_models: dict[str, openai_plugin.LLM]  # by the endpoint's name
    speech: openai_plugin.TTS  # what the session knows of the TTS; tts.py does the speaking


def load_vad(settings: AgentSettings) -> vad.VAD:
    """The voice activity detector, loaded once a process."""
    if settings.vad == "silero":
        from livekit.plugins import silero  # optional extra: agent-silero

        return silero.VAD.load(min_silence_duration=0.25)
    return inference.VAD(model="silero")


@asynccontextmanager
async def open_engines(
    settings: AgentSettings, on_change: Callable[[StageChange], None], metrics: Metrics
) -> AsyncIterator[Engines]:
    """The engines of a call, closed with the block."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(pooled_client(metrics=metrics))
        http.event_hooks = {"request": [carry_trace]}
        warming = asyncio.create_task(_warm_up(http, settings))
        stack.push_async_callback(_cancelled, warming)
        probe = http_probe(http)

        async def stage(name: StageName, keeps_fallback: bool = False) -> Stage:
            return await stack.enter_async_context(
                Stage(
                    name,
                    endpoints_of(settings, name),
                    probe=probe,
                    on_change=on_change,
                    keeps_fallback=keeps_fallback,
                )
            )

        llm = await stage("llm")
        yield Engines(
            http=http,
            stt=await stage("stt"),
            llm=llm,
            tts=await stage("tts", keeps_fallback=True),
            chat_models={e.name: _chat_model(http, e) for e in llm.order()},
            speech=openai_plugin.TTS(
                model=settings.tts_model,
                voice=settings.tts_voice,
                client=_client(http, settings.tts_url, settings.tts_api_key),
                response_format="pcm",
            ),
        )


def _chat_model(http: AsyncClient, endpoint: Endpoint) -> openai_plugin.LLM:
    return openai_plugin.LLM(
        model=endpoint.model,
        client=_client(http, endpoint.base_url, endpoint.api_key),
        _strict_tool_schema=False,  # llama.cpp and vLLM have refused "strict" tools
    )


def _client(http: AsyncClient, base_url: str, key: SecretStr) -> openai.AsyncClient:
    return openai.AsyncClient(
        base_url=base_url,
        api_key=key.get_secret_value(),
        http_client=http,
        max_retries=0,  # the stages' own rules decide; these would multiply with them
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
            log.warning("engine_not_warm", url=url, reason=type(exc).__name__)

    await asyncio.gather(
        touch(settings.llm_url, settings.llm_api_key), touch(settings.tts_url, settings.tts_api_key)
    )


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
