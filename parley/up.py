"""`parley up`: set up what is missing, start the whole stack, look after it until told to stop."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path

from chassis.settings import exit_bad_settings, load_or_exit
from parley import clips, ports, sfu, sip, webapp
from parley.build_step import Say, SetupFailed
from parley.env_file import write_missing_secrets
from parley.environment import StackSettings, child_variables, ports_of
from parley.remnants import Run, end
from parley.run_state import AlreadyRunning, sole_run
from parley.services import Service, services_of
from parley.sip_services import phone_services
from parley.supervisor import Stop, Supervisor
from parley.terminal import Terminal

STALE_GRACE_S = 2.0
EXIT_FAILED = 1


def up() -> int:
    """The exit status: 0 after a stop, 1 when it cannot start, 78 when settings are wrong."""
    stack = load_or_exit(StackSettings)
    with Terminal() as terminal:
        try:
            with sole_run(stack.parley_state_dir.absolute(), stack.address) as (run, dead_run):
                return asyncio.run(_up(stack, terminal, run, dead_run))
        except (AlreadyRunning, SetupFailed) as exc:
            terminal.line(str(exc))
            return EXIT_FAILED


def set_up() -> int:
    """`parley setup`: only what has to be built."""
    stack = load_or_exit(StackSettings)
    with Terminal() as terminal:
        try:
            asyncio.run(_set_up(stack, terminal.line))
        except SetupFailed as exc:
            terminal.line(str(exc))
            return EXIT_FAILED
    return 0


async def _up(stack: StackSettings, terminal: Terminal, run: Run, dead_run: Run | None) -> int:
    stop = _stop_on_signals()
    if dead_run is not None:
        await end(dead_run.remnants(), grace_s=STALE_GRACE_S)
    _write_secrets(terminal.line)
    _check_ports(stack)
    setting_up = asyncio.create_task(_set_up(stack, terminal.line))
    asked = asyncio.create_task(stop.asked.wait())
    await asyncio.wait((setting_up, asked), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if stop.asked.is_set():
        setting_up.cancel()
        await asyncio.wait((setting_up,))
        return 0
    services = _services(stack, await setting_up)
    supervisor = Supervisor(
        services, logs_dir=stack.logs_dir, run=run, terminal=terminal, address=stack.address
    )
    return await supervisor.run(stop)


@dataclass(frozen=True, slots=True)
class Binaries:
    """What runs beside our own services; None: it is not ours to run."""

    sfu: Path | None = None
    sip: Path | None = None


def _services(stack: StackSettings, binaries: Binaries) -> list[Service]:
    variables = child_variables(stack)
    phone = phone_services(stack, variables, binaries.sip) if binaries.sip else []
    return [*phone, *services_of(stack, variables, binaries.sfu)]


async def _set_up(stack: StackSettings, say: Say) -> Binaries:
    """Build what is missing, all at once."""
    sfu_binary: Path | None = None
    sip_binary: Path | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            building = tasks.create_task(webapp.build_if_stale(stack, say))
            tasks.create_task(clips.render_if_stale(stack, say))
            if stack.runs_sfu:
                sfu_binary = await sfu.obtain_binary(stack, say)
            if stack.parley_phone and not stack.runs_sfu:
                raise SetupFailed("PARLEY_PHONE=on needs the SFU to be ours: unset LIVEKIT_URL")
            if stack.parley_phone:
                sip_binary = await sip.obtain_binary(stack, say)
            await building
    except* SetupFailed as group:
        raise SetupFailed("\n".join(str(exc) for exc in group.exceptions)) from group
    return Binaries(sfu=sfu_binary, sip=sip_binary)


def _write_secrets(say: Say) -> None:
    try:
        written = write_missing_secrets()
    except OSError as exc:
        raise SetupFailed(
            f"the secrets cannot be written to {exc.filename}: {exc.strerror}"
        ) from exc
    if written:
        say(f"Wrote new secrets to .env: {', '.join(written)}")


def _check_ports(stack: StackSettings) -> None:
    wanted = ports_of(stack)
    doubled = ports.doubled(wanted)
    if doubled:
        exit_bad_settings(doubled)
    taken = ports.taken(wanted)
    if taken:
        raise SetupFailed("\n".join(ports.explain(port) for port in taken))


def _stop_on_signals() -> Stop:
    stop = Stop()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.ask)
    loop.add_signal_handler(signal.SIGTERM, stop.ask)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored: `nohup parley up`
        loop.add_signal_handler(signal.SIGHUP, stop.ask)
    return stop
