"""Rules, dashboard and configuration hold together, by their own tools where those are here."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.observability import dashboard
from tests.observability import asked
from tests.processes import ROOT

ALERTS = {rule["alert"]: rule for rule in asked.rules() if "alert" in rule}
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="Debian's package prometheus is not here"
)


def checked(*command: str | Path) -> None:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_prometheus_reads_its_configuration() -> None:
    checked("promtool", "check", "config", "--syntax-only", asked.FOLDER / "prometheus.yml")


@needs_promtool
def test_prometheus_reads_the_rules() -> None:
    checked("promtool", "check", "rules", *asked.RULES.glob("*.yml"))


@needs_promtool
@pytest.mark.parametrize("file", ["alerts.yml", "quiet.yml"])
def test_each_alert_comes_when_it_should(file: str) -> None:
    checked("promtool", "test", "rules", asked.RULES / "tests" / file)


@pytest.mark.skipif(shutil.which("amtool") is None, reason="prometheus-alertmanager is not here")
def test_alertmanager_reads_its_configuration() -> None:
    checked("amtool", "check-config", asked.FOLDER / "alertmanager.yml")


@needs_promtool
def test_each_panel_asks_in_promql(tmp_path: Path) -> None:
    lines = ["groups:", "  - name: panels", "    rules:"]
    for number, expr in enumerate(asked.of_panels().values()):
        lines += [f"      - record: panel:{number}", f"        expr: {expr!r}"]
    (tmp_path / "panels.yml").write_text("\n".join(lines))
    checked("promtool", "check", "rules", tmp_path / "panels.yml")


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_is_tested_and_kept_quiet(alert: str) -> None:
    for file in ("alerts.yml", "quiet.yml"):
        tests = (asked.RULES / "tests" / file).read_text()
        assert re.search(rf"alertname: {alert}\b", tests), f"{alert} is not in tests/{file}"


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_says_what_it_means_and_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"]["summary"].endswith(".")
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor in [heading.strip().lower().replace(" ", "-") for heading in headings]


def test_the_dashboard_is_what_its_panels_say() -> None:
    assert dashboard.FILE.read_text() == dashboard.text(), (
        "run python -m deploy.observability.dashboard"
    )


def test_what_is_scraped_is_a_service_of_the_compose_file() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    named = set()
    for job in asked.configuration()["scrape_configs"]:
        for found in job.get("static_configs", []):
            named |= {target.partition(":")[0] for target in found["targets"]}
        for found in job.get("dns_sd_configs", []):
            named |= set(found["names"])
    assert named - {"localhost"} <= set(services)


def test_logs_are_asked_for_by_labels_they_are_given() -> None:
    shipper = (asked.FOLDER / "alloy.alloy").read_text()
    given = set(re.findall(r"^\t\t\t(\w+)\s+= \"\",$", shipper, re.MULTILINE)) | {"job"}
    logs = [p for row in dashboard.rows().values() for p in row if p.is_of_logs]
    for expr in (expr for panel in logs for expr in panel.asks.values()):
        labels = re.findall(r"(\w+)\s*=~?\s*\"", expr)
        assert labels
        assert set(labels) <= given
