"""Keep one service running: start it, restart it when it ends, and know what state it is in."""

import asyncio
import time
from collections.abc import Callable
from signal import Signals

from chassis.http import AsyncClient, HTTPError, TimeoutException
from chassis.settings import EXIT_BAD_SETTINGS
from parley.service_process import ServiceProcess
from parley.states import Backoff, Condition, State, condition_of_answer, condition_of_silence
from parley.terminal import Row

READY_POLL_S = 1.0
UNREADY_POLL_S = 0.15
PROBE_TIMEOUT_S = 2.0
STOP_GRACE_S = 5.0
DRAINING_STOP_GRACE_S = 2.0
REPEAT_STOP_S = 0.2


class BadSettings(Exception):
    """A service said its settings are wrong: restarting it cannot help."""

    def __init__(self, service: str, lines: str) -> None:
        super().__init__(f"{service} cannot start, its settings are wrong:\n{lines}")


class Keeper:
    """Supervises one service. `changed` is called when what `row` tells has changed."""

    def __init__(
        self,
        process: ServiceProcess,
        client: AsyncClient,
        changed: Callable[[], None],
        backoff: Backoff | None = None,
    ) -> None:
        self.process = process
        self.service = process.service
        self.condition = Condition(state=State.STARTING)
        self.restarts = 0
        self._client = client
        self._changed = changed
        self._backoff = backoff or Backoff()
        self._restart_at_s: float | None = None
        self._answered = False  # since its latest start
        self._started = asyncio.Event()  # wakes `watch` at each start

    def row(self) -> Row:
        at_s = self._restart_at_s
        return Row(
            service=self.service.name,
            condition=self.condition,
            port=self.service.port,
            pid=self.process.pid,
            restarts=self.restarts,
            restart_in_s=None if at_s is None else at_s - time.monotonic(),
        )

    async def keep(self) -> None:
        """Run the service until cancelled. Raises BadSettings."""
        delay_s: float | None = None
        while True:
            started_at_s = time.monotonic()
            reason = await self._run_once()
            delay_s = self._backoff.next_delay(delay_s, time.monotonic() - started_at_s)
            self._restart_at_s = time.monotonic() + delay_s
            self.restarts += 1
            self._set(Condition(state=State.RESTARTING, detail=reason))
            await self.process.end_remnants()
            await asyncio.sleep(max(0.0, self._restart_at_s - time.monotonic()))
            self._restart_at_s = None

    async def watch(self) -> None:
        """Keep `condition` true, until cancelled."""
        while True:
            pid = self.process.pid
            if pid is not None:
                condition = await self._probe()
                if pid == self.process.pid:  # else the answer is of a process that has ended
                    self._set(condition)
            ready = self.condition.state == State.READY
            self._started.clear()
            try:
                async with asyncio.timeout(READY_POLL_S if ready else UNREADY_POLL_S):
                    await self._started.wait()
            except TimeoutError:
                pass

    async def stop(self, hurry: asyncio.Event) -> None:
        """The service's signal, SIGKILL to its group when it left or its grace is over."""
        draining = self.service.drains
        grace_s = DRAINING_STOP_GRACE_S if draining else STOP_GRACE_S
        deadline_s = time.monotonic() + grace_s
        self.process.terminate()
        while self.process.pid is not None and time.monotonic() < deadline_s:
            if hurry.is_set():
                break
            try:
                async with asyncio.timeout(REPEAT_STOP_S):
                    await self.process.ended()
            except TimeoutError:
                if draining:  # the SFU leaves at the second SIGTERM while rooms exist
                    self.process.terminate()
        self.process.kill()

    async def _run_once(self) -> str:
        """From start to end; returns why it ended."""
        try:
            await self.process.start()
        except OSError as exc:
            return f"cannot start {self.service.command[0]}: {exc.strerror}"
        self._answered = False
        self._set(Condition(state=State.STARTING))
        self._started.set()
        code = await self.process.ended()
        if code == EXIT_BAD_SETTINGS:
            self._set(Condition(state=State.FAILED, detail="its settings are wrong"))
            raise BadSettings(self.service.name, self.process.last_lines())
        last = self.process.last_lines().strip().rpartition("\n")[2].strip()
        return f"{_in_words(code)}: {last}" if last else _in_words(code)

    async def _probe(self) -> Condition:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                if self.service.ready_url is None:
                    return await self._probe_port()
                answer = await self._client.get(self.service.ready_url)
        except (TimeoutError, TimeoutException):
            reason = f"no answer within {PROBE_TIMEOUT_S:g} s"
            return condition_of_silence(reason, was_up=self._answered)
        except (HTTPError, OSError) as exc:
            return condition_of_silence(str(exc), was_up=self._answered)
        self._answered = True
        return condition_of_answer(answer.status_code, answer.content)

    async def _probe_port(self) -> Condition:
        """Of a service that speaks no HTTP: that it takes connections is all there is to know."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.service.port)
        writer.close()
        self._answered = True
        return Condition(state=State.READY)

    def _set(self, condition: Condition) -> None:
        if condition != self.condition or condition.state == State.RESTARTING:
            self.condition = condition
            self._changed()


def _in_words(code: int) -> str:
    if code >= 0:
        return f"exited with {code}"
    try:
        return f"killed by {Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
