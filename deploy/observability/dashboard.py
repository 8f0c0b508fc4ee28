"""Grafana's dashboard, made of panels.yml: `python -m deploy.observability.dashboard` writes it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

HERE = Path(__file__).parent
PANELS = HERE / "panels.yml"
FILE = HERE / "grafana" / "dashboards" / "parley.json"
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
LOKI = {"type": "loki", "uid": "loki"}
COLUMNS = 24
HEIGHTS = {"stat": 4, "logs": 14}
HEIGHT = 8  # of the others


class Panel(BaseModel):
    """One question and who answers it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    why: str = ""
    kind: Literal["timeseries", "stat", "state-timeline", "logs", "logs-count"] = "timeseries"
    unit: str = "short"
    width: int = 8
    limit: float | None = None
    stacked: bool = False
    asks: dict[str, str]

    @property
    def is_of_logs(self) -> bool:
        return self.kind in ("logs", "logs-count")

    @property
    def height(self) -> int:
        return HEIGHTS.get(self.kind, HEIGHT)


Rows = Mapping[str, Sequence[Panel]]


def rows() -> Rows:
    """What panels.yml says. Raises pydantic's ValidationError."""
    return TypeAdapter(dict[str, list[Panel]]).validate_python(yaml.safe_load(PANELS.read_text()))


def text() -> str:
    """What Grafana reads."""
    return json.dumps(_dashboard(rows()), indent=1) + "\n"


def _dashboard(of: Rows) -> dict[str, Any]:
    return {
        "uid": "parley",
        "title": "Parley",
        "tags": ["parley"],
        "editable": False,
        "graphTooltip": 1,  # one crosshair through all panels
        "refresh": "30s",
        "schemaVersion": 39,
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [_alerts_drawn()]},
        "templating": {"list": [_service_choice(), _search_box()]},
        "panels": [panel | {"id": i} for i, panel in enumerate(_laid_out(of), start=1)],
    }


def _laid_out(of: Rows) -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in of.items():
        panels.append({"type": "row", "title": title, "gridPos": _place(0, y, COLUMNS, 1)})
        x, y, tallest = 0, y + 1, 0
        for panel in row:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            panels.append(_drawn(panel) | {"gridPos": _place(x, y, panel.width, panel.height)})
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
    return panels


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def _drawn(panel: Panel) -> dict[str, Any]:
    source = LOKI if panel.is_of_logs else PROMETHEUS
    return {
        "type": "timeseries" if panel.kind == "logs-count" else panel.kind,
        "title": panel.title,
        "description": panel.why,
        "datasource": source,
        "targets": [
            {"refId": chr(ord("A") + i), "datasource": source, "expr": expr, "legendFormat": name}
            for i, (name, expr) in enumerate(panel.asks.items())
        ],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
    }


def _field(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    field: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    if panel.kind == "timeseries":
        field["custom"] = {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none"},
            "thresholdsStyle": {"mode": "off" if panel.limit is None else "line"},
        }
    if panel.kind == "state-timeline":
        words = {"0": {"text": "down", "color": "red"}, "1": {"text": "ready", "color": "green"}}
        field["mappings"] = [{"type": "value", "options": words}]
    return field


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"}
    if panel.kind == "logs":
        return {"showTime": True, "wrapLogMessage": True, "sortOrder": "Descending"}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}


def _alerts_drawn() -> dict[str, Any]:
    return {
        "name": "Alerts",
        "datasource": PROMETHEUS,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing"}',
        "titleFormat": "{{alertname}}",
    }


def _service_choice() -> dict[str, Any]:
    return {
        "name": "service",
        "label": "Logs of",
        "type": "query",
        "datasource": LOKI,
        "query": {"type": 1, "label": "service", "stream": '{job="parley"}'},
        "includeAll": True,
        "allValue": ".+",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
        "refresh": 2,  # whenever the time range changes
    }


def _search_box() -> dict[str, Any]:
    return {"name": "search", "label": "with", "type": "textbox", "query": ""}


if __name__ == "__main__":
    FILE.write_text(text())
