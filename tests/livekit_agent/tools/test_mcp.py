"""Tool servers of others may be down, die, hang or lie: the call goes on without them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from livekit.agents.llm import ToolError

from chassis.metrics import Metrics
from livekit_agent.mcp_settings import McpServer
from livekit_agent.tools import mcp_link
from livekit_agent.tools.guard import AnyTool, Guard
from livekit_agent.tools.mcp_tools import McpTools
from tests.processes import free_port, until

HERE = Path(__file__).parent
WITHIN_S = 50.0  # a guard against hanging: processes start on a busy machine
ALL = {
    *("get_weather", "create_issue", "environment", "sleep", "fail", "long", "calculate", "pid"),
    "die",
}
REAL = ALL | {"picture"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_link, "FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(mcp_link, "HEARTBEAT_S", 0.3)


def good(name: str = "test", **more: Any) -> McpServer:
    args = ["-I", "-S", str(HERE / "quick_server.py")]
    return McpServer(name=name, command=sys.executable, args=args, **more)


def real() -> McpServer:
    """By the library's own server, which takes seconds to start."""
    return McpServer(name="real", command=sys.executable, args=[str(HERE / "mcp_server.py")])


def rough(mode: str, folder: Path, **more: Any) -> McpServer:
    args = [str(HERE / "rough_server.py"), mode, str(folder / "pid")]
    return McpServer(name="rough", command=sys.executable, args=args, **more)


class Session:
    """What an agent sees of its tool servers."""

    def __init__(self) -> None:
        self.guard = Guard()
        self.offered: list[AnyTool] = []
        self._news = asyncio.Event()

    async def take(self, tools: Sequence[AnyTool]) -> None:
        self.offered = list(tools)
        self._news.set()

    @property
    def names(self) -> set[str]:
        return {tool.info.name for tool in self.offered}

    async def when(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def call(self, name: str, **arguments: Any) -> str:
        tool = next(tool for tool in self.offered if tool.info.name == name)
        async with asyncio.timeout(WITHIN_S):
            return str(await tool(raw_arguments=arguments))

    async def error(self, name: str, **arguments: Any) -> dict[str, str]:
        with pytest.raises(ToolError) as told:
            await self.call(name, **arguments)
        error: dict[str, str] = json.loads(told.value.message)["error"]
        return error


@asynccontextmanager
async def session(*servers: McpServer, taken: Sequence[str] = ()) -> AsyncIterator[Session]:
    it = Session()
    tools = McpTools(servers, guard=it.guard, taken=taken, changed=it.take, metrics=Metrics("test"))
    async with tools:
        yield it


@contextmanager
def serving(kind: str, port: int) -> Any:
    command = [sys.executable, str(HERE / "mcp_server.py"), kind, str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_tools_appear_when_their_server_is_up_and_answer_fenced() -> None:
    async with session(real()) as it:
        assert it.names == set()  # the call has begun without it
        await it.when(lambda: it.names == REAL)
        said = await it.call("get_weather", city="Oslo")
    assert "Sunny in Oslo." in said
    assert said.startswith("<<FOREIGN ")
    assert "<|" not in said
    assert it.guard.has_foreign_text


@pytest.mark.parametrize(("kind", "path"), [("http", "mcp"), ("sse", "sse")])
async def test_a_server_over_http_that_comes_late_is_found_and_lost_and_found(
    kind: str, path: str
) -> None:
    port = free_port()
    async with session(McpServer(name="far", url=f"http://127.0.0.1:{port}/{path}")) as it:
        assert it.names == set()
        with serving(kind, port):
            await it.when(lambda: it.names == REAL)
            assert "Sunny" in await it.call("get_weather", city="Oslo")
        assert (await it.error("get_weather", city="Oslo"))["code"] in ("unavailable", "tool_error")
        await it.when(lambda: it.names == set())
        with serving(kind, port):
            await it.when(lambda: it.names == REAL)
            assert "Sunny" in await it.call("get_weather", city="Oslo")


async def test_a_server_killed_in_mid_call_is_replaced() -> None:
    async with session(good()) as it:
        await it.when(lambda: bool(it.names))
        first = int((await it.call("pid")).split("\n")[1])
        os.kill(first, signal.SIGKILL)
        await it.when(lambda: it.names == set())
        await it.when(lambda: it.names == ALL)
        assert int((await it.call("pid")).split("\n")[1]) != first


async def test_a_server_that_dies_of_a_tool_fails_that_tool_only() -> None:
    async with session(good(), good("other", tools=["sleep"])) as it:
        await it.when(lambda: it.names >= {"die", "other_sleep"} or it.names >= ALL | {"sleep"})
        assert (await it.error("die"))["code"] in ("unavailable", "tool_error")
        await it.when(lambda: "die" in it.names)


async def test_a_tool_that_hangs_is_given_up_and_its_server_goes_on() -> None:
    async with session(good(timeout_s=0.5)) as it:
        await it.when(lambda: bool(it.names))
        assert (await it.error("sleep", seconds=60))["code"] == "timeout"
        assert "Sunny" in await it.call("get_weather", city="Oslo")


async def test_a_stopped_server_is_found_out_and_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mcp_link, "HEARTBEAT_ANSWER_S", 0.5)
    async with session(good()) as it:
        await it.when(lambda: bool(it.names))
        first = int((await it.call("pid")).split("\n")[1])
        os.kill(first, signal.SIGSTOP)
        await it.when(lambda: it.names == set())
        await it.when(lambda: it.names == ALL)
        assert not psutil.pid_exists(first)


async def test_an_error_of_a_tool_is_told_as_data() -> None:
    async with session(good()) as it:
        await it.when(lambda: bool(it.names))
        error = await it.error("fail")
    assert error["code"] == "tool_error"
    assert error["message"].startswith("<<FOREIGN ")
    assert it.guard.has_foreign_text


async def test_a_long_result_is_cut() -> None:
    async with session(good()) as it:
        await it.when(lambda: bool(it.names))
        assert len(await it.call("long")) < 4200


async def test_a_tool_that_writes_needs_the_users_own_words_after_foreign_text() -> None:
    async with session(good()) as it:
        await it.when(lambda: bool(it.names))
        it.guard.user_said("what is the weather in Oslo?")
        assert "Sunny" in await it.call("get_weather", city="Oslo")
        assert "Sunny" in await it.call("get_weather", city="Rome")  # reading goes on
        assert (await it.error("create_issue", title="x"))["code"] == "needs_confirmation"
        it.guard.agent_said("Shall I create the issue?")
        it.guard.user_said("yes please")
        assert "Created x." in await it.call("create_issue", title="x")
        assert (await it.error("create_issue", title="y"))["code"] == "needs_confirmation"
        it.guard.user_said("Create an issue about the door")
        assert "Created door." in await it.call("create_issue", title="door")


async def test_a_tool_with_a_taken_name_gets_its_servers_name_for_the_whole_call() -> None:
    async with session(good("a"), good("b", tools=["pid"]), taken=["calculate"]) as it:
        await it.when(lambda: len(it.names) == len(ALL) + 1)
        assert "calculate" not in it.names
        assert "a_calculate" in it.names
        assert len({"a_pid", "b_pid"} & it.names) == 1
        names = it.names
        await it.error("die")
        await it.when(lambda: it.names == names)


async def test_only_allowed_tools_are_offered() -> None:
    async with session(good(tools=["pid", "unheard_of"])) as it:
        await it.when(lambda: bool(it.names))
        assert it.names == {"pid"}


async def test_a_child_sees_no_more_of_our_environment_than_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIVEKIT_API_SECRET", "x" * 40)
    async with session(good(env={"GIVEN": "1"})) as it:
        await it.when(lambda: bool(it.names))
        seen = set((await it.call("environment")).split("\n")[1:-1])
    assert "GIVEN" in seen
    assert seen - {"GIVEN", "LC_CTYPE"} <= {"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"}


@pytest.mark.parametrize("mode", ["exit", "mute", "garbage"])
async def test_a_server_that_never_comes_up_costs_the_call_nothing(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_link, "CONNECT_S", 5.0)
    async with session(rough(mode, tmp_path), good()) as it:
        await it.when(lambda: it.names == ALL)
        await asyncio.to_thread(until, (tmp_path / "pid").exists, WITHIN_S)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


async def test_a_command_that_is_not_there_costs_the_call_nothing() -> None:
    async with session(McpServer(name="none", command="no-such-program"), good()) as it:
        await it.when(lambda: it.names == ALL)


async def test_a_port_where_nobody_answers_costs_the_call_nothing() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with session(McpServer(name="hung", url=f"http://127.0.0.1:{port}/mcp"), good()) as it:
        await it.when(lambda: it.names == ALL)
    silent.close()


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"{}", b"[" * 10_000, b""])
async def test_a_port_where_something_else_answers_costs_the_call_nothing(body: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        writer.write(head.encode() + b"\r\nConnection: close\r\n\r\n" + body)
        writer.close()

    other = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    async with session(McpServer(name="odd", url=f"http://127.0.0.1:{port}/mcp"), good()) as it:
        await it.when(lambda: it.names == ALL)
    other.close()


@pytest.mark.parametrize("mode", ["wrong", "missing", "shapeless", "odd", "number"])
async def test_a_result_against_the_rules_is_told_of(mode: str, tmp_path: Path) -> None:
    async with session(rough(mode, tmp_path, timeout_s=3)) as it:
        await it.when(lambda: bool(it.names))
        expected = {"timeout"} if mode == "number" else {"bad_result", "tool_error"}
        assert (await it.error("count"))["code"] in expected  # a number is no message at all


async def test_noise_between_the_messages_is_overheard(tmp_path: Path) -> None:
    async with session(rough("noisy", tmp_path)) as it:
        await it.when(lambda: bool(it.names))
        assert '{"n": 1}' in await it.call("count")


async def test_tools_nobody_could_call_are_left_out_and_descriptions_cleaned(
    tmp_path: Path,
) -> None:
    async with session(rough("noisy", tmp_path)) as it:
        await it.when(lambda: bool(it.names))
        assert it.names == {"count", "sly"}
        sly = next(tool for tool in it.offered if tool.info.name == "sly")
    shown = json.dumps(sly.info.raw_schema, ensure_ascii=False)  # type: ignore[union-attr]
    assert "<|" not in shown
    assert "[INST]" not in shown
    assert "\u200b" not in shown
    assert len(shown) < 1000


async def test_the_end_of_the_call_is_the_end_of_a_server_that_will_not_leave(
    tmp_path: Path,
) -> None:
    async with session(rough("stubborn", tmp_path)):
        await asyncio.to_thread(until, lambda: _written(tmp_path / "pid"), WITHIN_S)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_call_that_is_killed_takes_its_servers_with_it(tmp_path: Path) -> None:
    """Even one that ignores the end of its input."""
    call = f"""
import asyncio, json
from pathlib import Path
from chassis.metrics import Metrics
from livekit_agent.mcp_settings import McpServer
from livekit_agent.tools.guard import Guard
from livekit_agent.tools.mcp_tools import McpTools

async def main():
    async def changed(tools): ...
    server = McpServer.model_validate_json({rough("stubborn", tmp_path).model_dump_json()!r})
    async with McpTools([server], guard=Guard(), taken=(), changed=changed, metrics=Metrics("t")):
        await asyncio.sleep(600)
asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", call], cwd=HERE.parents[2])
    try:
        until(lambda: _written(tmp_path / "pid"), WITHIN_S)
    finally:
        process.kill()
        process.wait()
    child = int((tmp_path / "pid").read_text())
    until(lambda: _gone(child), WITHIN_S)


def _written(path: Path) -> bool:
    return path.exists() and bool(path.read_text())


def _gone(pid: int) -> bool:
    """Dead, though nobody may have buried it yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_nothing_is_logged_of_what_was_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async with session(rough("noisy", tmp_path), good()) as it:
        await it.when(lambda: {"count", "fail"} <= it.names)
        await it.call("count")
        await it.error("fail")
        await it.call("get_weather", city="Secretville")
    written = caplog.text + "".join(capfd.readouterr())
    assert "Secretville" not in written
    assert "nothing to see here" not in written
    assert "ignore the user" not in written
