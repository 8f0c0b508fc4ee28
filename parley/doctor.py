"""`parley doctor`: is this machine fit, are the settings sound, does every service work."""

import asyncio
import json
import platform
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chassis.http import AsyncClient, HTTPError, pooled_client
from chassis.metrics import Metrics
from chassis.settings import ENV_FILE, LiveKitSettings, SettingsError, load_or_exit, load_settings
from parley import ports, sfu, webapp
from parley.build_step import SetupFailed
from parley.environment import Port, StackSettings, ports_of
from parley.remnants import Run
from parley.run_state import read_record
from parley.services import PYTHON_SERVICES, READY_PATH
from parley.states import State, condition_of_answer

Verdict = Literal["ok", "warning", "wrong"]
STYLES = {"ok": "green", "warning": "yellow", "wrong": "red"}
MIN_PYTHON = (3, 11)
MIN_FREE_BYTES = 2 * 10**9  # builds and a model; less fails in the middle
PROBE_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    verdict: Verdict
    detail: str


def doctor(*, as_json: bool) -> int:
    """Print every check. 1 when one is wrong, else 0."""
    stack = load_or_exit(StackSettings)
    checks = [*_machine(stack), *_settings(stack), *_ports(stack)]
    checks += asyncio.run(_services(stack))
    all_right = all(check.verdict != "wrong" for check in checks)
    if as_json:
        body = {"ok": all_right, "checks": [asdict(check) for check in checks]}
        sys.stdout.write(f"{json.dumps(body, indent=2)}\n")
    else:
        _print(checks)
    return 0 if all_right else 1


def _machine(stack: StackSettings) -> list[Check]:
    python_ok = sys.version_info >= MIN_PYTHON
    checks = [Check("python", "ok" if python_ok else "wrong", platform.python_version())]
    built = not stack.builds_web_app or webapp.is_built()
    checks.append(_tool("node", webapp.node_version(), webapp.NEEDS_NODE, needed=not built))
    checks.append(
        Check(
            "web app", "ok" if built else "warning", "built" if built else "`parley up` builds it"
        )
    )
    has_sfu = True
    if stack.runs_sfu:
        sfu_check, has_sfu = _sfu_binary(stack)
        checks.append(sfu_check)
    checks.append(_tool("go", sfu.go_version(), sfu.NEEDS_GO, needed=not has_sfu))
    free_bytes = shutil.disk_usage(Path.cwd()).free
    verdict: Verdict = "ok" if free_bytes >= MIN_FREE_BYTES else "wrong"
    checks.append(Check("disk", verdict, f"{free_bytes / 1e9:.1f} GB free"))
    return checks


def _tool(
    name: str, version: tuple[int, ...] | None, needs: tuple[int, ...], *, needed: bool
) -> Check:
    """A build tool. Its absence is wrong only when there is something to build."""
    wanted = ".".join(map(str, needs))
    if version is not None and version >= needs:
        return Check(name, "ok", ".".join(map(str, version)))
    have = "not installed" if version is None else f"{'.'.join(map(str, version))} is too old"
    use = f"{wanted} is needed to build" if needed else "not needed: what it builds is here"
    return Check(name, "wrong" if needed else "ok", f"{have}; {use}")


def _sfu_binary(stack: StackSettings) -> tuple[Check, bool]:
    try:
        binary = sfu.find_binary(stack)
    except SetupFailed as exc:
        return Check("livekit-server", "wrong", str(exc)), True
    if binary is None:
        return Check("livekit-server", "warning", "`parley up` builds it"), False
    version = sfu.version_of(binary)
    if version is None:
        return Check("livekit-server", "wrong", f"{binary} does not run: delete it"), True
    return Check("livekit-server", "ok", f"{'.'.join(map(str, version))} at {binary}"), True


def _settings(stack: StackSettings) -> list[Check]:
    path = Path(ENV_FILE)
    if not path.is_file():
        env_file = Check(".env", "warning", "not there: `parley up` writes one")
    elif path.stat().st_mode & 0o077:
        mode = f"{path.stat().st_mode & 0o777:o}"
        env_file = Check(".env", "wrong", f"others may read it ({mode}): `chmod 600 .env`")
    else:
        env_file = Check(".env", "ok", "readable by its owner only")
    try:
        load_settings(LiveKitSettings)
    except SettingsError as exc:
        verdict: Verdict = "wrong" if path.is_file() else "warning"
        return [env_file, Check("secrets", verdict, "; ".join(exc.problems))]
    return [env_file, Check("secrets", "ok", "set, long enough, no samples")]


def _ports(stack: StackSettings) -> list[Check]:
    record = read_record(stack.parley_state_dir)
    ours = {process.pid for process in Run(record.run).remnants()} if record else set()
    wanted = ports_of(stack)
    checks = [Check("ports", "wrong", complaint) for complaint in ports.doubled(wanted)]
    return checks + [_port(port, ours) for port in wanted]


def _port(port: Port, ours: set[int]) -> Check:
    name = f"{'udp' if port.udp else 'tcp'} {port.number} ({port.service})"
    if not ports.taken([port]):
        return Check(name, "ok", "free")
    if ports.holder_pid(port) in ours:
        return Check(name, "ok", "held by this stack")
    return Check(name, "wrong", ports.explain(port))


async def _services(stack: StackSettings) -> list[Check]:
    urls = {"sfu": stack.sfu_http_url}
    for name in PYTHON_SERVICES:
        urls[name] = stack.reach(name) + READY_PATH  # type: ignore[arg-type]  # a key of the table
    client = pooled_client(metrics=Metrics("parley"), read_timeout_s=PROBE_TIMEOUT_S)
    async with client:
        return list(await asyncio.gather(*(_service(client, *item) for item in urls.items())))


async def _service(client: AsyncClient, name: str, url: str) -> Check:
    started = time.perf_counter()
    try:
        answer = await client.get(url)
    except HTTPError as exc:
        return Check(f"{name} service", "wrong", f"{url}: {exc or type(exc).__name__}")
    latency = f"{(time.perf_counter() - started) * 1000:.0f} ms"
    condition = condition_of_answer(answer.status_code, answer.content)
    why = f"; {condition.detail}" if condition.detail else ""
    verdict: Verdict = "ok" if condition.state == State.READY else "wrong"
    return Check(f"{name} service", verdict, f"{condition.label}, {latency}{why}")


def _print(checks: list[Check]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for check in checks:
        verdict = Text(check.verdict, style=STYLES[check.verdict])
        table.add_row(verdict, Text(check.name, no_wrap=True), Text(check.detail))
    Console(highlight=False).print(table)
