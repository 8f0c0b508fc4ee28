"""`parley doctor`: is this machine fit, are the settings sound, does every service and a call work.

docs/doctor.md has a row for every code it prints.
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chassis.settings import (
    SECRETS_DIR,
    InternalSettings,
    SettingsError,
    load_or_exit,
    load_settings,
)
from parley.doctor_call import NAME as CALL
from parley.doctor_call import call_check
from parley.doctor_check import Check, warning
from parley.doctor_machine import machine_checks, port_checks, secret_checks, storage_checks
from parley.doctor_services import service_checks
from parley.environment import StackSettings, child_variables

STYLES = {"ok": "green", "warning": "yellow", "wrong": "red"}
NEEDED_BY_A_CALL = ("backend service", "sfu service", "agent service")


def doctor(*, as_json: bool) -> int:
    """Print every check. 1 when one is wrong, else 0."""
    stack = load_or_exit(StackSettings)
    checks = [*storage_checks(stack, child_variables(stack)), *secret_checks()]
    if SECRETS_DIR not in os.environ:  # in a container all is built, and its ports are its own
        checks = [*machine_checks(stack), *checks, *port_checks(stack)]
    checks += asyncio.run(_running(stack, _service_key()))
    all_right = all(check.verdict != "wrong" for check in checks)
    if as_json:
        body = {"ok": all_right, "checks": [asdict(check) for check in checks]}
        sys.stdout.write(f"{json.dumps(body, indent=2)}\n")
    else:
        _print(checks)
    return 0 if all_right else 1


async def _running(stack: StackSettings, key: SecretStr | None) -> list[Check]:
    services = await service_checks(stack, key)
    lacking = [c.name for c in services if c.name in NEEDED_BY_A_CALL and c.verdict == "wrong"]
    if lacking:
        return [*services, warning(CALL, f"not tried without {lacking[0]}", "call_not_tried")]
    return [*services, await call_check(stack, key)]


def _service_key() -> SecretStr | None:
    try:
        return load_settings(InternalSettings).key
    except SettingsError:  # said by the check of secrets
        return None


def _print(checks: list[Check]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for check in checks:
        verdict = Text(check.verdict, style=STYLES[check.verdict])
        said = Text(check.detail)
        if check.fix is not None:
            said.append(f"\n→ {check.fix} ({check.code})")
        table.add_row(verdict, Text(check.name, no_wrap=True), said)
    Console(highlight=False).print(table)
