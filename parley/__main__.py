"""`parley`: every subcommand. Each is imported when it runs, so that `--help` is immediate."""

from pathlib import Path
from typing import Annotated

import typer

from parley.phone_commands import phone

app = typer.Typer(
    help="Parley, the voice assistant you host yourself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # a help page in half the time
)
models = typer.Typer(
    help="Weights of models: which there are, fetched, checked and removed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(models, name="models")
app.add_typer(phone, name="phone")


@app.command()
def up() -> None:
    """Set up what is missing, start everything, and look after it until Ctrl-C."""
    from parley.up import up as run

    raise typer.Exit(run())


@app.command()
def setup() -> None:
    """Only build what `up` needs: livekit-server and the web app."""
    from parley.up import set_up as run

    raise typer.Exit(run())


@app.command(hidden=True)
def boot() -> None:
    """What `docker compose up` runs first: make secrets, give each service its own."""
    from parley.boot.run import boot as run

    raise typer.Exit(run())


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Check this machine, the settings and every service. Exits 1 when something is wrong."""
    from parley.doctor import doctor as run

    raise typer.Exit(run(as_json=as_json))


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="What to speak.")],
    voice: Annotated[str | None, typer.Option(help="Voice; the server's own unless given.")] = None,
    format_: Annotated[
        str, typer.Option("--format", help="wav, mp3, opus, aac, flac or pcm.")
    ] = "wav",
) -> None:
    """Speak TEXT: audio on standard output, as in `parley say hello > hello.wav`."""
    from parley.say import say as run

    raise typer.Exit(run(text, voice=voice, audio_format=format_))


@app.command()
def transcribe(
    file: Annotated[Path, typer.Argument(help="A recording: WAV, FLAC, OGG, MP3, M4A or WebM.")],
    format_: Annotated[
        str, typer.Option("--format", help="text, json, verbose_json, srt or vtt.")
    ] = "text",
) -> None:
    """Write down what is said in FILE."""
    from parley.transcribe import transcribe as run

    raise typer.Exit(run(file, output_format=format_))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; replaced when whole.")],
) -> None:
    """Write accounts, conversations, memories and personas to FILE, also while Parley runs."""
    from parley.data import backup as run

    raise typer.Exit(run(file))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `parley backup` wrote.")],
) -> None:
    """Put back what FILE holds. Stop Parley first; what was there is kept beside it."""
    from parley.data import restore as run

    raise typer.Exit(run(file))


@models.command("list")
def models_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show every model by name, its size and licence, and whether it is here."""
    from parley.models import list_models as run

    raise typer.Exit(run(as_json=as_json))


@models.command("pull")
def models_pull(
    ids: Annotated[list[str], typer.Argument(help="Names from the list, or owner/name.")],
) -> None:
    """Fetch models. Stopped at any point, the same command goes on from there."""
    from parley.models import pull_models as run

    raise typer.Exit(run(ids))


@models.command("verify")
def models_verify(
    ids: Annotated[
        list[str] | None, typer.Argument(help="All that are here, unless given.")
    ] = None,
) -> None:
    """Compare every byte with what came from the hub. Exits 1 when something differs."""
    from parley.models import verify_models as run

    raise typer.Exit(run(ids or []))


@models.command("rm")
def models_rm(id_: Annotated[str, typer.Argument(metavar="ID", help="Which.")]) -> None:
    """Delete a model from this disk."""
    from parley.models import remove_model as run

    raise typer.Exit(run(id_))


if __name__ == "__main__":
    app(prog_name="parley")
