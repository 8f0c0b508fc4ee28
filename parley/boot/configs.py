"""Configuration of the programs that are not ours, which no environment variable of theirs sets."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from chassis.settings import is_loopback
from parley.boot.settings import BootSettings
from parley.sip_logs import logging_of

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  # of a container's own networks
LOOPBACK_ONLY = ("enable_loopback_candidate", "interfaces")
SFU_METRICS_PORT = 6789
SIP_METRICS_PORT = 9095
SIP_HEALTH_PORT = 8085
REDIS_PORT = 6379
TURN = {"enabled": True, "udp_port": 3478, "relay_range_start": 30000, "relay_range_end": 30050}


def livekit(settings: BootSettings, secrets: Mapping[str, str], template: Path) -> str:
    """livekit.yaml of the repository, for a container: keys, ports, where callers reach it."""
    config: dict[str, Any] = yaml.safe_load(template.read_text())
    key = secrets["LIVEKIT_API_KEY"]
    rtc = {name: value for name, value in config["rtc"].items() if name not in LOOPBACK_ONLY}
    rtc["tcp_port"] = settings.livekit_rtc_tcp_port
    rtc["udp_port"] = settings.livekit_udp_port
    rtc["node_ip"] = settings.node_ip
    backend = settings.at_host if settings.parley_turn else "backend"
    webhook = f"http://{backend}:{settings.backend_port}/internal/livekit/webhook"
    config |= {
        "port": settings.livekit_port,
        "bind_addresses": [EVERY_ADDRESS],
        "rtc": rtc,
        "keys": {key: secrets["LIVEKIT_API_SECRET"]},
        "webhook": {"api_key": key, "urls": [webhook]},
        "prometheus": {
            "port": SFU_METRICS_PORT,
            "username": "prometheus",
            "password": secrets["LIVEKIT_METRICS_PASSWORD"],
        },
    }
    if settings.phone:
        config["redis"] = _redis(secrets, "127.0.0.1" if settings.parley_turn else "redis")
    if settings.parley_turn:
        config["turn"] = TURN | {"domain": settings.parley_domain or settings.node_ip}
    return yaml.safe_dump(config, sort_keys=False)


def sip(settings: BootSettings, secrets: Mapping[str, str]) -> str:
    """Configuration of livekit-sip. JSON is YAML, too."""
    config = {
        "api_key": secrets["LIVEKIT_API_KEY"],
        "api_secret": secrets["LIVEKIT_API_SECRET"],
        "ws_url": f"ws://livekit:{settings.livekit_port}",
        "redis": _redis(secrets, "redis"),
        "sip_port": settings.sip_port,
        "rtp_port": f"{settings.sip_rtp_port_start}-{settings.sip_rtp_port_end}",
        "nat_1_to_1_ip": settings.node_ip,
        "use_external_ip": False,
        "health_port": SIP_HEALTH_PORT,
        "prometheus_port": SIP_METRICS_PORT,
        # It would turn calls away while the engines of this machine use its processors for others.
        "max_cpu_utilization": 1,
        # Who scans the internet for telephones hears nothing; on this machine, what is wrong.
        "hide_inbound_port": not is_loopback(settings.parley_bind),
        "logging": logging_of(settings.sip_log_level),
    }
    return json.dumps(config)


def redis(secrets: Mapping[str, str]) -> str:
    """Nothing is kept on disk: trunks and rules are the backend's, which brings them back."""
    return "\n".join(
        (
            f"bind {EVERY_ADDRESS}",
            f"port {REDIS_PORT}",
            # Between quotes Redis undoes the same escapes as JSON, but for those of letters.
            f"requirepass {json.dumps(secrets['REDIS_PASSWORD'], ensure_ascii=False)}",
            'save ""',
            "appendonly no",
            "maxmemory 256mb",
            "maxmemory-policy noeviction",
            "dir /tmp",
            "",
        )
    )


def backend_target(settings: BootSettings) -> str:
    """Where Prometheus finds the backend, whose port is a setting."""
    return json.dumps([{"targets": [f"backend:{settings.backend_port}"]}])


def redis_exporter(secrets: Mapping[str, str]) -> str:
    """Passwords by address, as Prometheus's exporter reads them."""
    return json.dumps({f"redis://redis:{REDIS_PORT}": secrets["REDIS_PASSWORD"]})


def searxng(secrets: Mapping[str, str]) -> str:
    """Settings of SearXNG: its defaults, and the JSON that the agent asks for."""
    return yaml.safe_dump(
        {
            "use_default_settings": True,
            "general": {"instance_name": "Parley search", "enable_metrics": False},
            "search": {"formats": ["html", "json"]},
            "server": {
                "secret_key": secrets["SEARXNG_SECRET"],
                "bind_address": EVERY_ADDRESS,
                "port": 8080,
                "limiter": False,  # only the agent can reach it
                "image_proxy": False,
            },
        }
    )


def _redis(secrets: Mapping[str, str], host: str) -> dict[str, str]:
    return {"address": f"{host}:{REDIS_PORT}", "password": secrets["REDIS_PASSWORD"]}
