"""Backends for tests, built in this process over a database of their own.

Ask for the fixture `build_app` and call it with what is to differ: `build_app(auth="on")` takes any
field of BackendSettings, and `peers=DEAD` or `service_key=None`. Enter the app with TestClient.
"""

from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI
from pydantic import SecretStr

from backend.app import build
from backend.settings import BackendSettings
from chassis.settings import InternalSettings, LiveKitSettings

SECRET = "0123456789abcdef0123456789abcdef"
SERVICE_KEY = "fedcba9876543210fedcba9876543210"
TEST_ORIGIN = "http://testserver"  # where a TestClient thinks it is
DEAD = "http://127.0.0.1:9"  # the discard port: nothing listens


class BuildApp(Protocol):
    """The fixture `build_app`."""

    def __call__(self, peers: str = ..., **settings: Any) -> FastAPI: ...


class AlwaysFine(BaseHTTPRequestHandler):
    """Stands for the SFU and every service, all ready."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def sqlite_url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def app_with(
    web_dir: Path, peers: str = DEAD, service_key: str | None = SERVICE_KEY, **settings: Any
) -> FastAPI:
    """`settings`: fields of BackendSettings. Without `database_url` a file in this folder, SQLite
    only: for what needs no database."""
    livekit = LiveKitSettings(
        url=peers.replace("http", "ws"), api_key="APItest", api_secret=SecretStr(SECRET)
    )
    internal = InternalSettings(key=SecretStr(service_key) if service_key else None)
    urls = {f"{name}_url": peers for name in ("stt", "llm", "tts", "embedded", "agent")}
    # Where nobody signs in, only names of this machine are answered, and those that are allowed.
    names = [TEST_ORIGIN] if settings.get("auth", "off") == "off" else []
    ours: dict[str, Any] = {"web_dir": web_dir, "allowed_origins": names, **urls}
    return build(BackendSettings(**(ours | settings)), livekit, internal)
