"""`parley doctor`: what it finds, and that every line of it says what to do."""

import json
import re
from typing import Any

from chassis.version import VERSION
from parley.doctor_check import FIXES
from tests.parley.conftest import Stack
from tests.processes import ROOT


def report(stack: Stack) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit status, and the checks by name."""
    result = stack.parley("doctor", "--json")
    assert result.stdout, result.stderr
    body = json.loads(result.stdout)
    assert body["ok"] is (result.returncode == 0)
    return result.returncode, {check["name"]: check for check in body["checks"]}


def test_a_running_stack_is_well_but_for_the_call_it_cannot_take(stack: Stack) -> None:
    stack.up_and_ready()
    status, checks = report(stack)
    assert checks["parley"]["detail"] == VERSION
    for name in (".env", "secrets", "service key", "encryption", "disk of data"):
        assert checks[name]["verdict"] == "ok", checks[name]
    assert checks[f"tcp {stack.ports['stt']} (stt)"]["detail"] == "held by this stack"
    assert checks["agent service"]["detail"].startswith("ready, ")
    # These services are fakes: they hand out no tokens.
    wrong = {name: check["code"] for name, check in checks.items() if check["verdict"] == "wrong"}
    assert (status, wrong) == (1, {"call": "call_refused"})
    assert stack.stop() == 0


def test_a_stack_that_is_down_is_said_to_be(stack: Stack) -> None:
    status, checks = report(stack)
    assert status == 1
    for name in ("backend", "stt", "llm", "tts", "embedded", "agent"):
        check = checks[f"{name} service"]
        assert (check["verdict"], check["code"]) == ("wrong", "service_unreachable")
        assert "parley up" in check["fix"]
    assert checks["sfu service"]["code"] == "sfu_unreachable"
    assert checks["call"]["code"] == "call_not_tried"
    assert checks[f"tcp {stack.ports['stt']} (stt)"]["detail"] == "free"
    assert checks[".env"]["code"] == "env_missing"


def test_bad_secrets_are_named(stack: Stack) -> None:
    env_file = stack.folder / ".env"
    env_file.write_text("LIVEKIT_API_KEY=devkey\nLIVEKIT_API_SECRET=secret\nTTS_API_KEY=changeme\n")
    env_file.chmod(0o644)
    _, checks = report(stack)
    assert checks[".env"]["code"] == "env_readable"
    assert checks["secrets"]["code"] == "secrets_bad"
    for name in ("LIVEKIT_API_SECRET", "TTS_API_KEY"):
        assert name in checks["secrets"]["detail"]
    assert checks["service key"]["code"] == "service_key_missing"
    assert checks["encryption"]["code"] == "texts_not_encrypted"


def test_what_to_do_is_printed_beside_what_is_wrong(stack: Stack) -> None:
    printed = " ".join(stack.parley("doctor").stdout.split())
    assert "wrong stt service" in printed
    assert "(service_unreachable)" in printed


def test_every_code_has_its_row_in_the_docs() -> None:
    text = (ROOT / "docs" / "doctor.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| .+? \| (.+?) \|$", text, re.MULTILINE))
    assert rows == {code: fix.replace("|", "\\|") for code, fix in FIXES.items()}
