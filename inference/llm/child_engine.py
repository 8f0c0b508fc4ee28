"""An engine that is a process of its own, asked over HTTP on a Unix socket."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from chassis.http import AsyncClient, HTTPError, pooled_client
from chassis.metrics import Metrics
from inference.llm.child import Child
from inference.llm.engine import Abilities, Chat, Completion, Delta, Embeddings
from inference.llm.upstream import Upstream
from inference.llm.upstream_body import Dialect
from inference.llm.upstream_http import Patience
from inference.llm.vitals import Vitals
from inference.model_status import EngineFailed

LOAD_WITHIN_S = 900.0  # tens of gigabytes from a slow disk
POLL_S = 0.02
HEALTH_WITHIN_S = 5.0
CLOSE_WITHIN_S = 2.0
ERROR = re.compile(r"(?:^|\s)E (?:\w+ +)?(?:\S+: +)?(.+)")  # of llama.cpp's log
ASSERTION = re.compile(r"GGML_ASSERT|terminate called|what\(\): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How an engine is run and asked."""

    name: str
    command: Sequence[str]
    health: str  # path below /v1 that answers 200 when the model is loaded
    environment: Mapping[str, str] = field(default_factory=dict)
    dialect: Dialect = field(default_factory=Dialect)


class ChildEngine:
    """Satisfies Engine. A subclass says by `_plan` what is run."""

    def __init__(
        self,
        *,
        model: str,
        slots: int,
        abilities: Abilities,
        max_rss_bytes: int,
        patience: Patience,
        metrics: Metrics,
    ) -> None:
        self.model = model
        self.slots = slots
        self.abilities = abilities
        self.max_rss_bytes = max_rss_bytes
        self.vitals = Vitals()
        self._patience = patience
        self._metrics = metrics
        self._child: Child | None = None
        self._folder: Path | None = None
        self._is_abandoned = False
        self._client: AsyncClient | None = None
        self._upstream: Upstream | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def child(self) -> Child:
        """The latest process. Raises EngineFailed before the first."""
        if self._child is None:
            raise EngineFailed(f"{self.model} is not loaded")
        return self._child

    def __enter__(self) -> Self:
        """Blocks until the model is loaded. Raises EngineFailed with the engine's own reason."""
        self._folder = Path(tempfile.mkdtemp(prefix="parley-llm-"))  # for this user alone
        self._is_abandoned = False
        socket = self._folder / "engine.sock"
        try:
            plan = self._plan(self._folder, socket)
            self._child = Child(plan.command, name=plan.name, environment=plan.environment)
            self._child.start()
            asyncio.run(self._until_loaded(plan, socket))
        except BaseException:  # failed or interrupted: no process is to stay behind
            self.__exit__()
            raise
        self._client = self._client_of(plan, socket)
        self._upstream = Upstream(
            self._client,
            model=self.model,
            abilities=self.abilities,
            patience=self._patience,
            dialect=plan.dialect,
            on_life=self.vitals.beat,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Blocks until the process is gone. Not to be called on the event loop."""
        if self._child:
            self._child.stop()
        if self._client and self._loop and not self._loop.is_closed():
            closing = asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop)
            try:
                closing.result(CLOSE_WITHIN_S)
            except TimeoutError:
                closing.cancel()
        self._client = self._upstream = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def abandon(self) -> None:
        """End the loading: `__enter__` raises soon."""
        self._is_abandoned = True

    async def chat(self, chat: Chat) -> AsyncGenerator[Delta]:
        """The next message."""
        with self.vitals.request():
            async with aclosing(self._asked().chat(chat)) as deltas:
                async for delta in deltas:
                    yield delta

    async def complete(self, completion: Completion) -> AsyncGenerator[Delta]:
        """What follows the prompt."""
        with self.vitals.request():
            async with aclosing(self._asked().complete(completion)) as deltas:
                async for delta in deltas:
                    yield delta

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        with self.vitals.request():
            return await self._asked().embed(texts)

    async def infer(self) -> None:
        """One real token, or one vector of an engine that makes nothing else."""
        with self.vitals.request():
            if self.abilities.completions:
                await self._asked().infer()
            elif not (await self._asked().embed(["Hi"])).vectors:
                raise EngineFailed("the engine made no vector")

    def _plan(self, folder: Path, socket: Path) -> Plan:
        """Raises EngineFailed for what is not there."""
        raise NotImplementedError

    def _asked(self) -> Upstream:
        if self._upstream is None:
            raise EngineFailed(f"{self.model} is not loaded")
        self._loop = asyncio.get_running_loop()
        return self._upstream

    def _client_of(self, plan: Plan, socket: Path) -> AsyncClient:
        client = pooled_client(metrics=self._metrics, base_url=f"http://{plan.name}/v1", uds=socket)
        # llama-server at times drops a connection that was kept, just when it is used again; to
        # open a Unix socket takes a tenth of a millisecond.
        client.headers["connection"] = "close"
        return client

    async def _until_loaded(self, plan: Plan, socket: Path) -> None:
        child = self.child
        try:
            async with asyncio.timeout(LOAD_WITHIN_S), self._client_of(plan, socket) as client:
                while not await _is_healthy(client, plan.health):
                    if self._is_abandoned:
                        raise EngineFailed("nobody waits for it any more")
                    if child.ended:
                        raise EngineFailed(f"{child.ending()}: {blamed(child.last_lines())}")
                    await asyncio.sleep(POLL_S)
        except TimeoutError as exc:
            raise EngineFailed(f"it was not loaded after {LOAD_WITHIN_S:.0f} s") from exc


def blamed(lines: Iterable[str]) -> str:
    """Why an engine could not load, by what it wrote: the first error says most."""
    last = "it said nothing"
    for line in lines:
        last = line
        if error := ERROR.search(line):
            return error[1]
        if ASSERTION.search(line):
            return line
    return last


async def _is_healthy(client: AsyncClient, path: str) -> bool:
    try:
        return (await client.get(path, timeout=HEALTH_WITHIN_S)).status_code == 200
    except HTTPError:
        return False
