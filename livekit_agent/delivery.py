"""Takes letters out of the outbox to the backend: in order, again and again, each once."""

import asyncio
import contextlib
import fcntl
import os
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from chassis.http import AsyncClient, HTTPError, Response
from chassis.logs import get_logger
from chassis.metrics import Metrics
from livekit_agent.backend_client import backend_http
from livekit_agent.outbox import Letter, Outbox, OutboxUnavailable
from livekit_agent.settings import AgentSettings

POLL_S = 0.25
AT_ONCE = 4
DELIVER_WITHIN_S = 10.0
FLUSH_WITHIN_S = 2.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
MOST_LETTERS = 20_000  # some 40 MB: weeks of calls while the backend is away
MOST_DEAD = 1_000
TRIM_EVERY_S = 30.0
RETRIED = (401, 408, 429)  # of the 4xx: a key being changed, a busy server
FORGOTTEN = "forgotten"  # the backend's code: its user deleted the conversation, or themselves
LOCK = "outbox.lock"
EVERYTHING = ""  # the pause of all lanes: the backend itself is away

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Pause:
    until_s: float  # on time.monotonic
    length_s: float


@contextlib.asynccontextmanager
async def delivered_records(
    settings: AgentSettings, key: SecretStr | None, metrics: Metrics
) -> AsyncIterator[None]:
    """For the worker's life: what its calls put in the outbox is delivered. No key: no backend."""
    if key is None:
        yield
        return
    http = backend_http(settings.backend_url, key, metrics)
    async with http, Deliverer(settings.data_dir, http, metrics):
        yield


class Deliverer:
    """The one per outbox: of several workers over the same folder, one delivers at a time."""

    def __init__(self, folder: Path, http: AsyncClient, metrics: Metrics) -> None:
        """`folder`: of the outbox. `http`: of `backend_http`; the caller closes it."""
        self._folder = folder
        self._outbox = Outbox(folder)
        self._http = http
        self._waiting = metrics.gauge("outbox_letters", "records the backend does not have yet")
        self._delivered = metrics.counter("outbox_delivered_total", "records the backend took")
        self._dead = metrics.counter("outbox_refused_total", "records it will never take")
        self._dropped = metrics.counter("outbox_dropped_total", "records dropped for want of room")
        self._pauses: dict[str, _Pause] = {}
        self._trimmed_at_s = float("-inf")
        self._is_scrubbed = False
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """What the last calls put is delivered too, if the backend takes it now."""
        if self._task is None:
            return
        self._stopping.set()
        await asyncio.wait({self._task}, timeout=FLUSH_WITHIN_S)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        async with self._outbox:
            lock = await self._alone()
            if lock is None:
                return
            try:
                if await self._outbox.mend():
                    log.error("outbox_set_aside", reason="it was no database any more")
                while await self._round() or not self._stopping.is_set():
                    pass
            finally:
                os.close(lock)

    async def _alone(self) -> int | None:
        """The lock's descriptor, once it is ours; None when we are to stop before that. The kernel
        frees it however we end."""
        while not self._stopping.is_set():
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                lock = os.open(self._folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return lock
                except OSError:
                    os.close(lock)
                    raise
            except OSError:
                await self._rest(POLL_S)
        return None

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _round(self) -> bool:
        """Whether anything was delivered: then there may be more; else it rests a while."""
        delivered = await self._try_all()
        self._is_scrubbed = self._is_scrubbed and not delivered
        if not delivered:
            await self._scrub()
            await self._rest(POLL_S)
        return delivered

    async def _scrub(self) -> None:
        """Once after each run of deliveries."""
        if not self._is_scrubbed:
            with contextlib.suppress(OutboxUnavailable):
                self._is_scrubbed = await self._outbox.scrub()

    async def _try_all(self) -> bool:
        try:
            await self._trim()
            now_s = time.monotonic()
            busy = frozenset(lane for lane, p in self._pauses.items() if p.until_s > now_s)
            if EVERYTHING in busy:
                return False
            letters = await self._outbox.heads(busy, AT_ONCE)
            done = await asyncio.gather(*(self._deliver(letter) for letter in letters))
            return any(done)
        except OutboxUnavailable as exc:
            log.error("outbox_unavailable", reason=str(exc))
            await self._rest(FIRST_PAUSE_S)
            return False

    async def _trim(self) -> None:
        if time.monotonic() < self._trimmed_at_s + TRIM_EVERY_S:
            return
        self._trimmed_at_s = now_s = time.monotonic()
        long_over_s = now_s - LONGEST_PAUSE_S  # of lanes whose letters were dropped meanwhile
        self._pauses = {k: p for k, p in self._pauses.items() if p.until_s > long_over_s}
        dropped = await self._outbox.trim(MOST_LETTERS, MOST_DEAD)
        self._waiting.set(await self._outbox.count())
        if dropped:
            self._dropped.inc(dropped)
            log.error("outbox_letters_dropped", count=dropped, most=MOST_LETTERS)

    async def _deliver(self, letter: Letter) -> bool:
        try:
            async with asyncio.timeout(DELIVER_WITHIN_S):
                response = await self._http.request(
                    letter.method,
                    letter.path,
                    content=letter.body.encode(),
                    headers={"content-type": "application/json", "idempotency-key": letter.key},
                )
        except (HTTPError, TimeoutError) as exc:
            self._pause(EVERYTHING, type(exc).__name__)
            return False
        return await self._settle(letter, response)

    async def _settle(self, letter: Letter, response: Response) -> bool:
        status = response.status_code
        if response.is_success:
            await self._outbox.remove(letter)
            self._delivered.inc()
        elif status == 404 and _code(response) == FORGOTTEN:
            log.info("record_forgotten", method=letter.method)
            await self._outbox.forget(letter)
        elif 400 <= status < 500 and status not in RETRIED:
            # Not its words: an error may quote what was said.
            log.error("record_refused", status=status, method=letter.method, path=letter.path)
            await self._outbox.bury(letter, status, response.text[:500])
            self._dead.inc()
        else:
            # One record may be what the backend stumbles over; without key or database all fail.
            self._pause(EVERYTHING if status in (401, 503) else letter.lane, f"status {status}")
            return False
        self._pauses.pop(letter.lane, None)
        if self._pauses.pop(EVERYTHING, None) is not None:
            log.info("backend_takes_records_again")
        return True

    def _pause(self, lane: str, reason: str) -> None:
        now_s = time.monotonic()
        last = self._pauses.get(lane)
        if last is not None and last.until_s > now_s:
            return  # another letter of this round said so already
        length_s = min(LONGEST_PAUSE_S, last.length_s * 2) if last else FIRST_PAUSE_S
        # Half to all of it, by chance: workers that lost the backend together come back apart.
        wait_s = length_s * random.uniform(0.5, 1)  # noqa: S311  # no secret
        self._pauses[lane] = _Pause(now_s + wait_s, length_s)
        if last is None:
            log.warning("backend_does_not_take_records", reason=reason)


def _code(response: Response) -> str | None:
    try:
        code = response.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):  # a proxy's answer, or none of ours
        return None
    return code if isinstance(code, str) else None
