"""What the dashboard and the rules ask for, by the place where they ask."""

from pathlib import Path
from typing import Any

import yaml

from deploy.observability.dashboard import rows
from tests.processes import ROOT

FOLDER = ROOT / "deploy" / "observability"
RULES = FOLDER / "rules"
INTERVAL = "1m"  # what Grafana would put for $__rate_interval


def of_panels() -> dict[str, str]:
    """PromQL by panel and series."""
    return {
        f"{panel.title} / {name}": expr.replace("$__rate_interval", INTERVAL)
        for row in rows().values()
        for panel in row
        if not panel.is_of_logs
        for name, expr in panel.asks.items()
    }


def of_rules() -> dict[str, str]:
    """PromQL by alert, or by what is recorded."""
    return {rule.get("alert") or rule["record"]: rule["expr"] for rule in rules()}


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for path in sorted(RULES.glob("*.yml"))
        for group in _yaml(path)["groups"]
        for rule in group["rules"]
    ]


def configuration() -> dict[str, Any]:
    """prometheus.yml."""
    told: dict[str, Any] = _yaml(FOLDER / "prometheus.yml")
    return told


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
