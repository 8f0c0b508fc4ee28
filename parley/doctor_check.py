"""One thing `parley doctor` looks at: what it found, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from chassis.advice import FIXES as OF_SERVICES

Verdict = Literal["ok", "warning", "wrong"]

# What only this machine's owner sees; the services' own are in chassis/advice.py.
OF_MACHINE: Mapping[str, str] = MappingProxyType(
    {
        "python_old": "Install the Python named in README.md, and make the environment anew.",
        "tool_missing": "Install the version that is named, or have what it builds from elsewhere.",
        "web_app_not_built": "Run `parley setup`.",
        "sfu_not_built": "Run `parley setup`.",
        "sfu_broken": "Delete the binary, or name another in LIVEKIT_SERVER_BIN.",
        "sip_not_built": "Run `parley setup` with PARLEY_PHONE=on.",
        "redis_missing": "Install redis-server, or leave the telephone out with PARLEY_PHONE=off.",
        "disk_low": "Make room on that disk: builds, models and conversations need it.",
        "env_missing": "Run `parley up` once: it writes .env.",
        "env_readable": "Run `chmod 600 .env`: others may read your secrets.",
        "secrets_bad": "Correct the named variables in .env, or delete their lines: `parley up` "
        "writes new ones.",
        "settings_bad": "Correct the named variables in .env or in the environment.",
        "service_key_missing": "Run `parley up` once: it writes PARLEY_SERVICE_KEY, without which "
        "nothing is remembered.",
        "texts_not_encrypted": "Set BACKEND_ENCRYPTION_KEYS: texts are stored as they are.",
        "ports_doubled": "Give each service a port of its own in .env.",
        "port_taken": "Stop the program that has the port, or set the named variable in .env.",
        "model_partial": "Run `parley models pull` with its name: it goes on from there.",
        "version_differs": "Restart the stack: it runs another version than the one installed.",
        "call_not_tried": "Correct what is wrong above, then run `parley doctor` again.",
        "call_refused": "Correct what the answer names.",
        "call_not_connected": "Open the SFU's ports (README.md), and check LIVEKIT_PUBLIC_URL.",
        "call_not_greeted": "Look at the agent's log: it was sent for and said nothing.",
        "call_not_answered": "Look at the logs of agent, stt, llm and tts: one of them is too slow "
        "or fails in mid-call.",
    }
)
FIXES: Mapping[str, str] = MappingProxyType({**OF_SERVICES, **OF_MACHINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`code`: a row of docs/doctor.md, None where all is well."""

    name: str
    verdict: Verdict
    detail: str
    code: str | None = None
    fix: str | None = None


def fine(name: str, detail: str) -> Check:
    return Check(name=name, verdict="ok", detail=detail)


def warning(name: str, detail: str, code: str) -> Check:
    """Works, but not as it should."""
    return Check(name=name, verdict="warning", detail=detail, code=code, fix=FIXES[code])


def wrong(name: str, detail: str, code: str) -> Check:
    return Check(name=name, verdict="wrong", detail=detail, code=code, fix=FIXES[code])
