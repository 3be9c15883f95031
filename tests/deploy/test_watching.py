"""The dashboard and the alerts ask for figures that there are, and each alert says what to do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prometheus_client import PlatformCollector, ProcessCollector

from bot.measure import REGISTRY
from bot.take_stock import Stock
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "wegwijs.json"
GUIDE = ROOT / "docs" / "OPERATIONS.md"
# What Prometheus adds by itself.
ITS_OWN = {"up", "ALERTS"}
# `rate(x[5m])`, `by (le)` and what stands in { } or in quotes are no figures.
NO_FIGURE = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|without|ignoring)\s*\([^)]*\)')


@cache
def figures() -> frozenset[str]:
    """Every name under which something can be asked for."""
    with at_work() as runtime:
        families = [*REGISTRY.collect(), *Stock(runtime, ROOT).collect()]
    families += [*ProcessCollector(registry=None).collect(), *PlatformCollector(registry=None).collect()]
    names = {family.name for family in families if family.type == "gauge"}
    names |= {f"{family.name}_total" for family in families if family.type == "counter"}
    for suffix in ("bucket", "count", "sum"):
        names |= {f"{family.name}_{suffix}" for family in families if family.type == "histogram"}
    return frozenset(names)


@cache
def labels() -> dict[str, set[str]]:
    """Which labels each instrument has."""
    found: dict[str, set[str]] = {}
    for collector in REGISTRY._collector_to_names:
        for name in REGISTRY._collector_to_names[collector]:
            found[name] = set(getattr(collector, "_labelnames", ()))
    return found


def asked(expression: str) -> set[str]:
    """The figures that an expression asks for."""
    words = re.findall(r"\b[a-zA-Z_][a-zA-Z0-9_]*\b(?!\s*\()", NO_FIGURE.sub(" ", expression))
    return {word for word in words if "_" in word or word in ITS_OWN}


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def panels() -> Iterator[dict[str, Any]]:
    yield from (panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row")


def expressions() -> list[str]:
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [*shown, *(rule["expr"] for rule in alerts())]


def test_an_expression_asks_for_what_it_names() -> None:
    assert asked('sum by (le) (rate(a_b_bucket{part="x_y"}[5m])) > 0.2 * c_total and up == 0') == {
        *("a_b_bucket", "c_total", "up")
    }


@pytest.mark.parametrize("expression", expressions())
def test_every_figure_that_is_asked_for_is_told(expression: str) -> None:
    assert asked(expression)
    assert asked(expression) - ITS_OWN <= figures()


@pytest.mark.parametrize("expression", expressions())
def test_every_label_that_is_asked_for_is_one_of_its_figure(expression: str) -> None:
    for name, inside in re.findall(r"\b(wegwijs_\w+)\{([^}]*)\}", expression):
        base = re.sub(r"_(?:bucket|count|sum)$", "", name)
        known = labels().get(base) or labels().get(name)
        if known is not None:
            assert set(re.findall(r"(\w+)\s*[=!]~?", re.sub(r'"[^"]*"', "", inside))) <= known | {"job"}


def test_the_dashboard_can_be_imported_and_its_panels_do_not_overlap() -> None:
    board = json.loads(DASHBOARD.read_text())
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells

    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 30
    assert all(panel["title"] and panel["datasource"]["uid"] == "${datasource}" for panel in panels())
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "job"]


def test_every_alert_has_a_weight_a_while_and_words() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in {"critical", "warning"}, rule["alert"]
        assert re.fullmatch(r"\d+[mh]", rule["for"]), rule["alert"]
        assert rule["annotations"]["summary"].endswith("."), rule["alert"]
    assert len({rule["alert"] for rule in alerts()}) == len(alerts()) > 20


def test_every_alert_has_a_section_that_says_what_to_do_and_every_section_an_alert() -> None:
    sections = re.findall(r"^### (\w+)\n(.+)", GUIDE.read_text(), re.MULTILINE)
    told = {rule["annotations"]["section"]: rule["alert"] for rule in alerts()}

    assert {name for name, _ in sections} == {rule["alert"] for rule in alerts()}
    assert all(len(text) > 40 for _, text in sections)
    assert told == {f"docs/OPERATIONS.md#{name.lower()}": name for name, _ in sections}


def test_every_reason_of_readiness_is_explained() -> None:
    reasons = set(re.findall(r'yield "(\w+)"', (ROOT / "bot" / "commands" / "serve_ready.py").read_text()))

    assert len(reasons) == 4
    assert [reason for reason in reasons if f"`{reason}`" not in GUIDE.read_text()] == []


@pytest.mark.metrics
@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "--lint=all", "--lint-fatal", str(ALERTS)),
        ("test", "rules", str(Path(__file__).with_name("alerts.yml"))),
    ],
)
def test_prometheus_takes_the_rules_and_they_call_when_they_should(words: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None
    done = subprocess.run([promtool, *words], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
