"""What Grafana is given: every query of the dashboard answered by a real server, its macros written out as Grafana does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from monitor.archive import Archive
from monitor.clock import FixedClock
from tests.archives import NOW, furnish
from tests.databases import Databases

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "presswatch.json").read_text(encoding="utf-8"))
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}
SINCE, UNTIL = (f"'{at:%Y-%m-%dT%H:%M:%SZ}'" for at in (NOW - timedelta(days=7), NOW + timedelta(days=7)))
MACROS = (
    (r"\$__timeFrom\(\)", SINCE),
    (r"\$__timeTo\(\)", UNTIL),
    (r"\$__timeFilter\((\w+)\)", rf"\1 BETWEEN {SINCE} AND {UNTIL}"),
    (r"\$__timeGroupAlias\((\w+), ?\$__interval\)", r'(floor(extract(epoch FROM \1) / 3600) * 3600) AS "time"'),
    (r"\$\{theme:sqlstring\}", "'models','bergen'"),
)


def written_out(sql: str) -> str:
    for macro, plain in MACROS:
        sql = re.sub(macro, plain, sql)
    assert "$" not in sql, sql
    return sql


@pytest.fixture(scope="module")
def server(postgres: Databases) -> Iterator[psycopg.Connection]:
    url = postgres.ready()
    archive = Archive.open(url, clock=FixedClock(NOW))
    archive.write_now(furnish)
    archive.close()
    with psycopg.connect(url, autocommit=True, options="-c default_transaction_read_only=on -c timezone=UTC") as connection:
        connection.execute("SET statement_timeout = '5s'")
        yield connection


def rows(server: psycopg.Connection, panel: dict[str, Any]) -> list[dict[str, Any]]:
    (target,) = panel["targets"]
    found = server.execute(written_out(target["rawSql"]).encode())
    return [dict(zip([c.name for c in found.description or ()], row, strict=True)) for row in found]


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_is_answered(server: psycopg.Connection, title: str) -> None:
    found = rows(server, PANELS[title])
    assert found or title == "Messages that failed"
    if PANELS[title]["type"] == "timeseries":
        assert all(isinstance(row["time"], datetime) or row["time"] > 0 for row in found)
        assert PANELS[title]["targets"][0]["format"] == "time_series"


def test_panels_say_what_the_archive_holds(server: psycopg.Connection) -> None:
    by_theme = {(row["time"], row["metric"]): row["articles"] for row in rows(server, PANELS["Themes, day by day"])}
    assert by_theme[datetime(2026, 11, 24, tzinfo=UTC), "New models"] == 3
    assert next(row["headline"] for row in rows(server, PANELS["Biggest stories"])) == "Title of a"
    assert [(row["outlet"], row["first"]) for row in rows(server, PANELS["Who was first"])] == [("Alpenpost", 1), ("Fjord Times", 0)]


def test_the_choice_of_themes_is_answered(server: psycopg.Connection) -> None:
    (theme,) = DASHBOARD["templating"]["list"]
    assert server.execute(theme["query"].encode()).fetchall() == [("Bergen", "bergen"), ("New models", "models")]


def test_panels_lie_beside_each_other_and_ask_the_provisioned_source() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/presswatch.yaml").read_text(encoding="utf-8"))["datasources"]
    used = {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]}
    assert used == {source["uid"]}
    assert {target["datasource"]["type"] for panel in DASHBOARD["panels"] for target in panel["targets"]} == {source["type"]}
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/presswatch.yaml").read_text(encoding="utf-8"))["providers"]
    assert provider["options"]["path"]
