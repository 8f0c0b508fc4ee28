"""Write `.env.example` from the settings classes: every setting, its default, what it means.

`python -m deploy.env_example` prints it; a test holds the committed file to it.
"""

import json
import sys
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from backend.settings import WEB_DIR, BackendSettings
from chassis.settings import InternalSettings, LiveKitSettings, Settings
from chassis.weights.settings import ModelStoreSettings
from deploy import compose_variables
from inference.embedded.settings import EmbeddedSettings
from inference.llm.settings import LlmSettings
from inference.stt.settings import SttSettings
from inference.tts.settings import TtsSettings
from livekit_agent.settings import AgentSettings

HEADER = """\
# Every setting of Parley, with its default. `make run` writes the secrets it needs into `.env`;
# copy a line from here to `.env` only to change it. A misspelt name stops the service that owns
# the prefix and names the nearest real one. An empty value means unset.
"""
SECTIONS: dict[str, type[Settings]] = {
    "LiveKit SFU, shared by agent and backend": LiveKitSettings,
    "Between Parley's own services": InternalSettings,
    "Backend: tokens, status, web app": BackendSettings,
    "Agent worker": AgentSettings,
    "Speech to text": SttSettings,
    "Language model": LlmSettings,
    "Text to speech": TtsSettings,
    "Standby: small engines for when one of these is away": EmbeddedSettings,
    "Weights of models, shared by the model servers and `parley models`": ModelStoreSettings,
}
# Read by `parley up` and by livekit-server, not through a settings class.
OTHERS = """
# --- `parley up`: ports of the SFU and where things are
# PARLEY_SECRETS_DIR=        # folder of files named like the variables they hold, read last
# LIVEKIT_PORT=7880          # HTTP and WebSocket
# LIVEKIT_RTC_TCP_PORT=7881  # media over TCP, where UDP is blocked
# LIVEKIT_UDP_PORT=7882      # media over UDP
# LIVEKIT_SERVER_BIN=        # a livekit-server to run instead of the built one
# STT_PYTHON=                # Python that runs stt: .venv-nemo/bin/python after `make nemo`
# LLM_PYTHON=                # Python that runs llm: .venv-llama/bin/python (`make llama-python`)
# TTS_PYTHON=                # Python that runs tts: .venv-kokoro/bin/python after `make kokoro`
# PARLEY_STATE_DIR=.parley   # logs, lock, notes
# PARLEY_PHONE=off           # on: livekit-sip and a Redis run too, so that telephones can call
# SIP_HOST=127.0.0.1         # address telephones reach this machine at
# SIP_PORT=5060              # SIP, UDP and TCP
# SIP_RTP_PORT_START=20000   # first UDP port of the telephones' sound
# SIP_RTP_PORT_END=20100     # last UDP port of the telephones' sound
# SIP_HEALTH_PORT=8085       # livekit-sip's health
# SIP_LOG_LEVEL=warn         # of livekit-sip; info writes callers' numbers and PINs
# REDIS_PORT=6379            # Redis of SFU and telephone
# REDIS_PASSWORD=            # its password; `parley up` makes one
"""


def render() -> str:
    """The text of `.env.example`."""
    parts = [HEADER]
    for title, cls in SECTIONS.items():
        parts.append(f"\n# --- {title}")
        for name, field in cls.model_fields.items():
            line = f"# {cls.variable(name)}={_default(field)}"
            parts.append(f"{line}  # {field.description}")
    return "\n".join(parts) + "\n" + OTHERS + compose_variables.render()


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if value == WEB_DIR:
        return "frontend/dist"
    if isinstance(value, list | dict):
        return json.dumps(value)
    return str(value)


if __name__ == "__main__":
    sys.stdout.write(render())
