"""Imports point one way: services stand on chassis and never on each other."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SERVICES = {"livekit_agent", "inference", "backend", "parley"}
PACKAGES = SERVICES | {"chassis"}
ENGINES = {"stt", "llm", "tts"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_imports_point_one_way(package: str) -> None:
    allowed = {package, "chassis"}
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        others = {name.partition(".")[0] for name in imported(path)} & PACKAGES
        assert others <= allowed, f"{path} imports {others - allowed}"


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_model_servers_do_not_import_each_other(engine: str) -> None:
    foreign = tuple(f"inference.{other}" for other in ENGINES - {engine})
    for path in (ROOT / "inference" / engine).rglob("*.py"):
        assert not [name for name in imported(path) if name.startswith(foreign)], path


def test_only_the_standby_is_made_of_all_model_servers() -> None:
    standby = ROOT / "inference" / "embedded"
    parts = {f"inference.{engine}" for engine in ENGINES}
    for path in (ROOT / "inference").rglob("*.py"):
        if standby not in path.parents:
            servers = {".".join(name.split(".")[:2]) for name in imported(path)}
            assert "inference.embedded" not in servers, path
            assert len(servers & parts) <= 1, path
