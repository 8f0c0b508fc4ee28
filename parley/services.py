"""What the stack is made of: each service's command, port, readiness path and environment."""

import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parley.environment import SFU_CONFIG, StackSettings

READY_PATH = "/health/ready"
SFU_LEAVES = 2  # after the agent, who says goodbye in its rooms, and the telephone
PYTHON_SERVICES = {
    "stt": ("inference.stt",),
    "llm": ("inference.llm",),
    "tts": ("inference.tts",),
    "embedded": ("inference.embedded",),
    "agent": ("livekit_agent", "start"),
    "backend": ("backend",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One process to keep running."""

    name: str
    command: tuple[str, ...]
    port: int
    ready_url: str | None  # None: it speaks no HTTP, and is ready when its port is open
    environment: Mapping[str, str]
    # Sent by the kernel when `parley` itself is killed: the SFU and the agent drain their calls on
    # SIGTERM for as long as somebody stays in a room, and nobody is left to send a second one.
    orphan_signal: signal.Signals = signal.SIGTERM
    stop_signal: signal.Signals = signal.SIGTERM
    drains: bool = False  # on its first signal, until rooms are empty
    leaves: int = 0  # those of a lower number are stopped before


def services_of(
    stack: StackSettings, variables: Mapping[str, str], sfu_binary: Path | None
) -> list[Service]:
    """Every service of the stack; the SFU only when it is ours to run."""
    services = [_python_service(name, stack, variables) for name in PYTHON_SERVICES]
    if sfu_binary is not None:
        services.insert(0, _sfu(stack, variables, sfu_binary))
    return services


def redis_of(stack: StackSettings, variables: Mapping[str, str]) -> dict[str, str]:
    """How the SFU and livekit-sip reach the Redis they talk through."""
    return {
        "address": f"127.0.0.1:{stack.redis_port}",
        "password": variables.get("REDIS_PASSWORD", ""),
    }


def _python_service(name: str, stack: StackSettings, variables: Mapping[str, str]) -> Service:
    # Not resolved: an environment is known by the link to its Python.
    own: Path | None = getattr(stack, f"{name}_python", None)
    python = own.absolute() if own else sys.executable
    return Service(
        name=name,
        command=(str(python), "-m", *PYTHON_SERVICES[name]),
        port=getattr(stack, f"{name}_port"),
        ready_url=stack.reach(name) + READY_PATH,  # type: ignore[arg-type]  # a key of the table
        environment=variables,
        orphan_signal=signal.SIGKILL if name == "agent" else signal.SIGTERM,
    )


def _sfu(stack: StackSettings, variables: Mapping[str, str], binary: Path) -> Service:
    key = variables.get("LIVEKIT_API_KEY", "")
    secret = variables.get("LIVEKIT_API_SECRET", "")
    return Service(
        name="sfu",
        command=(
            str(binary),
            f"--port={stack.livekit_port}",
            f"--rtc.tcp_port={stack.livekit_rtc_tcp_port}",
            f"--udp-port={stack.livekit_udp_port}",
        ),
        port=stack.livekit_port,
        ready_url=f"http://127.0.0.1:{stack.livekit_port}/",
        # By environment: a command line is readable by every user of the machine.
        environment={
            "LIVEKIT_CONFIG": SFU_CONFIG.read_text()
            + _webhook(stack, key)
            + (f"redis: {json.dumps(redis_of(stack, variables))}\n" if stack.parley_phone else ""),
            **variables,
            "LIVEKIT_KEYS": f"{json.dumps(key)}: {json.dumps(secret)}",
        },
        orphan_signal=signal.SIGKILL,
        drains=True,
        leaves=SFU_LEAVES,
    )


def _webhook(stack: StackSettings, key: str) -> str:
    """Lines of the SFU's configuration that are not in the file: it knows neither key nor port."""
    url = f"{stack.reach('backend')}/internal/livekit/webhook"
    return f"\nwebhook: {{api_key: {json.dumps(key)}, urls: [{json.dumps(url)}]}}\n"
