"""What panels and alerts ask for is there in a real stack, and a real Prometheus sees it."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator

import pytest

from tests.observability import asked
from tests.observability.exported import Exported
from tests.observability.promql import grouped_by, selectors
from tests.observability.watched import (
    NAME,
    Prometheus,
    be_refused,
    expositions,
    prometheus,
    sfu_settings,
    talk,
)
from tests.processes import free_port
from tests.stack import Stack, running_stack

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        shutil.which("prometheus") is None, reason="Debian's package prometheus is not here"
    ),
]

ALL_ASKED = asked.of_rules() | asked.of_panels()
# Of what every stack with one call has to show.
SHOWN = (
    "Calls now / calls",
    "Lines / lines",
    "A turn, stage by stage (median) / first_sound",
    "Voice to voice / P95",
    "Calls that ended, by reason / {{reason}}",
    "Who is ready / agent sees {{engine}}",
    "Stages that failed in calls / {{stage}} {{state}}",
    "Thinking and speaking (P95) / first token",
    "Packets a second / {{direction}}",
    "Memory, of what it may have / {{job}} {{instance}}",
    "Disk that is free / {{job}} {{keeps}}",
    "Requests a second / {{job}}",
    "How long a look takes / {{dependency}}",
)


@pytest.fixture(scope="module")
def sfu_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def stack(sfu_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    pages = tmp_path_factory.mktemp("pages")  # nobody looks at them: none are built
    (pages / "index.html").touch()
    settings = sfu_settings(sfu_port) | {"BACKEND_WEB_DIR": str(pages)}
    with running_stack(NAME, settings) as stack:
        yield stack


@pytest.fixture(scope="module")
def seen(
    stack: Stack, sfu_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """A Prometheus that saw a call come and go."""
    with prometheus(stack, sfu_port, tmp_path_factory.mktemp("prometheus")) as seen:
        seen.until(lambda: "unknown" not in seen.states().values())
        asyncio.run(talk(stack))
        be_refused(stack)
        stack.wait_ready()
        seen.until(lambda: bool(seen.query("sum(parley_agent_calls_ended_total) > 0")))
        yield seen


@pytest.fixture(scope="module")
def exported(stack: Stack, seen: Prometheus, sfu_port: int) -> Exported:
    exported = Exported()
    for exposition in expositions(stack, sfu_port).values():
        exported.add(exposition)
    exported.add_foreign()
    for rule in asked.rules():
        if "record" in rule:
            exported.add_recorded(rule["record"], grouped_by(rule["expr"]) - {"le"})
    return exported


def test_every_service_is_seen(seen: Prometheus) -> None:
    seen.until(lambda: set(seen.states().values()) == {"up"})


def test_what_panels_and_rules_ask_for_is_exported(exported: Exported) -> None:
    problems = {
        place: problem
        for place, expr in ALL_ASKED.items()
        for one in selectors(expr)
        if (problem := exported.problem(one))
    }
    assert problems == {}


def test_what_is_grouped_by_is_a_label(exported: Exported) -> None:
    unknown = {
        place: strange
        for place, expr in ALL_ASKED.items()
        if (strange := grouped_by(expr) - exported.labels_of(selectors(expr)))
    }
    assert unknown == {}


def test_a_panel_of_what_nobody_exports_is_found_out(exported: Exported) -> None:
    for expr in (
        "sum(parley_agent_cals)",
        'parley_agent_turn_stage_seconds_bucket{stag="total"}',
        'parley_agent_turn_stage_seconds_bucket{stage="totel"}',
        '{__name__=~"parley_nobody_.+"}',
    ):
        (one,) = selectors(expr)
        assert exported.problem(one), expr
    assert grouped_by("sum by (lee) (up)") - exported.labels_of(selectors("up")) == {"lee"}


def test_all_rules_can_be_evaluated(seen: Prometheus) -> None:
    rules = [rule for group in seen.get("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
    assert len(rules) == len(asked.rules())


def test_all_panels_can_be_asked(seen: Prometheus) -> None:
    for expr in asked.of_panels().values():
        seen.query(expr)


@pytest.mark.parametrize("place", SHOWN)
def test_a_call_is_shown(seen: Prometheus, place: str) -> None:
    seen.until(lambda: bool(seen.query(asked.of_panels()[place])))


def test_an_engine_that_hangs_is_told_of(stack: Stack, seen: Prometheus) -> None:
    assert seen.alert("EngineDown") == "inactive"
    (pid,) = stack.pids("tts")
    os.kill(pid, signal.SIGSTOP)
    try:
        seen.until(lambda: seen.alert("EngineDown") in ("pending", "firing"))
    finally:
        os.kill(pid, signal.SIGCONT)
    seen.until(lambda: seen.alert("EngineDown") == "inactive")
