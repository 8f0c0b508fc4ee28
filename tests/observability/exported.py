"""What services export: names, labels and their values, read from what they really said."""

import ast
from collections.abc import Iterable
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.observability.promql import Selector
from tests.processes import ROOT

FOREIGN = Path(__file__).parent / "foreign_metrics.yml"
SOURCES = ("chassis", "backend", "inference", "livekit_agent")
MADE_BY = ("counter", "gauge", "histogram")
OF_SCRAPING = ("job", "instance")
PARTS = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


class Exported:
    """`labels[name][label]`: the values seen. A family that has no sample yet has a name, and the
    labels that its source declares."""

    def __init__(self) -> None:
        self.labels: dict[str, dict[str, set[str]]] = {}
        self._declared = dict(_declared())

    def add(self, exposition: str) -> None:
        """One service's `/metrics`."""
        for family in text_string_to_metric_families(exposition):
            for sample in family.samples:
                self._see(sample.name, sample.labels)
            if not family.samples:
                self._expect(family.name, family.type)

    def add_foreign(self) -> None:
        """What programs export that are not part of every stack, as written down."""
        for name, labels in yaml.safe_load(FOREIGN.read_text()).items():
            self._see(name, dict.fromkeys(labels, ""))

    def add_recorded(self, name: str, labels: Iterable[str]) -> None:
        self._see(name, dict.fromkeys(labels, ""))

    def problem(self, asked: Selector) -> str | None:
        """Why it would stay empty; None: something answers."""
        names = [name for name in self.labels if asked.takes(name)]
        if not names:
            return f"nobody exports {asked.name or asked.matchers}"
        for matcher in asked.matchers:
            if matcher.label in ("__name__", *OF_SCRAPING):
                continue
            there = [
                self.labels[n][matcher.label] for n in names if matcher.label in self.labels[n]
            ]
            if not there:
                return f"{names[0]} has no label {matcher.label}"
            values = set().union(*there)
            if matcher.how == "=" and values - {""} and matcher.value not in values:
                return f"{names[0]} has never {matcher.label}={matcher.value}, but {sorted(values)}"
        return None

    def labels_of(self, asked: Iterable[Selector]) -> set[str]:
        """Of all that they ask for."""
        names = {name for one in asked for name in self.labels if one.takes(name)}
        return {label for name in names for label in self.labels[name]} | set(OF_SCRAPING)

    def _see(self, name: str, labels: dict[str, str]) -> None:
        known = self.labels.setdefault(name, {})
        for label, value in labels.items():
            known.setdefault(label, set()).add(value)

    def _expect(self, family: str, kind: str) -> None:
        name = f"{family}_total" if kind == "counter" else family
        declared = next(
            (labels for what, labels in self._declared.items() if name.endswith(what)), []
        )
        also = ["le"] if kind == "histogram" else []
        for part in PARTS.get(kind, ("",)):
            self._see(name + part, dict.fromkeys((*declared, *also), ""))


def _declared() -> Iterable[tuple[str, list[str]]]:
    """`_<what>` and its labels, of each metric that has labels, from the calls that make them."""
    for path in (p for folder in SOURCES for p in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in MADE_BY and len(node.args) > 2:
                yield f"_{ast.literal_eval(node.args[0])}", _names(node.args[2])


def _names(labels: ast.expr) -> list[str]:
    """Of a list of them, or of a mapping to what they may say."""
    if isinstance(labels, ast.Dict):
        return [ast.literal_eval(key) for key in labels.keys if key is not None]
    names: list[str] = ast.literal_eval(labels)
    return names
