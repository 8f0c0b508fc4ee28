"""The connection to one tool server (MCP): brought up in the background, again and again."""

import json
import logging
import math
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, Tool

from chassis.http import AsyncClient, HTTPError, pooled_client
from chassis.logs import get_logger
from chassis.metrics import Metrics
from livekit_agent.mcp_settings import McpServer
from livekit_agent.tools.contract import ToolFailure
from livekit_agent.tools.fence import clean

CONNECT_S = 20.0  # process, handshake and list; `npx` and `uvx` fetch what they run
FIRST_RETRY_S = 1.0
MAX_RETRY_S = 60.0
STEADY_S = 60.0  # one that stays for less is not brought back at once for ever
HEARTBEAT_S = 10.0
HEARTBEAT_ANSWER_S = 5.0
STREAM_READ_S = 300.0  # an open stream of events is silent for as long as nothing happens
MAX_PAGES = 5
MAX_TOOLS = 32  # each costs the LLM a hundred tokens of context in every turn
MAX_SCHEMA_CHARS = 6000
MAX_DESCRIPTION_CHARS = 600
NAME = re.compile(r"[A-Za-z0-9_-]{1,48}")  # what LLM servers take, with room for a prefix
LAUNCHER = Path(__file__).with_name("mcp_launch.py")

# The library logs, with traceback, each line of a server that it cannot read: what a tool was
# asked and what it said are the caller's own.
logging.getLogger("mcp").setLevel(logging.CRITICAL)
log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTool:
    """A tool as its server describes it, cleaned and within bounds."""

    name: str
    description: str
    parameters: str  # JSON schema
    is_read_only: bool


class Link:
    """Holds one server. `changed` is called when its tools come, change or go."""

    def __init__(self, server: McpServer, *, metrics: Metrics, changed: Callable[[], None]) -> None:
        self.server = server
        self.tools: tuple[RemoteTool, ...] = ()
        self._metrics = metrics
        self._changed = changed
        self._client: Client | None = None
        self._scope = anyio.CancelScope()
        self._doubted = anyio.Event()
        self._calls = 0

    async def run(self) -> None:
        """Until `stop`: connect, watch, and after a failure try again, ever more slowly."""
        wait_s = FIRST_RETRY_S
        with self._scope:
            while True:
                began_s = anyio.current_time()
                try:
                    await self._hold()
                except Exception as exc:  # someone else's program fails in every way there is
                    log.warning("tool_server_down", server=self.server.name, reason=_reason(exc))
                if anyio.current_time() - began_s > STEADY_S:
                    wait_s = FIRST_RETRY_S
                self._client = None
                self._offer(())
                await anyio.sleep(wait_s)
                wait_s = min(wait_s * 2, MAX_RETRY_S)

    def stop(self) -> None:
        """Ends `run`, which takes the server's process with it."""
        self._scope.cancel()

    async def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """Raises ToolFailure."""
        if self._client is None:
            raise ToolFailure("unavailable", f"{self.server.name} cannot be reached now")
        self._calls += 1
        try:
            with anyio.fail_after(self.server.timeout_s):
                return await self._client.call_tool(name, arguments)
        except TimeoutError as exc:
            self._doubted.set()
            seconds = f"{self.server.timeout_s:g} seconds"
            raise ToolFailure("timeout", f"no result within {seconds}") from exc
        except MCPError as exc:
            self._doubted.set()
            raise ToolFailure("tool_error", f"{self.server.name} could not do that") from exc
        except (RuntimeError, ValueError) as exc:  # against its own schema, or the protocol's
            raise ToolFailure("bad_result", f"{self.server.name} gave no usable result") from exc
        except (HTTPError, OSError, anyio.ClosedResourceError, anyio.BrokenResourceError) as exc:
            self._doubted.set()
            raise ToolFailure("unavailable", f"{self.server.name} cannot be reached now") from exc
        finally:
            self._calls -= 1

    async def _hold(self) -> None:
        """Connect, and stay until the connection fails."""
        with anyio.CancelScope(deadline=anyio.current_time() + CONNECT_S) as scope:
            transport = _transport(self.server, self._metrics)
            timeout_s = self.server.timeout_s + 1  # of the library; a call has ours
            async with Client(transport, read_timeout_seconds=timeout_s, cache=None) as client:
                tools = await self._listed(client)
                scope.deadline = math.inf
                self._client = client
                log.info("tool_server_up", server=self.server.name, tools=len(tools))
                self._offer(tools)
                await self._watch(client)
        if scope.cancelled_caught:
            raise TimeoutError("it did not answer")

    async def _watch(self, client: Client) -> None:
        """Ask for the tools now and then: it finds a dead server, and new tools."""
        while True:
            with anyio.move_on_after(HEARTBEAT_S):
                await self._doubted.wait()
            self._doubted = anyio.Event()
            if self._calls:  # a server may do one thing at a time; the call has its own limit
                continue
            with anyio.fail_after(HEARTBEAT_ANSWER_S):
                self._offer(await self._listed(client))

    def _offer(self, tools: tuple[RemoteTool, ...]) -> None:
        if tools != self.tools:
            self.tools = tools
            self._changed()

    async def _listed(self, client: Client) -> tuple[RemoteTool, ...]:
        found: list[RemoteTool] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await client.list_tools(cursor=cursor)
            found += [usable for each in page.tools if (usable := self._usable(each))]
            cursor = page.next_cursor
            if cursor is None:
                break
        return tuple({each.name: each for each in found}.values())[:MAX_TOOLS]

    def _usable(self, tool: Tool) -> RemoteTool | None:
        allowed = self.server.tools
        if allowed is not None and tool.name not in allowed:
            return None
        try:
            is_short = len(json.dumps(tool.input_schema)) <= MAX_SCHEMA_CHARS
        except RecursionError:
            is_short = False
        if not is_short or not NAME.fullmatch(tool.name):
            log.info("tool_not_usable", server=self.server.name)
            return None
        return RemoteTool(
            name=tool.name,
            description=clean(tool.description or "", MAX_DESCRIPTION_CHARS),
            parameters=json.dumps(_cleaned(tool.input_schema)),
            is_read_only=bool(tool.annotations and tool.annotations.read_only_hint),
        )


def _cleaned(schema: Any) -> Any:
    """`schema` with all its texts clean: the LLM reads them before anybody asked for the tool."""
    if isinstance(schema, dict):
        return {clean(key): _cleaned(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_cleaned(each) for each in schema]
    return clean(schema, MAX_DESCRIPTION_CHARS) if isinstance(schema, str) else schema


def _transport(server: McpServer, metrics: Metrics) -> AbstractAsyncContextManager[Any]:
    return _http(server, metrics) if server.url else _stdio(server)


@asynccontextmanager
async def _http(server: McpServer, metrics: Metrics) -> AsyncIterator[Any]:
    assert server.url is not None
    secrets = {name: value.get_secret_value() for name, value in server.headers.items()}

    def client(*_: object, **__: object) -> AsyncClient:
        made = pooled_client(metrics=metrics, read_timeout_s=STREAM_READ_S)
        made.headers.update(secrets)
        return made

    if server.url.rstrip("/").endswith("/sse"):  # the transport before streamable HTTP
        async with sse_client(server.url, httpx_client_factory=client) as streams:
            yield streams
    else:
        async with client() as http, streamable_http_client(server.url, http_client=http) as both:
            yield both


def _stdio(server: McpServer) -> AbstractAsyncContextManager[Any]:
    """Its environment: HOME, LOGNAME, PATH, SHELL, TERM, USER, and what the operator gives."""
    assert server.command is not None
    launch = ["-I", "-S", str(LAUNCHER), str(os.getpid()), server.command, *server.args]
    env = {name: value.get_secret_value() for name, value in server.env.items()}
    parameters = StdioServerParameters(command=sys.executable, args=launch, env=env)
    # Servers log what they are asked; anyio takes a file's number as well as a file.
    return stdio_client(parameters, errlog=subprocess.DEVNULL)  # type: ignore[arg-type]


def _reason(exc: Exception) -> str:
    """The kinds of error at the bottom of `exc`; their texts may hold what was said."""
    if isinstance(exc, ExceptionGroup):
        return ", ".join(sorted({_reason(each) for each in exc.exceptions}))
    return type(exc).__name__
