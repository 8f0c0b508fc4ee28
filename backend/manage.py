"""`python -m backend.manage`: what an operator does with the data beside the running service."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.data import commands
from backend.data.copied import CopyFailed
from backend.settings import BackendSettings
from chassis.errors import ParleyError
from chassis.settings import load_or_exit

app = typer.Typer(
    help="Parley's data: copies of it, and the keys it is encrypted with.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
File = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)]


@app.command()
def backup(file: File) -> None:
    """Write everything to FILE while the service runs."""
    _run(commands.backup(load_or_exit(BackendSettings), file))


@app.command()
def restore(file: File) -> None:
    """Put back what FILE holds. Stop the backend first; what was there is kept."""
    _run(commands.restore(load_or_exit(BackendSettings), file))


@app.command()
def rotate_keys() -> None:
    """Encrypt what is stored with the first of BACKEND_ENCRYPTION_KEYS, while the service runs."""
    _run(commands.rotate_keys(load_or_exit(BackendSettings)))


def _run(command: Coroutine[Any, Any, list[str]]) -> None:
    try:
        said = asyncio.run(command)
    except (CopyFailed, ParleyError, OSError) as exc:
        typer.echo(exc, err=True)
        sys.exit(1)
    for line in said:
        typer.echo(line)


if __name__ == "__main__":
    app(prog_name="python -m backend.manage")
