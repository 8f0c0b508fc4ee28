"""Settings from the environment, `.env` and secret files: a frozen class a service; a wrong name
stops it."""

import difflib
import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar, Literal, NoReturn, Self, TypeVar

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from chassis.outward import problems_offline

ENV_FILE = ".env"
SECRETS_DIR = "PARLEY_SECRETS_DIR"  # a folder of files, each named like the variable it holds
EXIT_BAD_SETTINGS = 78  # EX_CONFIG of sysexits.h: restarting cannot help
MIN_SECRET_CHARS = 32
SAMPLE_SECRETS = {"secret", "devkey", "devsecret", "changeme", "password", "test"}


S = TypeVar("S", bound="Settings")


class SettingsError(Exception):
    """One line for each variable that is wrong, and what to do about it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """Base of every settings class: read once, frozen, empty string means unset."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )
    foreign: ClassVar[frozenset[str]] = frozenset()  # names with our prefix that others read

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        chosen = (init_settings, env_settings, dotenv_settings)
        folder = os.environ.get(SECRETS_DIR)
        return (*chosen, _SecretFiles(settings_cls, secrets_dir=folder)) if folder else chosen

    @classmethod
    def prefix(cls) -> str:
        return cls.model_config.get("env_prefix", "")

    @classmethod
    def variable(cls, field: str) -> str:
        return f"{cls.prefix()}{field}".upper()


class _SecretFiles(SecretsSettingsSource):
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        value, key, is_complex = super().get_field_value(field, field_name)
        return (value or None), key, is_complex  # an empty file, like an empty variable: unset


class ServiceSettings(Settings):
    """What every HTTP service has."""

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(ge=1, le=65535, description="port to listen on")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level written to the log"
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="json for machines, console for people"
    )


class KeyedSettings(ServiceSettings):
    """A service that asks for a bearer key: optional on loopback, required beyond it."""

    api_key: SecretStr | None = Field(
        default=None, description="bearer key clients must send; unset: none asked"
    )

    @model_validator(mode="after")
    def _key_beyond_loopback(self) -> Self:
        if self.api_key is None and not is_loopback(self.host):
            raise ValueError(
                f"{self.variable('host')}={self.host} is reachable from other machines: "
                f"set {self.variable('api_key')} too, or listen on 127.0.0.1"
            )
        if not is_loopback(self.host) and len(self._key) < MIN_SECRET_CHARS:
            raise ValueError(
                f"{self.variable('api_key')} has {len(self._key)} characters, {MIN_SECRET_CHARS} "
                f"are needed where {self.variable('host')} is reachable from other machines"
            )
        return self

    @property
    def _key(self) -> str:
        return self.api_key.get_secret_value() if self.api_key else ""


class InternalSettings(Settings):
    """What lets Parley's own services in at each other's internal routes."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_SERVICE_")

    key: SecretStr | None = Field(
        default=None,
        min_length=MIN_SECRET_CHARS,
        description="bearer key between agent and backend; unset: no memory between calls",
    )


class LiveKitSettings(Settings):
    """How to reach the SFU. The same names LiveKit's own tools read."""

    model_config = SettingsConfigDict(env_prefix="LIVEKIT_")
    # Read by livekit-server, livekit-agents, `parley up` and `parley boot`, not through this class.
    foreign = frozenset(
        {
            "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE",
            "LIVEKIT_CONFIG",
            "LIVEKIT_KEYS",
            "LIVEKIT_LOG_LEVEL",
            "LIVEKIT_METRICS_PASSWORD",
            "LIVEKIT_PORT",
            "LIVEKIT_RTC_TCP_PORT",
            "LIVEKIT_UDP_PORT",
            "LIVEKIT_SERVER_BIN",
        }
    )

    url: str = Field(
        default="ws://127.0.0.1:7880", description="SFU address seen from the services"
    )
    public_url: str | None = Field(
        default=None, description="SFU address seen from browsers; unset: LIVEKIT_URL"
    )
    api_key: str = Field(description="name of the API key", min_length=3)
    api_secret: SecretStr = Field(description="secret of the API key, 32 characters or more")

    @property
    def http_url(self) -> str:
        return self.url.replace("ws", "http", 1)

    @model_validator(mode="after")
    def _strong_secret(self) -> Self:
        secret = self.api_secret.get_secret_value()
        if self.api_key in SAMPLE_SECRETS or secret.lower() in SAMPLE_SECRETS:
            raise ValueError(
                "LIVEKIT_API_KEY and LIVEKIT_API_SECRET must not be samples: delete both lines "
                "from .env and `make run` writes new ones"
            )
        if len(secret) < MIN_SECRET_CHARS:
            raise ValueError(
                f"LIVEKIT_API_SECRET has {len(secret)} characters, {MIN_SECRET_CHARS} are needed: "
                "delete the line from .env and `make run` writes a new one"
            )
        return self


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(cls: type[S]) -> S:
    """Read `cls` from the environment, else `.env`, else the folder of secrets.

    Raises SettingsError naming each variable.
    """
    if unreadable := _unreadable_secrets():
        raise SettingsError(unreadable)
    problems = _unknown_variables(cls)
    try:
        settings = cls()
    except ValidationError as exc:
        for error in exc.errors(include_url=False, include_input=False):
            problems.append(_problem(cls, error["loc"], error["type"], error["msg"]))
        raise SettingsError(problems) from exc
    values = {cls.variable(field): getattr(settings, field) for field in cls.model_fields}
    if problems or (problems := problems_offline(values)):
        raise SettingsError(problems)
    return settings


def load_or_exit(cls: type[S]) -> S:
    """`load_settings` for a process's start: prints the problems, exits EXIT_BAD_SETTINGS."""
    try:
        return load_settings(cls)
    except SettingsError as exc:
        exit_bad_settings(exc.problems)


def exit_bad_settings(problems: list[str]) -> NoReturn:
    for problem in problems:
        print(f"settings: {problem}", file=sys.stderr, flush=True)
    raise SystemExit(EXIT_BAD_SETTINGS)


def _problem(cls: type[Settings], loc: tuple[int | str, ...], kind: str, message: str) -> str:
    if not loc:  # from a validator of the whole class, which names its variables itself
        return message.removeprefix("Value error, ")
    name = cls.variable(str(loc[0]))
    if kind == "missing":
        field = cls.model_fields[str(loc[0])]
        return f"{name} is not set ({field.description}): set it in .env, or run `make run` once"
    return f"{name}: {message}"


def secret_files() -> dict[str, str]:
    """What the folder of secrets holds, by variable."""
    folder = os.environ.get(SECRETS_DIR)
    files = Path(folder).iterdir() if folder else ()
    return {path.name: path.read_text().strip() for path in files if path.is_file()}


def _unreadable_secrets() -> list[str]:
    try:
        secret_files()
    except (OSError, UnicodeDecodeError) as exc:
        return [f"{SECRETS_DIR}={os.environ[SECRETS_DIR]} cannot be read: {exc}"]
    return []


def _unknown_variables(cls: type[Settings]) -> list[str]:
    prefix = cls.prefix().upper()
    if not prefix:
        return []
    in_file = dotenv_values(ENV_FILE) if Path(ENV_FILE).is_file() else {}
    present = {name.upper() for name in (*os.environ, *in_file)}
    known = {cls.variable(field) for field in cls.model_fields}
    problems = []
    for name in sorted(present - known - cls.foreign):
        if not name.startswith(prefix):
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
        problems.append(f"{name} is not a setting: {hint}")
    return problems
