"""What an operator says of the tool servers (MCP) that the agent may use."""

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    model_validator,
)
from pydantic_settings import NoDecode


class McpServer(BaseModel):
    """A tool server: `url` over HTTP, or `command` run for each call and spoken to over pipes."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,23}$")
    url: str | None = Field(default=None, pattern=r"^https?://[^\s@/]+(/\S*)?$")
    headers: dict[str, SecretStr] = {}
    command: str | None = Field(default=None, min_length=1)
    args: list[str] = []
    env: dict[str, SecretStr] = {}
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    tools: frozenset[str] | None = None  # names of those that may be used; None: all

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.url is None) == (self.command is None):
            raise ValueError(f'tool server "{self.name}" needs either "url" or "command"')
        return self


def _from_text(value: Any) -> Any:
    """JSON read here, not by the settings library: its own failure names no variable."""
    return _SERVERS.validate_json(value) if isinstance(value, str) else value


def _names_differ(servers: list[McpServer]) -> list[McpServer]:
    names = [server.name for server in servers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"several tool servers are called {', '.join(twice)}")
    return servers


_SERVERS = TypeAdapter(list[McpServer], config=ConfigDict(hide_input_in_errors=True))
McpServers = Annotated[
    list[McpServer], NoDecode, BeforeValidator(_from_text), AfterValidator(_names_differ)
]
