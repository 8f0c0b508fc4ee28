"""Where the stack lives: its ports, folders and the variables its services start with."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ENV_FILE, Settings, is_loopback, secret_files

ROOT = Path(__file__).resolve().parent.parent
WEB_DIR = ROOT / "frontend" / "dist"
CLIPS_DIR = ROOT / ".parley" / "clips"
SFU_CONFIG = ROOT / "livekit.yaml"


class StackSettings(Settings):
    """What `parley` reads of the services' settings. Each service checks its own in full."""

    model_config = SettingsConfigDict(env_prefix="")

    livekit_port: int = Field(default=7880, ge=1, le=65535, description="port of the SFU")
    livekit_rtc_tcp_port: int = Field(
        default=7881, ge=1, le=65535, description="TCP port of the SFU's media"
    )
    livekit_udp_port: int = Field(
        default=7882, ge=1, le=65535, description="UDP port of the SFU's media"
    )
    stt_port: int = Field(default=8001, ge=1, le=65535, description="port of stt")
    llm_port: int = Field(default=8002, ge=1, le=65535, description="port of llm")
    tts_port: int = Field(default=8003, ge=1, le=65535, description="port of tts")
    embedded_port: int = Field(default=8004, ge=1, le=65535, description="port of embedded")
    agent_port: int = Field(default=8082, ge=1, le=65535, description="port of agent")
    agent_sdk_port: int = Field(default=8081, ge=1, le=65535, description="port of the agent's SDK")
    backend_port: int = Field(default=8080, ge=1, le=65535, description="port of backend")

    parley_phone: bool = Field(
        default=False,
        description="on: livekit-sip and a Redis run too, so that telephones can call",
    )
    sip_host: str = Field(
        default="127.0.0.1", description="address telephones reach this machine at"
    )
    sip_port: int = Field(default=5060, ge=1, le=65535, description="port of SIP, UDP and TCP")
    sip_rtp_port_start: int = Field(
        default=20000, ge=1, le=65535, description="first UDP port of the telephones' sound"
    )
    sip_rtp_port_end: int = Field(
        default=20100, ge=1, le=65535, description="last UDP port of the telephones' sound"
    )
    sip_health_port: int = Field(
        default=8085, ge=1, le=65535, description="port of livekit-sip's health"
    )
    sip_log_level: Literal["debug", "info", "warn", "error"] = Field(
        default="warn", description="of livekit-sip; info writes callers' numbers and PINs"
    )
    redis_port: int = Field(default=6379, ge=1, le=65535, description="port of Redis")

    stt_host: str = Field(default="127.0.0.1", description="address stt listens on")
    llm_host: str = Field(default="127.0.0.1", description="address llm listens on")
    tts_host: str = Field(default="127.0.0.1", description="address tts listens on")
    embedded_host: str = Field(default="127.0.0.1", description="address embedded listens on")
    agent_host: str = Field(default="127.0.0.1", description="address agent listens on")
    backend_host: str = Field(default="127.0.0.1", description="address backend listens on")

    stt_python: Path | None = Field(default=None, description="Python that runs stt")
    llm_python: Path | None = Field(default=None, description="Python that runs llm")
    tts_python: Path | None = Field(default=None, description="Python that runs tts")
    stt_api_key: SecretStr | None = Field(default=None, description="bearer key of stt")
    tts_api_key: SecretStr | None = Field(default=None, description="bearer key of tts")

    livekit_url: str | None = Field(default=None, description="an SFU that runs elsewhere")
    livekit_server_bin: Path | None = Field(default=None, description="livekit-server to run")
    backend_web_dir: Path | None = Field(default=None, description="a web app built elsewhere")
    parley_state_dir: Path = Field(
        default=ROOT / ".parley", description="folder of logs, locks and run state"
    )

    @property
    def address(self) -> str:
        """What a person opens."""
        return f"http://localhost:{self.backend_port}"

    @property
    def runs_sfu(self) -> bool:
        """Whether the SFU is ours to start: LIVEKIT_URL is unset or names the one we would."""
        if self.livekit_url is None:
            return True
        url = urlsplit(self.livekit_url)
        return is_loopback(url.hostname or "") and url.port == self.livekit_port

    @property
    def builds_web_app(self) -> bool:
        return self.backend_web_dir is None or self.backend_web_dir.resolve() == WEB_DIR

    @property
    def logs_dir(self) -> Path:
        return self.parley_state_dir / "logs"

    def reach(self, service: Literal["stt", "llm", "tts", "embedded", "agent", "backend"]) -> str:
        """The base URL of a service, as this machine reaches it."""
        host = str(getattr(self, f"{service}_host"))
        if host in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
            host = "127.0.0.1"
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{getattr(self, f'{service}_port')}"

    @property
    def sfu_url(self) -> str:
        return self.livekit_url or f"ws://127.0.0.1:{self.livekit_port}"

    @property
    def sfu_http_url(self) -> str:
        return self.sfu_url.replace("ws", "http", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port that must be free before the stack starts, and the variable that moves it."""

    service: str
    variable: str
    number: int
    host: str
    udp: bool = False


def ports_of(stack: StackSettings) -> list[Port]:
    """Every port the stack listens on."""
    services = [
        Port(
            service=name,
            variable=f"{name.upper()}_PORT",
            number=getattr(stack, f"{name}_port"),
            host=getattr(stack, f"{name}_host"),
        )
        for name in ("stt", "llm", "tts", "embedded", "agent", "backend")
    ]
    sdk = Port(
        service="agent",
        variable="AGENT_SDK_PORT",
        number=stack.agent_sdk_port,
        host="127.0.0.1",
    )
    sfu = _sfu_ports(stack) if stack.runs_sfu else []
    return [*services, sdk, *sfu, *(_phone_ports(stack) if stack.parley_phone else [])]


def child_variables(stack: StackSettings) -> dict[str, str]:
    """The environment of every service: this process's, `.env`, and addresses that follow ports.

    A variable that is set always wins over a derived one; empty means unset, as in the services.
    """
    derived = {
        "LIVEKIT_URL": stack.sfu_url,
        "BACKEND_AGENT_URL": stack.reach("agent"),
        "BACKEND_EMBEDDED_URL": stack.reach("embedded"),
        "AGENT_STANDBY_URL": f"{stack.reach('embedded')}/v1",
        "AGENT_BACKEND_URL": stack.reach("backend"),
        "AGENT_CLIPS_DIR": str(CLIPS_DIR),
    }
    if stack.parley_phone:
        derived["BACKEND_SIP_URL"] = f"http://127.0.0.1:{stack.sip_health_port}"
    for name in ("stt", "llm", "tts"):
        url = stack.reach(name)
        derived[f"AGENT_{name.upper()}_URL"] = f"{url}/v1"
        derived[f"BACKEND_{name.upper()}_URL"] = url
    return derived | chosen_variables()


def chosen_variables() -> dict[str, str]:
    """Secret files under `.env` under this process's environment, without what is empty."""
    in_file: Mapping[str, str | None] = dotenv_values(ENV_FILE) if Path(ENV_FILE).is_file() else {}
    sources = (secret_files(), in_file, os.environ)
    return {name: value for source in sources for name, value in source.items() if value}


def _sfu_ports(stack: StackSettings) -> list[Port]:
    return [
        Port(service="sfu", variable="LIVEKIT_PORT", number=stack.livekit_port, host="127.0.0.1"),
        Port(  # the SFU opens this one on every interface, whatever bind_addresses says
            service="sfu",
            variable="LIVEKIT_RTC_TCP_PORT",
            number=stack.livekit_rtc_tcp_port,
            host="0.0.0.0",  # noqa: S104
        ),
        Port(
            service="sfu",
            variable="LIVEKIT_UDP_PORT",
            number=stack.livekit_udp_port,
            host="127.0.0.1",
            udp=True,
        ),
    ]


def _phone_ports(stack: StackSettings) -> list[Port]:
    """But for those of sound: livekit-sip takes free ones of its range."""
    sip = [
        Port(
            service="sip",
            variable="SIP_PORT",
            number=stack.sip_port,
            host="127.0.0.1" if is_loopback(stack.sip_host) else "0.0.0.0",  # noqa: S104
            udp=udp,
        )
        for udp in (False, True)
    ]
    return [
        *sip,
        Port(  # opened on every interface
            service="sip",
            variable="SIP_HEALTH_PORT",
            number=stack.sip_health_port,
            host="0.0.0.0",  # noqa: S104
        ),
        Port(service="redis", variable="REDIS_PORT", number=stack.redis_port, host="127.0.0.1"),
    ]
