"""Run all services at once until told to stop; leave nothing behind."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

from chassis.http import AsyncClient, pooled_client
from chassis.metrics import Metrics
from chassis.settings import EXIT_BAD_SETTINGS
from parley.keeper import PROBE_TIMEOUT_S, BadSettings, Keeper
from parley.remnants import Run, end
from parley.service_process import ServiceProcess, rotate
from parley.services import Service
from parley.states import State
from parley.terminal import Terminal

PATIENCE_S = 60.0  # until what is not ready is named, and again after each such time
REDRAW_S = 1.0


@dataclass(frozen=True, slots=True)
class Stop:
    """A wish to stop; a second one to stop at once."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self) -> None:
        if self.asked.is_set():
            self.hurry.set()
        self.asked.set()


class Supervisor:
    """The services of one run."""

    def __init__(
        self, services: list[Service], *, logs_dir: Path, run: Run, terminal: Terminal, address: str
    ) -> None:
        self._services = services
        self._logs_dir = logs_dir
        self._run = run
        self._terminal = terminal
        self._address = address
        self._keepers: list[Keeper] = []
        self._changed = asyncio.Event()
        self._all_ready = asyncio.Event()

    async def run(self, stop: Stop) -> int:
        """Until `stop`, or bad settings; the exit status to leave with."""
        self._logs_dir.mkdir(parents=True, exist_ok=True)
        client = pooled_client(
            metrics=Metrics("parley"),
            connect_timeout_s=PROBE_TIMEOUT_S,
            read_timeout_s=PROBE_TIMEOUT_S,
        )
        async with client:
            self._keepers = [self._keeper(service, client) for service in self._services]
            try:
                return await self._supervise(stop)
            finally:
                await self._stop_all(stop)

    def _keeper(self, service: Service, client: AsyncClient) -> Keeper:
        process = ServiceProcess(service, self._logs_dir, self._run)
        rotate(process.log)
        return Keeper(process, client, self._on_change)

    async def _supervise(self, stop: Stop) -> int:
        status = 0
        try:
            async with asyncio.TaskGroup() as tasks:
                work = [tasks.create_task(keeper.keep()) for keeper in self._keepers]
                work += [tasks.create_task(keeper.watch()) for keeper in self._keepers]
                work += [tasks.create_task(self._show()), tasks.create_task(self._announce())]
                await stop.asked.wait()
                for task in work:
                    task.cancel()
        except* BadSettings as group:
            for problem in group.exceptions:
                self._terminal.line(str(problem))
            status = EXIT_BAD_SETTINGS
        return status

    def _on_change(self) -> None:
        self._changed.set()
        if all(keeper.condition.state == State.READY for keeper in self._keepers):
            self._all_ready.set()

    async def _show(self) -> None:
        while True:
            self._changed.clear()
            self._terminal.rows([keeper.row() for keeper in self._keepers])
            try:
                async with asyncio.timeout(REDRAW_S):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _announce(self) -> None:
        started_at_s = time.monotonic()
        while not self._all_ready.is_set():
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._all_ready.wait()
            except TimeoutError:
                self._name_what_is_missing(time.monotonic() - started_at_s)
        self._terminal.line(f"Parley is ready: {self._address}")

    def _name_what_is_missing(self, waited_s: float) -> None:
        for keeper in self._keepers:
            if keeper.condition.state != State.READY:
                why = f" ({keeper.condition.detail})" if keeper.condition.detail else ""
                self._terminal.line(
                    f"After {waited_s:.0f} s {keeper.service.name} is not ready: "
                    f"{keeper.condition.label}{why}; its log: {keeper.process.log}"
                )

    async def _stop_all(self, stop: Stop) -> None:
        """In their order, so that the agent can say goodbye in the rooms of the SFU."""
        self._terminal.line("Stopping")
        for turn in sorted({keeper.service.leaves for keeper in self._keepers}):
            async with asyncio.TaskGroup() as tasks:
                for keeper in self._keepers:
                    if keeper.service.leaves == turn:
                        tasks.create_task(keeper.stop(stop.hurry))
        await end(self._run.remnants())
