"""One stack of containers for this folder's tests, built from a fresh tree."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose import engine
from tests.compose.project import BUILD_WITHIN_S, FOLDER, Project, fresh_tree, new_settings
from tests.compose.report import note, table

UP_WITHIN_S = 240.0
TEST_WITHIN_S = 120.0
HEALTHY = "docker compose up, to healthy"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's time is its own: what builds the stack has deadlines of its own."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            marked = item.get_closest_marker("timeout")
            seconds = marked.args[0] if marked else TEST_WITHIN_S
            item.add_marker(pytest.mark.timeout(seconds, func_only=True), append=False)


@pytest.fixture(scope="session")
def docker() -> Iterator[engine.Engine]:
    began_s = time.monotonic()
    ran_before = engine.running()
    found = ran_before or engine.start()
    note("engine answers", time.monotonic() - began_s)
    yield found
    if ran_before is None:
        engine.stop()


@pytest.fixture(scope="session")
def project(docker: engine.Engine) -> Project:
    """The shipped files in a fresh tree; nothing built or started yet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    return Project(docker, fresh_tree(), new_settings())


@pytest.fixture(scope="session")
def built(project: Project) -> Project:
    """With every image: other people's replaced, ours built."""
    began_s = time.monotonic()
    project.stand_in()
    note("stand-in images", time.monotonic() - began_s)
    began_s = time.monotonic()
    project.compose("build", "--quiet", within_s=BUILD_WITHIN_S)
    note("docker compose build", time.monotonic() - began_s)
    return project


@pytest.fixture(scope="session")
def stack(built: Project) -> Iterator[Project]:
    """Running, from no state at all."""
    built.compose("down", "--volumes", "--timeout", "1")
    try:
        note(HEALTHY, built.up(within_s=UP_WITHIN_S))
        note("every service ready", built.wait_ready(UP_WITHIN_S))
        yield built
    finally:
        (FOLDER / "containers.log").write_text(built.attempt("logs", "--no-color").stdout)
        built.compose("down", "--volumes", "--timeout", "5")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("measured")
    terminalreporter.write_line(table())
