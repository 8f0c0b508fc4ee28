"""The SFU's keys: of the environment, or of a file that is read again when it changes."""

import os
import time
from pathlib import Path

from pydantic import SecretStr, ValidationError

from chassis.logs import get_logger
from chassis.settings import LiveKitSettings

LOOK_EVERY_S = 1.0
MAX_BYTES = 64_000

log = get_logger(__name__)

Stamp = tuple[int, int, int]


class LiveKitKeys:
    """The first line of `file` signs from the moment it is there; every line is believed."""

    def __init__(self, livekit: LiveKitSettings, file: Path | None = None) -> None:
        """`file`: lines `key: secret`, the same file that livekit-server takes as `key_file`."""
        self._file = file
        self._known = [livekit]
        self._stamp: Stamp | None = None
        self._looked_at_s = float("-inf")

    def now(self) -> LiveKitSettings:
        """With the key that signs."""
        return self.all()[0]

    def all(self) -> list[LiveKitSettings]:
        """With each key that a signature may be of, the one that signs first."""
        if self._file is not None and time.monotonic() - self._looked_at_s >= LOOK_EVERY_S:
            self._looked_at_s = time.monotonic()
            self._look(self._file)
        return self._known

    def _look(self, file: Path) -> None:
        """What cannot be used changes nothing: calls go on with the keys known."""
        try:
            seen = os.stat(file)
            stamp = (seen.st_mtime_ns, seen.st_ino, seen.st_size)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            with file.open() as opened:
                pairs = _pairs(opened.read(MAX_BYTES))
            self._known = [_with(self._known[0], key, secret) for key, secret in pairs]
        except (OSError, UnicodeDecodeError, ValidationError, ValueError) as exc:
            log.warning("livekit_keys_not_read", file=str(file), reason=type(exc).__name__)
            return
        log.info("livekit_keys_read", count=len(pairs))


def _pairs(text: str) -> list[tuple[str, str]]:
    """Raises ValueError when there is none."""
    pairs = []
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            key, _, secret = line.partition(":")
            pairs.append((key.strip().strip("\"'"), secret.strip().strip("\"'")))
    if not pairs:
        raise ValueError("no keys")
    return pairs


def _with(livekit: LiveKitSettings, key: str, secret: str) -> LiveKitSettings:
    return LiveKitSettings(
        url=livekit.url,
        public_url=livekit.public_url,
        api_key=key,
        api_secret=SecretStr(secret),
    )
