"""Bring one file's bytes: appended to what came before, retried, checked, cancellable.

huggingface_hub 2.4 resumes within one call only: a call that fails deletes its partial file. So
its session, headers and errors are used here, and the bytes are kept by us.
"""

import errno
import hashlib
import shutil
import threading
from collections.abc import Callable
from http import HTTPStatus
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from chassis.http import HTTPError
from chassis.weights.errors import (
    ChecksumMismatch,
    DiskFull,
    HubUnreachable,
    StoreUnusable,
    WeightsError,
)
from chassis.weights.listing import ANSWER_WITHIN_S, Cancelled, Hub, RemoteFile, Retries
from chassis.weights.store import HASH_BLOCK_BYTES, digest_of, size_of

if TYPE_CHECKING:
    from httpx2 import Response

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Transfer:
    """One file on its way to `part`. Blocking: made for a thread of its own."""

    def __init__(
        self,
        hub: Hub,
        file: RemoteFile,
        part: Path,
        *,
        cancelled: threading.Event,
        on_bytes: Callable[[int], None],
    ) -> None:
        self._hub = hub
        self._file = file
        self._part = part
        self._cancelled = cancelled
        self._on_bytes = on_bytes  # told the bytes there are, each time there are more

    def fetch(self) -> str:
        """Until the part is whole and right; its sha256. Raises WeightsError, Cancelled."""
        self._bring()
        digest = digest_of(self._part, self._cancelled.is_set)
        if self._cancelled.is_set():
            raise Cancelled
        if not is_right(self._file, self._part, digest):
            self._part.unlink()
            raise self._mismatch("does not match the hub's checksum")
        return digest

    def _bring(self) -> None:
        retries = Retries(self._cancelled)
        with opened(self._part) as part:
            while (before := part.seek(0, 2)) != self._file.size_bytes:
                if before > self._file.size_bytes:
                    part.truncate(0)
                    raise self._mismatch("is longer than the hub says")
                try:
                    self._stream(part, before)
                    # The hub closed early, in good order.
                    error: WeightsError = HubUnreachable(f"{self._hub.shown} stopped sending")
                except HTTPError as exc:
                    error = self._hub.error(exc)
                after = part.seek(0, 2)
                if after > before:
                    retries.renew()
                if after != self._file.size_bytes:
                    retries.wait_or_raise(error)

    def _stream(self, part: FileIO, at: int) -> None:
        from huggingface_hub import get_session, hf_raise_for_status

        headers = self._hub.headers | {"accept-encoding": "identity"}
        if at:
            headers["range"] = f"bytes={at}-"
        with get_session().stream(
            "GET", self._file.url, headers=headers, timeout=ANSWER_WITHIN_S
        ) as response:
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.truncate(0)  # the file there is another one than the listing's
            hf_raise_for_status(response)
            if at and not _continues(response, at):
                part.truncate(0)
            for block in response.iter_raw():
                if self._cancelled.is_set():
                    raise Cancelled
                _append(part, block, self._part)
                self._on_bytes(part.tell())
                if part.tell() > self._file.size_bytes:
                    return  # more than there is

    def _mismatch(self, what: str) -> ChecksumMismatch:
        name = self._file.name
        return ChecksumMismatch(
            f"{name} from {self._hub.shown} {what}; it was deleted, try again", file=name
        )


def is_right(file: RemoteFile, path: Path, digest: str) -> bool:
    """Whether the bytes at `path`, whose sha256 is `digest`, are the hub's."""
    if size_of(path) != file.size_bytes:
        return False
    if file.sha256 is not None:
        return digest == file.sha256
    return file.blob_id is None or _blob_id(path, file.size_bytes) == file.blob_id


def opened(part: Path) -> FileIO:
    """The part file, to append to. Raises DiskFull, StoreUnusable."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        return FileIO(part, "ab")
    except OSError as exc:
        raise disk_error(exc, part) from exc


def disk_error(exc: OSError, path: Path, *, needed_bytes: int = 0) -> WeightsError:
    """Ours for the file system's."""
    if exc.errno not in NO_ROOM:
        return StoreUnusable(f"{path.parent} cannot be written: {exc.strerror}")
    free_bytes = shutil.disk_usage(path.parent).free
    return DiskFull(
        f"writing to {path.parent} failed: {exc.strerror}; {free_bytes} bytes are free there. "
        "What came so far is kept",
        needed_bytes=needed_bytes,
        free_bytes=free_bytes,
    )


def _append(part: FileIO, block: bytes, path: Path) -> None:
    left = memoryview(block)
    try:
        while left:
            left = left[part.write(left) :]
    except OSError as exc:
        raise disk_error(exc, path, needed_bytes=len(left)) from exc


def _continues(response: "Response", at: int) -> bool:
    """Whether it is the rest that was asked for, and not the whole from its start."""
    if response.status_code != HTTPStatus.PARTIAL_CONTENT:
        return False
    return response.headers.get("content-range", "").startswith(f"bytes {at}-")


def _blob_id(path: Path, size_bytes: int) -> str:
    digest = hashlib.sha1(b"blob %d\0" % size_bytes, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
