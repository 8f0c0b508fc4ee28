"""`parley phone status | call | hangup | calls`."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from parley.peer import EXIT_FAILED, PeerFailed, run_command
from parley.phone_client import Answer, PhoneClient, phone_client

LOOK_EVERY_S = 0.5
REACHED_WITHIN_S = 90.0  # the backend lets it ring for less
LATEST = "100"
WIDE = 300
WORDS = {
    "callee_busy": "busy",
    "not_answered": "nobody answered",
    "dial_failed": "the line could not reach that number",
    "lines_busy": "all lines are busy",
    "room_closed": "hung up",
}


def status(*, as_json: bool) -> int:
    """The exit status: 0 when telephones can call, on every line."""
    told: Answer = {}

    async def work() -> None:
        async with phone_client() as client:
            told.update(await client.get("/api/phone/status"))
            lines = (await client.get("/api/phone/lines"))["lines"]
        if as_json:
            _print_json(told | {"lines": lines})
        else:
            _show_status(told, lines)

    failed = run_command("phone status", work())
    return failed or (0 if _works(told) else EXIT_FAILED)


def call(number: str, *, line_id: str | None, persona: str | None) -> int:
    """The exit status: 0 once somebody answered."""
    asked = {"to": number, "line_id": line_id, "persona_id": persona}
    body = {name: value for name, value in asked.items() if value is not None}

    async def work() -> None:
        async with phone_client() as client:
            made = await client.post("/api/calls", body)
            _say(f"{made['id']} rings at {made['called']}")
            ended = await _reached(client, made["id"])
        if ended is not None:
            raise PeerFailed(WORDS.get(ended, ended.replace("_", " ")))
        _say("answered")

    return run_command("phone call", work())


def hang_up(call_id: str) -> int:
    """The exit status."""

    async def work() -> None:
        async with phone_client() as client:
            await client.delete(f"/api/calls/{call_id}")

    return run_command("phone hangup", work())


def list_calls(state: str | None, *, as_json: bool) -> int:
    """The exit status."""

    async def work() -> None:
        query = {"limit": LATEST} | ({"state": state} if state else {})
        async with phone_client() as client:
            found = (await client.get("/api/calls", **query))["calls"]
        if as_json:
            _print_json(found)
            return
        columns: list[tuple[str, Callable[[Answer], str]]] = [
            ("id", lambda c: c["id"]),
            ("started", lambda c: c["started_at"][:19]),
            ("from", lambda c: c["caller"] or "unknown"),
            ("to", lambda c: c["called"] or ""),
            ("state", lambda c: c["state"]),
            ("ended", lambda c: c["ended_reason"] or ""),
        ]
        _table(columns, found)

    return run_command("phone calls", work())


async def _reached(client: PhoneClient, call_id: str) -> str | None:
    """None once somebody answered, else why nobody did. Raises PeerFailed."""
    deadline_s = time.monotonic() + REACHED_WITHIN_S
    while time.monotonic() < deadline_s:
        found = (await client.get("/api/calls", limit=LATEST))["calls"]
        seen = next((one for one in found if one["id"] == call_id), None)
        if seen is None:
            raise PeerFailed("the call is not on record any more")
        if seen["answered_at"] is not None:
            return None
        if seen["state"] == "ended":
            return str(seen["ended_reason"])
        await asyncio.sleep(LOOK_EVERY_S)
    raise PeerFailed(f"neither answered nor over within {REACHED_WITHIN_S:g} s")


def _works(told: Answer) -> bool:
    lines = told["lines"]
    in_place = bool(lines) and all(line["state"] == "ready" for line in lines)
    return bool(told["sip_reachable"] and told["redis"] and in_place)


def _show_status(told: Answer, lines: list[Answer]) -> None:
    most = "as many as the workers take" if told["max_calls"] is None else told["max_calls"]
    _say(f"livekit-sip   {'answers' if told['sip_reachable'] else 'does not answer'}")
    _say(
        f"voice server  {'takes calls' if told['redis'] else 'has no telephony: see PARLEY_PHONE'}"
    )
    _say(f"calls         {told['calls_on']} on, at most {most}")
    if not lines:
        _say("no lines: `parley phone setup` makes one")
        return
    columns: list[tuple[str, Callable[[Answer], str]]] = [
        ("line", lambda line: line["name"]),
        ("numbers", lambda line: ", ".join(line["numbers"])),
        ("state", lambda line: line["state"]),
        ("from", _who_may_call),
        ("out", lambda line: line["outbound_address"] or "no"),
        ("reason", lambda line: line["reason"] or ""),
    ]
    _table(columns, lines)


def _who_may_call(line: Answer) -> str:
    ways = list(line["allowed_addresses"])
    if line["has_password"]:
        ways.append(f"{line['auth_user']} with a password")
    return ", ".join(ways) + (" and a PIN" if line["has_pin"] else "")


def _table(columns: list[tuple[str, Callable[[Answer], str]]], rows: list[Answer]) -> None:
    table = Table(box=None, pad_edge=False)
    for name, _ in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(value(row) for _, value in columns))
    width = None if sys.stdout.isatty() else WIDE  # nothing is folded for a program
    Console(highlight=False, markup=False, width=width).print(table)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # what was asked for


def _print_json(told: Any) -> None:
    json.dump(told, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
