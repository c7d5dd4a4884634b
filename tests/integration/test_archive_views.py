"""The public views: the same rows on both databases, every documented query runs, plain listings and exports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.archive import Archive, migrate, reads, writes
from monitor.archive.columns import stamp
from monitor.clock import FixedClock
from monitor.model import Mark, Verdicts
from tests.archives import NOW, Put, furnish
from tests.databases import Databases, SqliteFiles

DOCS = Path(__file__).parents[2] / "docs" / "sql.md"


def furnished(url: str) -> tuple[Archive, list[Put]]:
    archive = Archive.open(url, clock=FixedClock(NOW))
    puts = archive.write_now(furnish)
    for put, verdict in ((puts[0], Verdicts.NOISE), (puts[0], Verdicts.USEFUL), (puts[2], Verdicts.NOISE)):
        mark = Mark(alert_id=put.alerts[0].alert_id or 0, verdict=verdict, at=NOW)
        archive.write_now(lambda tx, m=mark: writes.put_mark(tx, m))  # type: ignore[misc]
    return archive, puts


@pytest.fixture(scope="module")
def both(_sqlite_files: SqliteFiles, postgres: Databases) -> Iterator[tuple[Archive, Archive]]:
    one, other = furnished(_sqlite_files.ready())[0], furnished(postgres.ready())[0]
    yield one, other
    one.close()
    other.close()


def comparable(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value, millis=value.microsecond > 0)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str):
        return re.sub(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.000Z$", r"\1Z", value)
    return value


def ask(archive: Archive, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    def run(tx: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
        found = tx.connection.exec_driver_sql(sql)
        return list(found.keys()), [tuple(comparable(v) for v in row) for row in found]

    return archive.read_now(run)


@pytest.mark.parametrize("view", migrate.view_names())
def test_a_view_gives_the_same_rows_on_both_databases(view: str, both: tuple[Archive, Archive]) -> None:
    (names, rows), (others, other_rows) = (ask(a, f"SELECT * FROM {view}") for a in both)
    hidden = {i for i, name in enumerate(names) if name == "message_id"}

    def shown(all_rows: list[tuple[Any, ...]]) -> list[str]:
        return sorted(repr([v for i, v in enumerate(row) if i not in hidden]) for row in all_rows)

    assert names == others
    assert rows
    assert shown(rows) == shown(other_rows)


def test_every_view_of_the_contract_is_there() -> None:
    assert set(migrate.view_names()) == {
        *("v_articles", "v_mentions", "v_matches", "v_theme_timeline", "v_stories", "v_alerts", "v_deliveries", "v_polls"),
        *("v_outlet_health", "v_first_reports", "v_rule_quality", "v_entities_daily"),
    }
    assert set(reads.VIEWS) == set(migrate.view_names())


# ---- what they say


def rows_of(archive: Archive, view: str) -> list[dict[str, Any]]:
    return archive.read_now(lambda tx: reads.listing(tx, view))


def test_polls_count_what_became_of_their_entries(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        by_outlet = {r["outlet_id"]: r for r in rows_of(archive, "v_polls")}
        counts = {
            o: [r[n] for n in ("seen", "new", "fetched", "blocked", "empty", "paywalled", "refused", "waiting")]
            for o, r in by_outlet.items()
        }
        assert counts == {
            "alpenpost": [2, 2, 1, 0, 0, 0, 1, 0],
            "fjord-times": [1, 1, 1, 0, 0, 1, 0, 0],
            "linzer-bote": [1, 1, 1, 0, 0, 0, 0, 0],
        }


def test_rule_quality_counts_hits_and_the_last_words_of_readers(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        rule = next(r for r in rows_of(archive, "v_rule_quality") if r["rule_id"] == "models/shown")
        assert [rule[n] for n in ("matches", "below", "one_term", "alerts", "useful", "noise", "duplicate")] == [3, 0, 3, 2, 1, 1, 0]


def test_first_reports_say_who_was_behind_whom(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        rows = [r for r in rows_of(archive, "v_first_reports") if r["outlets"] > 1]
        assert [(r["outlet"], r["behind_s"], r["is_first"]) for r in rows] == [("Alpenpost", 0, 1), ("Fjord Times", 120, 0)]


def test_the_last_word_of_a_reader_counts(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        assert [(r["theme_id"], r["verdict"], r["channels_told"]) for r in rows_of(archive, "v_alerts")] == [
            ("models", "noise", 0),
            ("bergen", None, 1),
            ("models", "useful", 1),
        ]


# ---- listings


def test_listings_are_narrowed(both: tuple[Archive, Archive]) -> None:
    for archive in both:

        def count(view: str, archive: Archive = archive, **narrow: Any) -> int:
            return len(archive.read_now(lambda tx: reads.listing(tx, view, reads.Filter(**narrow))))

        assert count("v_articles", languages=["en"]) == 1
        assert count("v_articles", outlets=["alpenpost", "linzer-bote"]) == 2
        assert count("v_matches", themes=["bergen"]) == 1
        assert count("v_articles", limit=2) == 2
        assert count("v_articles", since=NOW + timedelta(days=1)) == 0
        assert count("v_articles", until=NOW - timedelta(days=1)) == 0
        assert count("v_alerts", since=NOW + timedelta(minutes=5)) == 1
        assert count("v_deliveries", channels=["mail"], status=["pending", "sent"]) == 2
        assert count("v_polls", status=["timeout"]) == 0
        assert count("v_stories", languages=["de"]) == 2


def test_every_view_can_be_listed_and_exported_with_real_times(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        for view in reads.VIEWS:
            listed = rows_of(archive, view)
            with archive.snapshot() as tx:
                assert list(reads.export(tx, view)) == listed
            for row in listed:
                assert all(v is None or (isinstance(v, datetime) and v.tzinfo) for n, v in row.items() if n.endswith("_at"))


def test_the_kind_of_a_column_is_the_database_s_own(both: tuple[Archive, Archive]) -> None:
    words = {"bigint": "int", "integer": "int", "smallint": "int", "numeric": "int", "double precision": "float", "text": "text"}
    query = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name LIKE 'v\\_%%'"
    _, columns = ask(both[1], query)
    assert len(columns) > 150
    for name, kind in columns:
        assert reads.kind_of(name) == words.get(kind, "time"), (name, kind)


def test_the_status_counts_what_a_person_asks_first(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        status = archive.read_now(lambda tx: reads.status(tx, NOW + timedelta(minutes=10)))
        wanted = {"articles": 3, "sources": 3, "alerts_today": 3, "sent_today": 1, "dead": 0, "outbox_pending": 2, "outbox_retry": 0}
        assert {name: status[name] for name in wanted} == wanted
        assert status["median_delay_s"] == 3.0
        assert status["last_poll_at"] == NOW + timedelta(minutes=7)


def test_a_theme_counts_stories_by_day(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        assert archive.read_now(lambda tx: reads.theme_days(tx, "models", NOW - timedelta(days=7))) == {"2026-11-24": 2}


def test_the_health_of_extraction_is_counted_by_outlet(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        rows = {r["outlet_id"]: r for r in archive.read_now(lambda tx: reads.extraction_health(tx, NOW - timedelta(days=1)))}
        assert (rows["fjord-times"]["articles"], rows["fjord-times"]["paywalled"], rows["alpenpost"]["without_text"]) == (1, 1, 0)


def test_silent_sources_are_named(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        archive.write_now(lambda tx: writes.put_silence(tx, "linzer-bote#0", NOW))
        assert archive.read_now(reads.silent_sources) == ("Linzer Bote (feed)",)
        assert [r["is_silent"] for r in rows_of(archive, "v_outlet_health")] == [0, 0, 1]
        archive.write_now(lambda tx: writes.put_silence(tx, "linzer-bote#0", None))
        assert archive.read_now(reads.silent_sources) == ()


# ---- why


def test_why_tells_the_whole_way_of_an_alert(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        trail = archive.read_now(lambda tx: reads.about_alert(tx, 1))
        assert trail is not None
        assert trail.entry is not None
        assert trail.article is not None
        assert trail.first_poll is not None
        assert (trail.entry["state"], trail.article["robots"], trail.first_poll["status"]) == ("done", "allowed", "ok")
        assert [r["outlet_id"] for r in trail.reports] == ["alpenpost", "fjord-times"]
        assert [(d["theme_id"], d["reason"]) for d in trail.decisions] == [
            ("models", "first report"),
            ("bergen", "first report"),
            ("models", "already told"),
        ]
        assert {(d["channel"], d["status"]) for d in trail.deliveries} == {("desk", "sent"), ("mail", "pending")}
        assert archive.read_now(lambda tx: reads.about_alert(tx, 999)) is None


def test_why_answers_for_what_was_never_fetched_and_never_seen(both: tuple[Archive, Archive]) -> None:
    for archive in both:
        refused = archive.read_now(lambda tx: reads.about_url(tx, "https://alpenpost.example/b"))
        assert refused.entry is not None
        assert refused.outlet is not None
        assert (refused.entry["state"], refused.entry["reason"], refused.article) == ("refused", "robots.txt disallows it", None)
        unseen = archive.read_now(lambda tx: reads.about_url(tx, "https://www.alpenpost.example/never-listed"))
        assert unseen.entry is None
        assert unseen.source is not None
        assert unseen.last_poll is not None
        assert unseen.source["outlet_id"] == "alpenpost"
        nowhere = archive.read_now(lambda tx: reads.about_url(tx, "https://elsewhere.example/x"))
        assert (nowhere.source, nowhere.outlet, nowhere.last_poll) == (None, None, None)


# ---- the page


def documented() -> list[str]:
    return re.findall(r"```sql\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(documented())))
def test_a_documented_query_gives_the_same_on_both_databases(number: int, both: tuple[Archive, Archive]) -> None:
    answers = []
    for archive in both:
        query = documented()[number].strip().rstrip(";")
        names, rows = ask(archive, query.replace("%", "%%") if not archive.where.is_sqlite else query)
        answers.append((names, sorted(map(repr, rows)) if "ORDER BY" not in query else rows))
    assert answers[0] == answers[1]


def test_the_page_names_every_view_with_all_its_columns(both: tuple[Archive, Archive]) -> None:
    page = DOCS.read_text(encoding="utf-8")
    for view in migrate.view_names():
        section = page.split(f"### {view}\n", 1)[1].split("\n### ", 1)[0]
        described = re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
        assert described == ask(both[0], f"SELECT * FROM {view} LIMIT 0")[0], view


def test_the_page_opens_with_five_queries() -> None:
    assert DOCS.read_text(encoding="utf-8").split("## Views")[0].count("```sql") == 5


def test_analysts_who_open_the_file_read_only_cannot_change_it(sqlite_url: str) -> None:
    import sqlite3

    archive, _ = furnished(sqlite_url)
    reader = sqlite3.connect(f"file:{sqlite_url}?mode=ro", uri=True)
    assert reader.execute("SELECT count(*) FROM v_articles").fetchone() == (3,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM articles")
    reader.close()
    archive.close()
    assert sa.__version__
