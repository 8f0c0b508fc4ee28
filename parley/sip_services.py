"""The two processes a telephone needs beside the SFU: livekit-sip, and the Redis they share."""

import json
import signal
from collections.abc import Mapping
from pathlib import Path

from chassis.settings import is_loopback
from parley.environment import StackSettings
from parley.services import SFU_LEAVES, Service, redis_of
from parley.sip_logs import logging_of

REDIS_LEAVES = SFU_LEAVES + 1
SIP_LEAVES = SFU_LEAVES - 1
# Read from the here-document, which the shell fills in from its environment: neither a command line
# nor a file tells the password. Nothing is kept on disk, since trunks and rules are the backend's.
REDIS_SCRIPT = """exec redis-server - <<END
bind 127.0.0.1
port $REDIS_PORT
requirepass "$REDIS_PASSWORD"
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
END
"""


def phone_services(
    stack: StackSettings, variables: Mapping[str, str], sip_binary: Path
) -> list[Service]:
    """In the order of their start."""
    return [_redis(stack, variables), _sip(stack, variables, sip_binary)]


def _redis(stack: StackSettings, variables: Mapping[str, str]) -> Service:
    return Service(
        name="redis",
        command=("/bin/sh", "-c", REDIS_SCRIPT),
        port=stack.redis_port,
        ready_url=None,
        environment={**variables, "REDIS_PORT": str(stack.redis_port)},
        leaves=REDIS_LEAVES,
    )


def _sip(stack: StackSettings, variables: Mapping[str, str], binary: Path) -> Service:
    return Service(
        name="sip",
        command=(str(binary),),
        port=stack.sip_port,
        ready_url=f"http://127.0.0.1:{stack.sip_health_port}/",
        environment={**variables, "SIP_CONFIG_BODY": json.dumps(_config(stack, variables))},
        orphan_signal=signal.SIGKILL,
        # The others wait for the end of every call; this one ends them with a BYE.
        stop_signal=signal.SIGINT,
        drains=True,
        leaves=SIP_LEAVES,
    )


def _config(stack: StackSettings, variables: Mapping[str, str]) -> dict[str, object]:
    """JSON is YAML, too."""
    on_loopback = is_loopback(stack.sip_host)
    return {
        "api_key": variables.get("LIVEKIT_API_KEY", ""),
        "api_secret": variables.get("LIVEKIT_API_SECRET", ""),
        "ws_url": stack.sfu_url,
        "redis": redis_of(stack, variables),
        "sip_port": stack.sip_port,
        "rtp_port": f"{stack.sip_rtp_port_start}-{stack.sip_rtp_port_end}",
        # Behind NAT the address others reach is none of this machine's.
        "listen_ip": stack.sip_host if on_loopback else "0.0.0.0",  # noqa: S104
        "nat_1_to_1_ip": stack.sip_host,
        "use_external_ip": False,
        "health_port": stack.sip_health_port,
        # It would turn calls away while the engines of this machine use its processors for others.
        "max_cpu_utilization": 1,
        # Who scans the network for telephones hears nothing; on this machine, what is wrong.
        "hide_inbound_port": not on_loopback,
        "logging": logging_of(stack.sip_log_level),
    }
