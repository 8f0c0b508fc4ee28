"""The tools of the operator's tool servers (MCP): there while their server is, fenced, guarded."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from livekit.agents import function_tool

from chassis.logs import get_logger
from chassis.metrics import Metrics
from livekit_agent.mcp_settings import McpServer
from livekit_agent.tools.contract import ToolFailure, declare_privileged, failed
from livekit_agent.tools.fence import fence
from livekit_agent.tools.guard import AnyTool, Guard

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from livekit_agent.tools.mcp_link import Link, RemoteTool

LINK_MODULE = "livekit_agent.tools.mcp_link"  # 21 MB and 0.7 s: only for who has tool servers
CHANGE_S = 5.0  # to take new tools into a session
STOP_S = 8.0  # servers that will not leave are killed after four
SPOKEN_KINDS = {"image": "(an image)", "audio": "(a sound)"}

Changed = Callable[[Sequence[AnyTool]], Awaitable[None]]
log = get_logger(__name__)


class McpTools:
    """The tool servers of one call. Entering waits for none of them.

    `taken`: names of the agent's own tools; a server's tool of such a name gets the server's as a
    prefix, for the length of the call. `changed` is awaited with all tools, the guarded ones, when
    some come, change or go.
    """

    def __init__(
        self,
        servers: Sequence[McpServer],
        *,
        guard: Guard,
        taken: Collection[str],
        changed: Changed,
        metrics: Metrics,
    ) -> None:
        self._servers = servers
        self._metrics = metrics
        self._links: list[Link] = []
        self._guard = guard
        self._owners: dict[str, tuple[str, str]] = dict.fromkeys(taken, ("", ""))
        self._changed = changed
        self._news = asyncio.Event()
        self._own_tasks: list[asyncio.Task[None]] = []
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        if self._servers:
            self._own_tasks = [
                asyncio.create_task(self._start()),
                asyncio.create_task(self._tell()),
            ]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._own_tasks:
            task.cancel()
        await asyncio.gather(*self._own_tasks, return_exceptions=True)
        for link in self._links:
            link.stop()  # cancelling the task would cut short what ends the server's process
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=STOP_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    @property
    def tools(self) -> list[AnyTool]:
        """Those on offer now, in the order of the settings."""
        made = [self._made(link, remote) for link in self._links for remote in link.tools]
        return self._guard.protect(made)

    async def _start(self) -> None:
        module = await asyncio.to_thread(import_module, LINK_MODULE)  # the call goes on meanwhile
        for server in self._servers:
            link = module.Link(server, metrics=self._metrics, changed=self._note)
            self._links.append(link)
            self._running.append(asyncio.create_task(link.run()))

    def _note(self) -> None:
        self._news.set()

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                async with asyncio.timeout(CHANGE_S):
                    await self._changed(self.tools)
            except Exception as exc:  # a session that ends; the next news is told all the same
                log.warning("tools_not_taken", reason=type(exc).__name__)

    def _made(self, link: "Link", remote: "RemoteTool") -> AnyTool:
        async def call(raw_arguments: dict[str, Any]) -> str:
            try:
                result = await link.call(remote.name, raw_arguments)
                self._guard.foreign_entered()
                text = fence(_text(result), source=f"answer of {link.server.name}")
                if result.is_error:
                    raise ToolFailure("tool_error", text)
            except ToolFailure as exc:
                raise failed(exc) from exc
            return text

        schema = {
            "name": self._name(link.server.name, remote.name),
            "description": remote.description,
            "parameters": json.loads(remote.parameters),
        }
        made: AnyTool = function_tool(call, raw_schema=schema)
        if not remote.is_read_only:
            declare_privileged(made)
        return made

    def _name(self, server: str, tool: str) -> str:
        """The first to ask for a name keeps it for the call, whoever comes and goes."""
        for name in (tool, f"{server}_{tool}"):
            if self._owners.setdefault(name, (server, tool)) == (server, tool):
                return name
        return f"{server}__{tool}"


def _text(result: "CallToolResult") -> str:
    """What of a result can be put in words."""
    parts: list[str] = []
    for item in result.content:
        match item.type:
            case "text":
                parts.append(item.text)
            case "resource":
                parts.append(getattr(item.resource, "text", "(a file)"))
            case "resource_link":
                parts.append(f"{item.title or item.name}: {item.uri}")
            case kind:
                parts.append(SPOKEN_KINDS[kind])
    if not any(parts) and result.structured_content is not None:
        parts = [json.dumps(result.structured_content, ensure_ascii=False)]
    return "\n".join(parts).strip() or "(done, without a word)"
