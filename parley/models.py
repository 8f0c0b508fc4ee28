"""`parley models`: which weights there are, fetched, checked and removed."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich import progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chassis.settings import load_or_exit
from chassis.weights.catalogue import CATALOGUE, Model
from chassis.weights.errors import WeightsError
from chassis.weights.hub import Progress, pull
from chassis.weights.settings import ModelStoreSettings
from chassis.weights.store import ModelStore, State

Watcher = Callable[[Progress], None]  # shows how far one download is
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
PIPED_COLUMNS = 200  # nothing is cut for `grep`
LINE_EVERY_S = 5.0  # of progress, where there is no terminal to draw a bar on
STATES: dict[State, tuple[str, str]] = {  # as shown, and in which colour
    "here": ("here", "green"),
    "not verified": ("here, not verified", "green"),
    "partial": ("partial", "yellow"),
    "absent": ("not here", "dim"),
}


def list_models(*, as_json: bool) -> int:
    """Print the catalogue and whatever else is here. The exit status."""
    return _run("list", lambda store: _list(store, as_json=as_json))


def pull_models(ids: list[str]) -> int:
    """Fetch each. The exit status."""
    return _run("pull", lambda store: asyncio.run(_pull(store, ids)))


def verify_models(ids: list[str]) -> int:
    """Check every byte of these, or of all that came from the hub. The exit status."""
    return _run("verify", lambda store: _verify(store, ids))


def remove_model(id_: str) -> int:
    """Delete what is here of it. The exit status."""
    return _run("rm", lambda store: _remove(store, id_))


def _run(name: str, work: Callable[[ModelStore], int]) -> int:
    try:
        status = work(ModelStore(load_or_exit(ModelStoreSettings)))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes standard output once more at exit: let it succeed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except WeightsError as exc:
        return _complain(name, exc.message)
    except OSError as exc:
        return _complain(name, f"{exc.filename}: {exc.strerror}")
    except KeyboardInterrupt:
        if name == "pull":
            _complain(name, "stopped; what came is kept, and the same command goes on from there")
        return EXIT_INTERRUPTED
    return status


def _complain(name: str, why: str) -> int:
    print(f"parley models {name}: {why}", file=sys.stderr)  # noqa: T201  # its one line
    return EXIT_FAILED


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _list(store: ModelStore, *, as_json: bool) -> int:
    here = {one.model.id: one for one in store.installed()}
    others = [one.model for one in here.values() if one.model not in CATALOGUE]
    rows = [_row(store, model) for model in (*CATALOGUE, *others)] + list(_loose(store))
    if as_json:
        _say(json.dumps({"models_dir": str(store.root), "models": rows}, indent=2))
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("model", "kind", "size", "state", "licence", "what"):
        table.add_column(heading, no_wrap=heading in ("model", "state"))
    for row in rows:
        words, style = STATES[row["state"]]
        if row["state"] == "partial":
            words = f"{words}, {size_text(row['on_disk_bytes'])}"
        size = size_text(row["size_bytes"]) if row["size_bytes"] else "?"
        state = Text(words, style=style)
        table.add_row(row["id"], row["kind"] or "-", size, state, row["licence"], row["what"])
    width = None if sys.stdout.isatty() else PIPED_COLUMNS
    Console(highlight=False, width=width).print(table)
    return 0


def _row(store: ModelStore, model: Model) -> dict[str, Any]:
    manifest = store.manifest(model)
    on_disk_bytes = store.size_on_disk(model)
    return {
        "id": model.id,
        "kind": model.kind,
        "repo": model.repo,
        "commit": manifest.commit if manifest else None,
        "state": store.state(model),
        "size_bytes": model.size_bytes or on_disk_bytes or None,
        "on_disk_bytes": on_disk_bytes,
        "licence": model.licence,
        "what": model.what,
    }


def _loose(store: ModelStore) -> Iterator[dict[str, Any]]:
    """Rows of model files that lie in the folder itself: the chat server takes them too."""
    for path in sorted(store.root.glob("*.gguf")):
        if path.is_file():
            size_bytes = path.stat().st_size
            yield {
                "id": path.stem,
                "kind": "llm",
                "repo": None,
                "commit": None,
                "state": "not verified",
                "size_bytes": size_bytes,
                "on_disk_bytes": size_bytes,
                "licence": "see the hub",
                "what": "a file placed here by hand",
            }


async def _pull(store: ModelStore, ids: list[str]) -> int:
    for model in [store.find(id_) for id_ in ids]:  # a misspelt last one stops the first
        with _watched(model) as watcher:
            folder = await pull(store, model, on_progress=watcher)
        _say(f"{model.id} is here: {folder}")
    return 0


def _watched(model: Model) -> AbstractContextManager[Watcher]:
    return _Bar(model) if sys.stdout.isatty() else nullcontext(_Lines(model))


class _Bar:
    """Bytes, speed and time left, on a terminal."""

    def __init__(self, model: Model) -> None:
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
            transient=True,
        )
        self._id = model.id
        self._task: progress.TaskID | None = None

    def __enter__(self) -> Watcher:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, news: Progress) -> None:
        if self._task is None:  # what was here before is no speed
            self._task = self._bar.add_task(self._id, completed=news.done_bytes)
        total = max(news.total_bytes, news.done_bytes)
        self._bar.update(self._task, completed=news.done_bytes, total=total)


class _Lines:
    """A line now and then, for logs."""

    def __init__(self, model: Model) -> None:
        self._id = model.id
        self._at_s = float("-inf")
        self._bytes = 0

    def __call__(self, news: Progress) -> None:
        now_s = time.monotonic()
        if now_s - self._at_s < LINE_EVERY_S:
            return
        line = f"{self._id}: {size_text(news.done_bytes)} of {size_text(news.total_bytes)}"
        if self._at_s > float("-inf"):
            line += f", {size_text((news.done_bytes - self._bytes) / (now_s - self._at_s))}/s"
        self._at_s, self._bytes = now_s, news.done_bytes
        _say(line)


def _verify(store: ModelStore, ids: list[str]) -> int:
    named = [store.find(id_) for id_ in ids]
    models = named or [one.model for one in store.installed()]
    if not models:
        _say(f"no models are here ({store.root})")
    wrong = 0
    for model in models:
        if not named and store.state(model) == "not verified":
            _say(f"{model.id}: placed by hand, nothing to compare with")
            continue
        problems = store.verify(model)
        wrong += len(problems)
        _say(f"{model.id}: {'; '.join(problems) or 'every file is as it came'}")
    return EXIT_FAILED if wrong else 0


def _remove(store: ModelStore, id_: str) -> int:
    model = store.find(id_)
    if store.state(model) == "absent":
        return _complain("rm", f"{model.id} is not here")
    freed_bytes = store.size_on_disk(model)
    store.remove(model)
    _say(f"{model.id} is gone: {size_text(freed_bytes)} are free again")
    return 0


def size_text(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.2f} GB"
