"""Fetch a model from the hub or a mirror: resumed, checked, cancellable, one puller at a time."""

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from chassis.weights.catalogue import Model
from chassis.weights.errors import DiskFull, ModelBusy, Offline
from chassis.weights.listing import Cancelled, Hub, Listing, RemoteFile, Retries
from chassis.weights.store import (
    OURS,
    PARTS,
    Manifest,
    ManifestFile,
    ModelStore,
    digest_of,
    size_of,
)
from chassis.weights.transfer import Transfer, disk_error, is_right

HEADROOM_BYTES = 256 * 1024 * 1024  # a disk filled to the brim stops more than downloads
REPORT_EVERY_S = 0.1
LOCK_POLL_S = 0.25
CANCEL_WITHIN_S = 2.0  # then the thread is left: it ends at its next byte or timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a download is. `done_bytes` counts what was here before."""

    done_bytes: int
    total_bytes: int
    file: str


async def pull(store: ModelStore, model: Model, *, on_progress: Callable[[Progress], None]) -> Path:
    """Have `model` here, whole and checked; its folder. At once when it is here already.

    `on_progress` runs on the event loop, a few times a second. Raises WeightsError. Cancelled or
    killed at any point, the next `pull` goes on where this one stopped.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Path] = loop.create_future()
    work = _Pull(store, model, lambda news: loop.call_soon_threadsafe(on_progress, news))

    def settle(folder: Path | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if folder is not None:
            done.set_result(folder)
        elif error is not None:
            done.set_exception(error)

    def run() -> None:
        folder: Path | None = None
        error: BaseException | None = None
        try:
            folder = work.run()
        except BaseException as exc:  # whatever it is, the one who awaits must hear of it
            error = exc
        with suppress(RuntimeError):  # the loop is closed: nobody awaits any more
            loop.call_soon_threadsafe(settle, folder, error)

    # A thread that no exit waits for: any state it leaves can be resumed.
    threading.Thread(target=run, name=f"pull {model.id}", daemon=True).start()
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        work.cancelled.set()
        done.add_done_callback(lambda late: late.cancelled() or late.exception())  # seen
        await asyncio.wait([done], timeout=CANCEL_WITHIN_S)
        raise


class _Pull:
    """The work of one `pull`, in its thread."""

    def __init__(
        self, store: ModelStore, model: Model, report: Callable[[Progress], object]
    ) -> None:
        self._store = store
        self._model = model
        self._report = report
        self._folder = store.folder(model)
        self._here_bytes: dict[str, int] = {}
        self._total_bytes = model.size_bytes or 0
        self._reported_at_s = 0.0
        self.cancelled = threading.Event()

    def run(self) -> Path:
        """Raises WeightsError, Cancelled."""
        try:
            return self._brought()
        except OSError as exc:
            raise disk_error(exc, self._folder) from exc

    def _brought(self) -> Path:
        if self._store.present(self._model):
            return self._folder
        if self._store.settings.offline:
            raise Offline(
                f"{self._model.id} is not here, and PARLEY_OFFLINE forbids to fetch it: place its "
                f"files in {self._folder}, or unset PARLEY_OFFLINE and `parley models pull` it"
            )
        with ExitStack() as stack:
            self._wait_for_turn(stack)
            if not self._store.present(self._model):  # the one before us may have brought it
                self._fetch()
        return self._folder

    def _wait_for_turn(self, stack: ExitStack) -> None:
        while True:
            try:
                stack.enter_context(self._store.held(self._model))
                return
            except ModelBusy:
                self._here_bytes = {"": self._store.size_on_disk(self._model)}
                self._tell("", at_once=True)
                if self.cancelled.wait(LOCK_POLL_S):
                    raise Cancelled from None

    def _fetch(self) -> None:
        hub = Hub(self._store.settings, self._model)
        listing = hub.listing(Retries(self.cancelled))
        self._total_bytes = listing.size_bytes
        self._here_bytes = {file.name: self._bytes_here(file) for file in listing.files}
        self._drop_outdated_parts(listing)
        self._check_room()
        (self._folder / OURS / PARTS).mkdir(parents=True, exist_ok=True)
        self._store.forget_manifest(self._model)
        files = tuple(self._one(hub, file) for file in listing.files)
        self._finish(listing, files)

    def _one(self, hub: Hub, file: RemoteFile) -> ManifestFile:
        path = self._folder / file.name
        digest = self._digest_here(file, path)
        if digest is None:
            part = self._part(file)
            digest = Transfer(
                hub,
                file,
                part,
                cancelled=self.cancelled,
                on_bytes=lambda count: self._came(file, count),
            ).fetch()
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync(part)
            part.replace(path)
        self._here_bytes[file.name] = file.size_bytes
        self._tell(file.name, at_once=True)
        return ManifestFile(name=file.name, size_bytes=file.size_bytes, sha256=digest)

    def _digest_here(self, file: RemoteFile, path: Path) -> str | None:
        """The file's digest when it came before and is right."""
        if size_of(path) != file.size_bytes:
            return None
        digest = digest_of(path, self.cancelled.is_set)
        if self.cancelled.is_set():
            raise Cancelled
        return digest if is_right(file, path, digest) else None

    def _drop_outdated_parts(self, listing: Listing) -> None:
        """Of files that the hub has changed since: nobody goes on with them."""
        wanted = {self._part(file) for file in listing.files}
        for part in (self._folder / OURS / PARTS).glob("*.part"):
            if part not in wanted:
                part.unlink()

    def _finish(self, listing: Listing, files: tuple[ManifestFile, ...]) -> None:
        manifest = Manifest(
            id=self._model.id, repo=str(self._model.repo), commit=listing.commit, files=files
        )
        self._store.write_manifest(self._model, manifest)
        shutil.rmtree(self._folder / OURS / PARTS)

    def _check_room(self) -> None:
        needed_bytes = self._total_bytes - sum(self._here_bytes.values()) + HEADROOM_BYTES
        free_bytes = shutil.disk_usage(self._store.root).free
        if needed_bytes > free_bytes:
            raise DiskFull(
                f"{self._model.id} needs {needed_bytes} more bytes in {self._store.root}, and "
                f"{free_bytes} are free: make room, or move PARLEY_MODELS_DIR",
                needed_bytes=needed_bytes,
                free_bytes=free_bytes,
            )

    def _part(self, file: RemoteFile) -> Path:
        return self._folder / OURS / PARTS / f"{file.content_id}.part"

    def _bytes_here(self, file: RemoteFile) -> int:
        whole = size_of(self._folder / file.name)
        if whole == file.size_bytes:
            return whole
        return min(size_of(self._part(file)) or 0, file.size_bytes)

    def _came(self, file: RemoteFile, count: int) -> None:
        self._here_bytes[file.name] = count
        self._tell(file.name)

    def _tell(self, file: str, *, at_once: bool = False) -> None:
        now_s = time.monotonic()
        if self.cancelled.is_set() or (
            not at_once and now_s - self._reported_at_s < REPORT_EVERY_S
        ):
            return
        self._reported_at_s = now_s
        done_bytes = sum(self._here_bytes.values())
        self._report(Progress(done_bytes=done_bytes, total_bytes=self._total_bytes, file=file))


def _sync(path: Path) -> None:
    """To the disk itself: after a power cut, a name must not stand for missing bytes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
