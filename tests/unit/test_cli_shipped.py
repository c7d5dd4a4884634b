"""Shipped outlets against a person's own: what is overridden, left out, added or polled twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli.app import cli
from monitor.cli.given import Given
from monitor.config import folders
from monitor.config.load import load

OWN = """\
outlets:
  - name: NZZ
    home: https://www.nzz.ch
    country: CH
    language: de-CH
    tier: 2
    paywall: hard
    poll_every: 10m
    sources:
      - feed: https://www.nzz.ch/technologie.rss
        section: Technologie
      - feed: https://www.nzz.ch/new.rss
  - name: Harbour Herald
    home: https://herald.example
    sources: [{feed: https://www.heise.de/rss/heise-atom.xml}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "presswatch.yaml"
    path.write_text("timezone: UTC\ninclude: [builtin:china-ai]\nexclude: {outlets: [golem]}\n")
    (tmp_path / "outlets").mkdir()
    (tmp_path / "outlets" / "own.yaml").write_text(OWN)
    return path


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-c", str(config), "outlets", "diff", *arguments], obj=Given())


def test_every_difference_is_told_with_both_sides_and_its_place(config: Path) -> None:
    done = run(config, "--json")
    assert done.exit_code == 0, done.output
    found = {(r["outlet_id"], r["state"], r["key"], r["shipped"], r["yours"]) for r in json.loads(done.stdout)}
    nzz = {f for f in found if f[0] == "nzz"}
    assert ("nzz", "overridden", "tier", "1", "2") in nzz
    assert ("nzz", "overridden", "poll_every", None, "600.0") in nzz
    assert ("nzz", "overridden", "source", None, "feed: https://www.nzz.ch/new.rss") in nzz
    assert ("nzz", "overridden", "source", "feed: https://www.nzz.ch/wirtschaft.rss, section: Wirtschaft", None) in nzz
    assert not any("technologie" in str(f) for f in nzz)
    rest = {f[:3] for f in found - nzz}
    assert rest == {("golem", "left out", ""), ("harbour-herald", "own", ""), ("harbour-herald", "twice", "source")}
    places = {r["place"] for r in json.loads(done.stdout) if r["outlet_id"] == "nzz"}
    assert places == {f"{config.parent}/outlets/own.yaml:2"}


def test_a_copy_that_changes_nothing_is_called_one(config: Path) -> None:
    config.write_text("timezone: UTC\ninclude: builtin:china-ai\n")
    shipped = (folders.seeds() / "outlets" / "ch.yaml").read_text(encoding="utf-8")
    (config.parent / "outlets" / "own.yaml").write_text(shipped)
    rows = json.loads(run(config, "--json").stdout)
    assert {r["state"] for r in rows} == {"copied"}
    assert {r["outlet_id"] for r in rows} == {o.outlet_id for o in load(config, environ={}).outlets if o.country == "CH"}


def test_a_table_is_narrowed_to_one_outlet_and_says_when_there_is_nothing(config: Path) -> None:
    done = run(config, "--outlet", "golem")
    assert [line.split()[:3] for line in done.stdout.splitlines()] == [["ID", "STATE", "KEY"], ["golem", "left", "out"]]
    config.write_text("timezone: UTC\ninclude: builtin:china-ai\noutlets: []\n")
    assert "your outlets are the shipped ones" in run(config).stderr


def test_without_a_shipped_set_there_is_nothing_to_compare(config: Path) -> None:
    config.write_text("timezone: UTC\n")
    done = run(config)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no shipped set is included" in done.stderr
