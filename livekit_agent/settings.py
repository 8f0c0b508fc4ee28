"""All AGENT_* values."""

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, SecretStr, TypeAdapter, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from chassis.settings import ServiceSettings
from livekit_agent.mcp_settings import McpServers

PhoneNumber = Annotated[str, Field(pattern=r"^(\+?\d{2,20}|sips?:\S+|tel:\S+)$")]
_NUMBERS = TypeAdapter(dict[Annotated[str, Field(min_length=1)], PhoneNumber])
TransferNumbers = Annotated[
    dict[str, PhoneNumber],
    NoDecode,  # the settings library's own failure names no variable
    BeforeValidator(lambda v: _NUMBERS.validate_json(v) if isinstance(v, str) else v),
]


class AgentSettings(ServiceSettings):
    """Settings of the worker."""

    model_config = SettingsConfigDict(env_prefix="AGENT_")

    port: int = Field(default=8082, ge=1, le=65535, description="port of health and metrics")
    sdk_port: int = Field(default=8081, ge=1, le=65535, description="port of the SDK's own health")
    name: str = Field(default="parley", description="worker name that calls are dispatched to")
    data_dir: Path = Field(
        default=Path(".parley/data"),
        description="folder of notes and of what is yet to be recorded",
    )
    backend_url: str = Field(
        default="http://127.0.0.1:8080", description="address of the backend, which remembers"
    )
    memory_policy: Literal["auto", "ask", "off"] = Field(
        default="auto",
        description="auto: facts are remembered after a turn; ask: what the user asks for; off",
    )
    clips_dir: Path = Field(
        default=Path(".parley/clips"),
        description="folder of the spare voice's lines, which `parley setup` renders",
    )

    stt_url: str = Field(default="http://127.0.0.1:8001/v1", description="OpenAI base URL of STT")
    # The stock plugin reads the endpointing mode off this prefix: our VAD ends the utterance.
    stt_model: str = Field(default="gpt-realtime-whisper", description="STT model to ask for")
    stt_api_key: SecretStr = Field(default=SecretStr("local"), description="bearer key of STT")
    llm_url: str = Field(default="http://127.0.0.1:8002/v1", description="OpenAI base URL of LLM")
    llm_model: str = Field(default="gpt-4o-mini", description="LLM model to ask for")
    context_tokens: int = Field(
        default=8192, ge=512, description="context of an LLM that does not say how long its own is"
    )
    llm_api_key: SecretStr = Field(default=SecretStr("local"), description="bearer key of LLM")
    tts_url: str = Field(default="http://127.0.0.1:8003/v1", description="OpenAI base URL of TTS")
    tts_model: str = Field(default="tts-1", description="TTS model to ask for")
    tts_voice: str = Field(default="alloy", description="voice of the agent")
    tts_api_key: SecretStr = Field(default=SecretStr("local"), description="bearer key of TTS")
    standby_url: str = Field(
        default="http://127.0.0.1:8004/v1",
        description="OpenAI base URL of the standby, which stands in for an engine that is down",
    )
    standby_api_key: SecretStr = Field(
        default=SecretStr("local"), description="bearer key of the standby"
    )

    standby_voice: str = Field(default="alloy", description="voice asked of the standby")
    stt_budget_s: float = Field(
        default=3.0, gt=0, le=60, description="end of speech to transcript, before the standby"
    )
    llm_budget_s: float = Field(
        default=5.0, gt=0, le=300, description="request to first token, before the standby"
    )
    tts_budget_s: float = Field(
        default=3.0, gt=0, le=60, description="request to first sound, before the standby"
    )
    filler_s: float = Field(
        default=2.0, gt=0, le=10, description='silence after a turn until "one moment" is said'
    )
    max_reply_tokens: int = Field(default=500, ge=16, description="longest reply, in tokens")

    language: str = Field(
        default="en",
        description="language spoken with the agent; auto: the speaker's, as the STT hears it",
    )
    timezone: str | None = Field(
        default=None, description="IANA zone of the clock tools; unset: this machine's"
    )
    greeting: str = Field(
        default="Hello, this is Parley. How can I help?", description="first words of a call"
    )
    vad: Literal["bundled", "silero"] = Field(
        default="bundled", description="silero: the onnxruntime plugin, extra agent-silero"
    )
    turn_detector: Literal["v1-mini", "words"] = Field(
        default="v1-mini",
        description="what hears that a turn is over: the local model and words, or words alone",
    )
    endpointing_min_s: float = Field(
        default=0.3, ge=0.1, le=5, description="silence that ends a turn that sounds finished"
    )
    endpointing_max_s: float = Field(
        default=1.6, ge=0.1, le=10, description="longest wait for the end of a turn, seconds"
    )
    preemptive_after_s: float = Field(
        default=0.05,
        ge=0,
        le=2,
        description="silence after which a reply is begun, before the turn is over; "
        "0: never, for an LLM with one slot",
    )
    interruption_min_s: float = Field(
        default=0.06, ge=0.03, le=5, description="user speech that stops the agent, seconds"
    )
    silence_prompt_s: float = Field(
        default=60.0, ge=0, description="silence after which the caller is asked for; 0: never"
    )
    silence_hangup_s: float = Field(
        default=30.0, gt=0, description="silence after that question until the call is ended"
    )
    max_call_s: float = Field(
        default=4 * 3600, gt=0, description="longest call, seconds: a forgotten tab ends here"
    )
    search_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="base URL of a SearXNG to search the web with; unset: no web search",
    )
    mcp_servers: McpServers = Field(
        default=[], description="tool servers (MCP), JSON list: see docs/search-and-mcp.md"
    )

    otlp_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="OTLP/HTTP address that takes traces of calls, without what is said: "
        "http://127.0.0.1:4318/v1/traces; unset: none are made",
    )

    max_calls: int = Field(default=8, ge=1, description="calls this worker takes at once")
    busy_lines: int = Field(
        default=2, ge=0, le=16, description="telephone calls beyond that told that lines are busy"
    )
    idle_processes: int = Field(default=1, ge=0, le=16, description="warm processes kept ready")
    job_memory_mb: int = Field(
        default=800, ge=0, description="memory of a call before it is killed"
    )
    transfer_numbers: TransferNumbers = Field(
        default={},
        description="where phone calls may be passed on: "
        '{"name": "+number, which is asked for as tel:, or sip:number@host"}',
    )
    drain_s: int = Field(default=3600, ge=0, description="seconds calls may go on after SIGTERM")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError) as exc:
                raise ValueError(f"{value!r} is not an IANA zone such as Europe/Paris") from exc
        return value
