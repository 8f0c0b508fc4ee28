"""`parley phone setup`: a line by options, or by questions on a terminal."""

import asyncio
import sys
import time
from typing import Any

import typer

from parley.peer import PeerFailed, run_command
from parley.phone_client import Answer, PhoneClient, phone_client

IN_PLACE_WITHIN_S = 10.0
LOOK_EVERY_S = 0.5
MANY = ("numbers", "allowed_addresses", "trusted_callers")


def setup(given: Answer) -> int:
    """`given`: fields of the line. The exit status."""
    return run_command("phone setup", _setup(given))


async def _setup(given: Answer) -> None:
    if "numbers" not in given:
        if not sys.stdin.isatty():
            raise PeerFailed("say which number: --number +493012345678")
        given = await asyncio.to_thread(_ask, given)
    async with phone_client() as client:
        known = await _line_with(client, given["numbers"])
        if known is None:
            line = await client.post("/api/phone/lines", given)
        else:
            numbers = [*known["numbers"], *given["numbers"]]  # doubles are the backend's to drop
            line = await client.patch(
                f"/api/phone/lines/{known['id']}", given | {"numbers": numbers}
            )
        _say(f"{'made' if known is None else 'changed'}: {', '.join(line['numbers'])}")
        line = await _in_place(client, line)
    if line["state"] == "failed":
        raise PeerFailed(line["reason"])
    _say(line["state"] if line["reason"] is None else f"{line['state']}: {line['reason']}")


async def _line_with(client: PhoneClient, numbers: list[str]) -> Answer | None:
    """The line that has one of the numbers, however they are written."""
    wanted = {_digits(number) for number in numbers}
    lines: list[Answer] = (await client.get("/api/phone/lines"))["lines"]
    for line in lines:
        if wanted & {_digits(number) for number in line["numbers"]}:
            return line
    return None


async def _in_place(client: PhoneClient, line: Answer) -> Answer:
    """As it is once the voice server has it, or said why not."""
    deadline_s = time.monotonic() + IN_PLACE_WITHIN_S
    while line["state"] == "pending" and line["reason"] is None and time.monotonic() < deadline_s:
        await asyncio.sleep(LOOK_EVERY_S)
        line = await client.get(f"/api/phone/lines/{line['id']}")
    return line


def _ask(given: Answer) -> Answer:
    """What a line needs; Enter leaves out what it can be without."""
    questions = {
        "numbers": "Number people call, with + and country code",
        "allowed_addresses": "Addresses or networks calls come from, by commas",
        "auth_user": "User the provider or PBX signs in as",
        "auth_password": "Its password",
        "pin": "PIN callers must type",
        "trusted_callers": "Your own numbers, taken for you, by commas",
        "outbound_address": "Host that calls go out to",
        "outbound_user": "User to sign in there as",
        "outbound_password": "Its password",
    }
    for name, question in questions.items():
        if name in given or _pointless(name, given):
            continue
        value = _answer(name, question)
        if value:
            given = given | {name: value}
    return given


def _pointless(name: str, given: Answer) -> bool:
    needs = {
        "auth_password": "auth_user",
        "outbound_user": "outbound_address",
        "outbound_password": "outbound_user",
    }
    return name in needs and needs[name] not in given


def _answer(name: str, question: str) -> Any:
    needed = name == "numbers"
    text: str = typer.prompt(
        question if needed else f"{question} (Enter for none)",
        default=None if needed else "",
        show_default=False,
        hide_input=name.endswith("password") or name == "pin",
    )
    text = text.strip()
    if name in MANY:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _digits(number: str) -> str:
    return "".join(char for char in number if char.isdigit())


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # what was asked for
