"""What each service is given: files named like the variables they hold, and configurations."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from parley.boot import configs
from parley.boot.settings import BootSettings

SFU_KEYS = ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
ENGINES = ("STT", "LLM", "TTS")
SEARXNG = "http://searxng:8080"
WHISPER = "http://whisper:8001"
STT = "http://stt:8001"  # whatever STT_PORT says: in a container it is fixed
SQLITE = "sqlite+aiosqlite:////data/parley.db"


def shares(
    settings: BootSettings, secrets: Mapping[str, str], sfu_template: Path
) -> dict[str, dict[str, str]]:
    """By service, then by file name: the content."""
    given = {
        "agent": _agent(settings, secrets),
        "backend": _backend(settings, secrets),
        "livekit": {"livekit.yaml": configs.livekit(settings, secrets, sfu_template)},
        "stt": _picked(secrets, "STT_API_KEY"),
        "llm": _picked(secrets, "LLM_API_KEY"),
        "tts": _picked(secrets, "TTS_API_KEY"),
        "embedded": _picked(secrets, "EMBEDDED_API_KEY"),
        "prometheus": _picked(secrets, "PARLEY_SERVICE_KEY", "LIVEKIT_METRICS_PASSWORD")
        | {"backend.json": configs.backend_target(settings)},
        "grafana": _picked(secrets, "GRAFANA_ADMIN_PASSWORD"),
        "redis-exporter": {"redis.json": configs.redis_exporter(secrets)},
        "postgres": _picked(secrets, "POSTGRES_PASSWORD"),
        "redis": _picked(secrets, "REDIS_PASSWORD") | {"redis.conf": configs.redis(secrets)},
        "sip": {"sip.yaml": configs.sip(settings, secrets)},
        "searxng": {"settings.yml": configs.searxng(secrets)},
    }
    return given


def _agent(settings: BootSettings, secrets: Mapping[str, str]) -> dict[str, str]:
    given = _picked(secrets, *SFU_KEYS, "PARLEY_SERVICE_KEY")
    given |= {f"AGENT_{name}_API_KEY": secrets[f"{name}_API_KEY"] for name in ENGINES}
    given["AGENT_STANDBY_API_KEY"] = secrets["EMBEDDED_API_KEY"]
    given["AGENT_STT_URL"] = f"{_stt(settings)}/v1"
    if settings.has("search"):
        given["AGENT_SEARCH_URL"] = SEARXNG
    return given


def _backend(settings: BootSettings, secrets: Mapping[str, str]) -> dict[str, str]:
    given = _picked(secrets, *SFU_KEYS, "PARLEY_SERVICE_KEY", "BACKEND_ENCRYPTION_KEYS")
    given |= {f"BACKEND_{name}_API_KEY": secrets[f"{name}_API_KEY"] for name in ENGINES}
    given |= _picked(secrets, "STT_API_KEY", "TTS_API_KEY")  # of `parley transcribe` and `say`
    given["BACKEND_STT_URL"] = _stt(settings)
    password = quote(secrets["POSTGRES_PASSWORD"], safe="")
    given["BACKEND_DATABASE_URL"] = (
        f"postgresql://parley:{password}@postgres/parley" if settings.has("postgres") else SQLITE
    )
    return given


def _stt(settings: BootSettings) -> str:
    return WHISPER if settings.has("whisper") else STT


def _picked(secrets: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: secrets[name] for name in names}
