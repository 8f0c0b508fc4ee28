"""Talk to one of the stack's services from the command line; every failure is one line."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from chassis.http import AsyncClient, HTTPError, pooled_client
from chassis.metrics import Metrics
from chassis.settings import load_or_exit
from parley.environment import StackSettings

ANSWER_WITHIN_S = 300.0  # a long recording takes a while
EXIT_FAILED = 1


class PeerFailed(Exception):
    """Why the service did not do it, in one line."""


@asynccontextmanager
async def peer(service: Literal["stt", "tts"]) -> AsyncIterator[AsyncClient]:
    """A client of the service where the settings say it is. Raises PeerFailed."""
    stack = load_or_exit(StackSettings)
    key: SecretStr | None = getattr(stack, f"{service}_api_key")
    client = pooled_client(
        metrics=Metrics("parley"),
        base_url=stack.reach(service),
        bearer=key.get_secret_value() if key else None,
        read_timeout_s=ANSWER_WITHIN_S,
    )
    async with client:
        try:
            yield client
        except HTTPError as exc:
            where = f"{service} at {stack.reach(service)}"
            cause = str(exc) or type(exc).__name__
            raise PeerFailed(f"{where}: {cause}. Is `parley up` running?") from exc


def refusal(status: int, body: bytes) -> PeerFailed:
    """The service's own words, when it answered in the one error shape."""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, TypeError, KeyError):
        message = body[:200].decode(errors="replace").strip()
    return PeerFailed(" ".join(f"the service answered {status}: {message}".split()))


def run_command(name: str, work: Coroutine[Any, Any, None]) -> int:
    """Run a subcommand's work; the exit status. A reader that leaves early is no error to show."""
    try:
        asyncio.run(work)
        sys.stdout.flush()
    except PeerFailed as exc:
        print(f"parley {name}: {exc}", file=sys.stderr)  # noqa: T201  # its one line
        return EXIT_FAILED
    except BrokenPipeError:
        # Python flushes standard output once more at exit: let it succeed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130
    return 0


def readable(path: Path) -> bytes:
    """The file's content. Raises PeerFailed."""
    try:
        return path.read_bytes()
    except OSError as exc:
        raise PeerFailed(f"{path}: {exc.strerror}") from exc
