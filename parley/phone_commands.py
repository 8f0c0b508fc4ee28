"""`parley phone`: its subcommands. Each is imported when it runs."""

from typing import Annotated, Literal

import typer

phone = typer.Typer(
    help="Telephone: lines to a provider or a PBX, and calls through them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@phone.command()
def setup(
    number: Annotated[
        list[str] | None, typer.Option(help="Number people call, as +493012345678; repeatable.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the line is called.")] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Address or network calls may come from; repeatable."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="User that callers' PBX signs in as.")] = None,
    password: Annotated[
        str | None,
        typer.Option(help="Its password; better in the environment.", envvar="PHONE_PASSWORD"),
    ] = None,
    pin: Annotated[
        str | None, typer.Option(help="Digits callers must type first.", envvar="PHONE_PIN")
    ] = None,
    trust: Annotated[
        list[str] | None,
        typer.Option(help="Number of a caller taken for the line's owner; repeatable."),
    ] = None,
    outbound: Annotated[
        str | None, typer.Option(help="Host, or host:port, that calls go out to.")
    ] = None,
    outbound_user: Annotated[str | None, typer.Option(help="User to sign in there as.")] = None,
    outbound_password: Annotated[
        str | None,
        typer.Option(
            help="Its password; better in the environment.", envvar="PHONE_OUTBOUND_PASSWORD"
        ),
    ] = None,
    transport: Annotated[str | None, typer.Option(help="auto, udp, tcp or tls.")] = None,
    encryption: Annotated[
        str | None, typer.Option(help="Of the sound: disable, allow or require.")
    ] = None,
    persona: Annotated[str | None, typer.Option(help="Who answers, by name or id.")] = None,
    owner: Annotated[
        str | None, typer.Option(help="Login of whose memories trusted callers meet.")
    ] = None,
) -> None:
    """Make a line, or change the one with that number. Asks for what is not given."""
    from parley.phone_setup import setup as run

    given = {
        "numbers": number or None,
        "name": name,
        "allowed_addresses": allow or None,
        "auth_user": user,
        "auth_password": password,
        "pin": pin,
        "trusted_callers": trust or None,
        "outbound_address": outbound,
        "outbound_user": outbound_user,
        "outbound_password": outbound_password,
        "transport": transport,
        "media_encryption": encryption,
        "persona_id": persona,
        "owner": owner,
    }
    raise typer.Exit(run({name: value for name, value in given.items() if value is not None}))


@phone.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show every line and whether it works. Exits 1 when telephones cannot call."""
    from parley.phone import status as run

    raise typer.Exit(run(as_json=as_json))


@phone.command()
def call(
    number: Annotated[str, typer.Argument(help="Whom, as +493012345678.")],
    line: Annotated[str | None, typer.Option(help="Id of the line; the oldest otherwise.")] = None,
    persona: Annotated[str | None, typer.Option(help="Who speaks, by name or id.")] = None,
) -> None:
    """Have the agent call NUMBER. Exits 0 once somebody answers, 1 when nobody does."""
    from parley.phone import call as run

    raise typer.Exit(run(number, line_id=line, persona=persona))


@phone.command()
def hangup(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="Of `parley phone calls`.")],
) -> None:
    """End the call with that ID."""
    from parley.phone import hang_up as run

    raise typer.Exit(run(call_id))


@phone.command()
def calls(
    state: Annotated[
        Literal["live", "ended"] | None, typer.Option(help="live or ended; both otherwise.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the latest calls by telephone."""
    from parley.phone import list_calls as run

    raise typer.Exit(run(state, as_json=as_json))
