"""Finding an outlet's sources, and keeping what it published before it was watched, against a newsstand on loopback."""

from __future__ import annotations

import json
import shlex
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

from crawler.model import Outlet, SourceKind
from tests.acceptance.test_first_light import GERMAN, TEXT
from tests.integration.test_cli_outlets import ROOT, Beat, beat, yaml_of

__all__ = ["beat"]


def quick(beat: Beat) -> None:
    """Let the commands ask without a pause between two requests."""
    beat.config.write_text(beat.config.read_text() + "spacing: 0s\n")


def with_sitemap(beat: Beat) -> Outlet:
    return next(o for o in beat.stand.outlets() if any(s.kind is SourceKind.SITEMAP for s in o.sources))


def rows(beat: Beat, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(beat.config.parent / "archive.db")) as archive:
        return list(archive.execute(query))


async def test_discover_names_the_living_sources_and_how_to_watch_them(beat: Beat) -> None:
    quick(beat)
    outlet = beat.stand.outlets()[0]
    said = await beat.run("outlets", "discover", outlet.home, "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    feed = next(s.url for s in outlet.sources if s.kind is SourceKind.FEED)
    assert found[0]["url"] == feed
    assert found[0]["entries"] > 0
    assert all(row["entries"] > 0 for row in found)
    command = said.err.partition("watch it: ")[2].strip()
    assert f"--feed {feed}" in command
    added = await beat.run(*shlex.split(command)[1:], "--dry-run")
    assert added.code == 0, added.err
    assert feed in added.out


async def test_discover_says_why_where_there_is_no_page(beat: Beat) -> None:
    quick(beat)
    beat.stand.faults.put("status", what="listing", status=503)
    said = await beat.run("outlets", "discover", beat.stand.outlets()[0].home)
    assert said.code == 1
    assert "answered 503" in said.err
    wrong = await beat.run("outlets", "discover", "ftp://somewhere.example/")
    assert wrong.code == 2
    assert "it has the scheme 'ftp', which is not fetched" in wrong.err


async def test_a_backfill_keeps_the_past_once_and_goes_on_where_it_was(beat: Beat) -> None:
    quick(beat)
    outlet = with_sitemap(beat)
    for days in (3, 40):
        at = datetime.now(UTC) - timedelta(days=days)  # noqa: TID251 - the past is told from the day of the test
        beat.stand.publish(outlet.outlet_id, f"Was vor {days} Tagen geschah", "Es war ein ruhiger Tag am Quai.", published_at=at)
    said = await beat.run("outlets", "backfill", outlet.outlet_id, "--since", "30d")
    assert said.code == 0, said.err
    assert "a running daemon fetches them" in said.err
    kept = rows(beat, "SELECT url, key, is_backfill, state, next_at FROM entries ORDER BY next_at")
    assert kept
    assert all(row[2:4] == (1, "new") for row in kept)
    titles = {title for (title,) in rows(beat, "SELECT title FROM entries")}
    assert "Was vor 3 Tagen geschah" in titles
    assert "Was vor 40 Tagen geschah" not in titles
    again = await beat.run("outlets", "backfill", outlet.outlet_id, "--since", "30d")
    assert again.code == 0, again.err
    assert "walked before: 1" in again.err
    assert len(rows(beat, "SELECT key FROM entries")) == len(kept)
    older = await beat.run("outlets", "backfill", outlet.outlet_id, "--since", "60d")
    assert older.code == 0, older.err
    assert ("Was vor 40 Tagen geschah",) in rows(beat, "SELECT title FROM entries")


async def test_what_a_backfill_brings_is_archived_and_never_told(beat: Beat) -> None:
    quick(beat)
    outlet = with_sitemap(beat)
    at = datetime.now(UTC) - timedelta(days=3)  # noqa: TID251 - the past is told from the day of the test
    beat.stand.publish(outlet.outlet_id, GERMAN, TEXT, published_at=at)
    seeds = ROOT / "seeds"
    beat.config.write_text(
        beat.config.read_text()
        + f"contact: https://presswatch.example/\nlisten: off\nworkers: 1\nentities: [{seeds}/entities.yaml]\nthemes: [{seeds}/themes.yaml]\n"
    )
    (beat.config.parent / "outlets" / "stand.yaml").write_text(json.dumps({"outlets": [yaml_of(outlet)]}, ensure_ascii=False))
    assert (await beat.run("outlets", "backfill", outlet.outlet_id, "--since", "30d")).code == 0
    done = await beat.run("run", "--once")
    assert done.code == 0, done.err
    told = rows(beat, "SELECT DISTINCT d.reason, d.is_alert FROM decisions d JOIN articles a USING (article_id) WHERE a.is_backfill = 1")
    assert told == [("too old", 0)]
    assert rows(beat, "SELECT count(*) FROM deliveries") == [(0,)]
    plan = await beat.run("outlets", "plan", "--json")
    assert plan.code == 0, plan.err
    found = json.loads(plan.out)
    assert {row["url"] for row in found} == {s.url for s in outlet.sources}
    assert all(row["per_day"] > 0 and row["why"] and row["every_s"] > 0 for row in found)
    table = await beat.run("outlets", "plan")
    assert "polls an hour by these plans; the budget is" in table.err
