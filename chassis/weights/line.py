"""One server downloads at a time into a models folder: what a call needs first goes first."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from filelock import FileLock, Timeout

from chassis.weights.catalogue import Kind, Model
from chassis.weights.errors import StoreUnusable
from chassis.weights.store import LOCKS, ModelStore

# Without ears nothing else is of use; the chat model is the largest by far.
ORDER: tuple[Kind, ...] = ("stt", "tts", "llm")
POLL_S = 0.5


class Turn:
    """The one who may download, of a folder's."""

    def __init__(self, before: list[FileLock]) -> None:
        self._before = before

    async def given_up(self) -> None:
        """Until somebody whose model goes first asks for the turn."""
        while not any(_is_held(lock) for lock in self._before):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def turn_to_fetch(store: ModelStore, model: Model) -> AsyncIterator[Turn]:
    """Wait for the turn, and have it for the block. Across processes: one that is killed leaves
    the line with its locks. Raises StoreUnusable."""
    place = ORDER.index(model.kind) if model.kind else len(ORDER)
    wants = [_lock(store, f".wants-{each}") for each in range(place + 1)]
    before, own = wants[:-1], wants[-1]
    line = _lock(store, ".line")
    with _made(store):
        (store.root / LOCKS).mkdir(parents=True, exist_ok=True)
    try:
        while True:
            with _made(store):
                _take(own)  # where it is another's of this kind, that one speaks for both
                if not any(_is_held(lock) for lock in before) and _take(line):
                    break
            await asyncio.sleep(POLL_S)
        yield Turn(before)
    finally:
        line.release()
        own.release()


def _lock(store: ModelStore, name: str) -> FileLock:
    # No model's lock has such a name: they begin with a letter or a digit.
    return FileLock(store.root / LOCKS / f"{name}.lock", blocking=False, thread_local=False)


def _take(lock: FileLock) -> bool:
    """Whether it is ours now. At once: a local file's lock keeps no event loop waiting."""
    if lock.is_locked:
        return True
    try:
        lock.acquire()
    except Timeout:
        return False
    return True


def _is_held(lock: FileLock) -> bool:
    """By anybody."""
    if not _take(lock):
        return True
    lock.release()
    return False


@contextmanager
def _made(store: ModelStore) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if isinstance(exc, Timeout):
            raise
        raise StoreUnusable(f"{store.root} cannot be written: {exc.strerror}") from exc
