"""`parley doctor` on a real stack: the call it makes is real too."""

import json
import subprocess
import sys
from typing import Any

import httpx2
import pytest

from tests.processes import ROOT, clean_env
from tests.stack import Stack

pytestmark = pytest.mark.e2e
WITHIN_S = 150.0


def report(stack: Stack) -> dict[str, Any]:
    env = clean_env(
        {
            **{port: str(number) for port, number in stack.ports.items()},
            "PARLEY_STATE_DIR": str(stack.folder / "state"),
            "PYTHONPATH": str(ROOT),
        }
    )
    done = subprocess.run(
        [sys.executable, "-m", "parley", "doctor", "--json"],
        cwd=stack.folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    told: dict[str, Any] = json.loads(done.stdout or json.dumps({"stderr": done.stderr}))
    return told


def conversations(stack: Stack) -> list[str]:
    """Their ids; one of an earlier test may just end."""
    page = httpx2.get(f"{stack.url}/api/conversations", trust_env=False).json()
    return [one["id"] for one in page["conversations"]]


def test_a_stack_that_works_is_found_well_by_a_call_that_leaves_nothing(stack: Stack) -> None:
    before = conversations(stack)
    told = report(stack)
    wrong = [check for check in told["checks"] if check["verdict"] == "wrong"]
    assert wrong == []
    (call,) = [check for check in told["checks"] if check["name"] == "call"]
    assert call["verdict"] == "ok"
    assert "a spoken question was answered in" in call["detail"]
    assert conversations(stack) == before
