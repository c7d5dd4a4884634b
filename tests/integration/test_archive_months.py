"""The months of a PostgreSQL archive: where articles go, what stays unique over all of them, what the planner passes by, what is dropped."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import psycopg
import pytest
import sqlalchemy as sa

from monitor.archive import Archive, Tx, dropping, months, moving, reads, retention, search, seen, upkeep, writes
from monitor.archive import tables as t
from monitor.archive.retention import Forgotten, Keep
from monitor.clock import FixedClock
from monitor.daemon.upkeep import see_to_months
from monitor.errors import ArchiveError
from monitor.rules.nodes import Term
from tests.archives import Put, article, entry, furnish, list_entries, settle
from tests.databases import Databases

DAY = 86_400.0
START = datetime(2031, 3, 10, 12, tzinfo=UTC)
"""After any day these tests may run on, since the first month ends with the one a schema was made in."""


@pytest.fixture
def archive(postgres_url: str) -> Iterator[Archive]:
    """An archive in March 2031, with an article in it."""
    opened = Archive.open(postgres_url, clock=FixedClock(START))
    opened.write_now(furnish)
    months.keep(opened, START)
    yield opened
    assert [line for line in upkeep.verify(opened) if "no month is ready" not in line] == []
    opened.close()


def put(archive: Archive, name: str, at: datetime, *, themes: tuple[str, ...] = (), story_id: int | None = None, days: int = 0) -> Put:
    """An article that was listed and archived at a time, and published so many days before."""

    def work(tx: Tx) -> Put:
        (listed,) = list_entries(tx, replace(entry("alpenpost", name), published_at=at - timedelta(days=days), summary=""), at=at)
        return settle(tx, listed, read=article(listed), themes=themes, story_id=story_id, now=at)

    return archive.write_now(work)


def in_month(archive: Archive, article_id: int) -> str:
    """The month an article lies in; its text, mentions and index lie in the same."""
    found = {
        str(
            archive.read_now(
                lambda tx, q=query: tx.value(sa.text(q), {"id": article_id})  # type: ignore[misc]
            )
        )
        for query in (
            "SELECT substr(tableoid::regclass::text, 10) FROM articles WHERE article_id = :id",
            "SELECT substr(tableoid::regclass::text, 15) FROM article_texts WHERE article_id = :id",
            "SELECT substr(tableoid::regclass::text, 10) FROM mentions WHERE article_id = :id",
            "SELECT substr(tableoid::regclass::text, 15) FROM article_index WHERE index_id = :id * 1024",
        )
    }
    (month,) = found
    return month


def names(archive: Archive) -> list[str]:
    """Its months, but for the one that the schema was made in."""
    return [month.suffix for month in archive.read_now(months.months) if not month.suffix.startswith("until")]


def plan(archive: Archive, query: str) -> str:
    """How the server answers a question, with the settings an analyst has."""
    with psycopg.connect(archive.where.dsn) as connection:
        return "\n".join(row[0] for row in connection.execute(f"EXPLAIN {query}".encode()))


def wait_for_one_who_waits(looking: psycopg.Connection, thread: threading.Thread) -> None:
    """Return once a session of this database waits for a lock; it is the thread's."""
    waiting = "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND NOT granted"
    while not looking.execute(waiting).fetchone():
        assert thread.is_alive()


# ---- where articles go


def test_this_month_and_the_next_two_are_ready_and_articles_go_into_this_one(archive: Archive) -> None:
    assert names(archive) == ["2031_03", "2031_04", "2031_05"]
    assert in_month(archive, put(archive, "march", START).article_id) == "2031_03"
    april = START + timedelta(days=30)
    assert in_month(archive, put(archive, "late", april).article_id) == "2031_03", "until the daemon begins the month"
    months.keep(archive, april)
    months.keep(archive, april)
    assert names(archive) == ["2031_03", "2031_04", "2031_05", "2031_06"]
    first, second = put(archive, "april", april), put(archive, "april too", april)
    assert (in_month(archive, first.article_id), second.article_id) == ("2031_04", first.article_id + 1)


async def test_the_daemon_begins_the_month_that_is_due(archive: Archive) -> None:
    april = START + timedelta(days=30)
    await see_to_months(SimpleNamespace(archive=archive, clock=FixedClock(april)))  # type: ignore[arg-type]
    assert in_month(archive, put(archive, "april", april).article_id) == "2031_04"


def test_two_nodes_that_begin_a_month_at_once_make_it_once(archive: Archive) -> None:
    april = START + timedelta(days=30)
    put(archive, "march", START)
    nodes = [threading.Thread(target=lambda: months.keep(archive, april)) for _ in range(3)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join(60)
    assert names(archive) == ["2031_03", "2031_04", "2031_05", "2031_06"]
    first, second = put(archive, "april", april), put(archive, "april too", april)
    assert (in_month(archive, first.article_id), second.article_id) == ("2031_04", first.article_id + 1)


@pytest.mark.parametrize("days", [0, 40, 12_000, -1])
def test_an_article_lies_in_the_month_it_was_archived_in_whatever_day_it_states(archive: Archive, days: int) -> None:
    made = put(archive, "dated", START, days=days)
    assert in_month(archive, made.article_id) == "2031_03"
    day = (START - timedelta(days=days)).date().isoformat()
    rows = archive.read_now(lambda tx: tx.rows(sa.text("SELECT article_id FROM v_articles WHERE day = :day"), {"day": day}))
    assert made.article_id in [row["article_id"] for row in rows]


def test_a_clock_that_went_back_and_a_daemon_that_was_away_for_a_year_do_no_harm(archive: Archive) -> None:
    months.keep(archive, START - timedelta(days=100))
    assert in_month(archive, put(archive, "again", START).article_id) == "2031_03"
    months.keep(archive, START + timedelta(days=370))
    assert names(archive) == ["2031_03", "2032_03", "2032_04", "2032_05"], "those that nothing was put into are gone"
    assert in_month(archive, put(archive, "year", START + timedelta(days=370)).article_id) == "2032_03"


def test_a_month_that_nothing_was_put_into_goes_beside_who_reads(archive: Archive) -> None:
    later = START + timedelta(days=370)
    keeper = threading.Thread(target=lambda: months.keep(archive, later))
    with psycopg.connect(archive.where.dsn) as other, psycopg.connect(archive.where.dsn, autocommit=True) as looking:
        other.execute("SET deadlock_timeout = '10ms'")
        other.execute("LOCK TABLE ONLY articles IN ACCESS SHARE MODE")
        keeper.start()
        wait_for_one_who_waits(looking, keeper)
        found = other.execute("SELECT count(*) FROM articles").fetchone()
        other.commit()
    keeper.join(60)
    months.keep(archive, later)
    assert (found, names(archive)) == ((3,), ["2032_03", "2032_04", "2032_05"])


def test_a_month_that_nobody_made_ready_is_told_by_verify(archive: Archive) -> None:
    assert archive.read_now(lambda tx: months.unready(tx, START + timedelta(days=40))) == []
    (line,) = archive.read_now(lambda tx: months.unready(tx, START + timedelta(days=100)))
    assert line.startswith("no month is ready after 2031-05")


def test_a_login_that_may_not_make_tables_says_what_to_do(archive: Archive, postgres_url: str) -> None:
    with psycopg.connect(archive.where.dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE months_writer LOGIN")
        connection.execute("GRANT SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO months_writer")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO months_writer")
    try:
        other = Archive.open(postgres_url.replace("postgres@", "months_writer@"), clock=FixedClock(START))
        with pytest.raises(ArchiveError, match=r"got no new month: .*permission denied.*the login that ran presswatch db upgrade"):
            months.keep(other, START + timedelta(days=40))
        other.close()
    finally:
        with psycopg.connect(archive.where.dsn, autocommit=True) as connection:
            connection.execute("DROP OWNED BY months_writer")
            connection.execute("DROP ROLE months_writer")


def test_what_somebody_else_holds_is_left_for_the_next_time(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(months, "PATIENCE", "SET LOCAL lock_timeout = '50ms'")
    with psycopg.connect(archive.where.dsn) as holder:
        holder.execute("LOCK TABLE articles IN ACCESS SHARE MODE")
        holder.execute("LOCK TABLE articles IN SHARE UPDATE EXCLUSIVE MODE")
        months.keep(archive, START + timedelta(days=40))
        assert names(archive)[-1] == "2031_05"
    months.keep(archive, START + timedelta(days=40))
    assert names(archive)[-1] == "2031_06"


# ---- unique over all months


def test_the_same_article_in_another_month_is_the_same_article(archive: Archive) -> None:
    first = put(archive, "same", START)
    april = START + timedelta(days=30)
    months.keep(archive, april)
    stored = archive.write_now(lambda tx: writes.put_article(tx, replace(article(first.entry), text="Another text."), april))
    assert (stored.article_id, stored.is_new) == (first.article_id, False)
    assert stored.revision is not None
    assert stored.revision.number == 2
    assert archive.read_now(lambda tx: reads.article_by_key(tx, first.entry.key)) is not None
    needs = reads.needs_of(Term(text="Another"), [])
    found = archive.read_now(lambda tx: [a.article_id for a in search.candidates(tx, needs, reads.Filter())])
    assert found == [first.article_id], "the index of its month was written anew"


def test_two_nodes_that_store_one_address_at_once_make_one_article(archive: Archive) -> None:
    (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "twice")))
    held, let_go = threading.Event(), threading.Event()
    stored: list[tuple[int, bool]] = []

    def first(tx: Tx) -> None:
        made = writes.put_article(tx, article(listed), START)
        stored.append((made.article_id, made.is_new))
        held.set()
        assert let_go.wait(20)

    def second(tx: Tx) -> None:
        made = writes.put_article(tx, article(listed), START)
        stored.append((made.article_id, made.is_new))

    one = threading.Thread(target=lambda: archive.write_now(first))
    two = threading.Thread(target=lambda: archive.write_now(second))
    one.start()
    assert held.wait(20)
    two.start()
    two.join(0.3)
    assert two.is_alive(), "the second waits for the first"
    let_go.set()
    one.join(20)
    two.join(20)
    assert [new for _, new in stored] == [True, False]
    assert stored[0][0] == stored[1][0]
    archive.write_now(lambda tx: tx.run(sa.update(t.articles).values(rules_version="v1", story_id=1)))
    assert archive.read_now(lambda tx: tx.value(sa.select(sa.func.count()).where(seen.url_seen.c.key == listed.key))) == 1


def test_a_key_whose_article_is_gone_may_come_again(archive: Archive) -> None:
    old = put(archive, "again", START)
    archive.write_now(lambda tx: retention.take(tx, "articles", [old.article_id]))
    archive.write_now(lambda tx: seen.put(tx, [{"key": old.entry.key, "article_id": old.article_id}]))
    stored = archive.write_now(lambda tx: writes.put_article(tx, article(old.entry), START))
    assert stored.is_new
    assert archive.read_now(lambda tx: seen.article_id_of(tx, old.entry.key)) == stored.article_id
    archive.write_now(lambda tx: retention.take(tx, "articles", [stored.article_id]))
    assert archive.read_now(lambda tx: seen.article_id_of(tx, old.entry.key)) is None


def test_verify_tells_of_an_article_whose_key_is_not_there(archive: Archive) -> None:
    archive.write_now(lambda tx: tx.run(sa.delete(seen.url_seen).where(seen.url_seen.c.article_id == 1)))
    assert upkeep.verify(archive) == ["1 articles whose key url_seen does not know"]
    archive.write_now(lambda tx: seen.put(tx, tx.rows(sa.select(t.articles).where(t.articles.c.article_id == 1))))


# ---- what the planner passes by

RANGE = "day BETWEEN '2031-05-01' AND '2031-05-31'"
BOUNDED = {
    "what was published": f"SELECT headline FROM v_articles WHERE {RANGE}",
    "who was first": "SELECT outlet, count(*) FROM v_first_reports WHERE outlets >= 2 AND day >= '2031-05-01' GROUP BY outlet",
    "who wrote of an entity": "SELECT day, url FROM v_mentions WHERE entity_id = 'nordlicht' AND day >= '2031-05-01'",
    "how much of an entity": f"SELECT day, articles FROM v_entities_daily WHERE entity_id = 'nordlicht' AND {RANGE}",
}


@pytest.fixture
def half_a_year(archive: Archive) -> Archive:
    """March to August, an article each, of which the last two are not over for long."""
    for number in range(6):
        at = START + timedelta(days=30 * number)
        months.keep(archive, at)
        put(archive, f"m{number}", at)
    return archive


@pytest.mark.parametrize("question", BOUNDED)
def test_a_question_about_days_passes_by_months_that_have_none_of_them(half_a_year: Archive, question: str) -> None:
    told = plan(half_a_year, BOUNDED[question])
    table, alias = ("mentions", "m") if "entity" in question else ("articles", "a")
    asked = {month for month in names(half_a_year) if f"{table}_{month} {alias}" in told}
    later = {"2031_07", "2031_08", "2031_09", "2031_10"}
    assert asked - later == ({"2031_05"} if "BETWEEN" in BOUNDED[question] else {"2031_05", "2031_06"})
    assert not re.search(rf"{table}_until_\d+_\d+ {alias}", told)


def test_an_old_article_of_a_backfill_is_found_where_it_lies(half_a_year: Archive) -> None:
    at = START + timedelta(days=160)
    old = put(half_a_year, "old", at, days=71)
    months.keep(half_a_year, at + timedelta(days=60))
    day = (at - timedelta(days=71)).date().isoformat()
    rows = half_a_year.read_now(lambda tx: tx.rows(sa.text(f"SELECT article_id FROM v_articles WHERE day = '{day}'")))
    assert [row["article_id"] for row in rows] == [old.article_id]
    assert f"articles_{in_month(half_a_year, old.article_id)}" in plan(half_a_year, f"SELECT headline FROM v_articles WHERE day = '{day}'")


def test_one_article_is_looked_for_in_its_month_alone(half_a_year: Archive) -> None:
    month = half_a_year.read_now(months.months)[2]
    told = plan(half_a_year, f"SELECT headline, text FROM v_articles WHERE article_id = {month.first}")
    assert f"articles_{month.suffix}" in told
    assert "articles_2031_03" not in told
    assert "article_texts_2031_03" not in told


def test_a_second_look_writes_into_one_month(half_a_year: Archive) -> None:
    told = plan(half_a_year, "UPDATE articles SET how = 'page' WHERE article_id = 1")
    assert "articles_2031" not in told
    assert "articles_until" in told


# ---- what is dropped


def forgotten(archive: Archive, keep: Keep, now: datetime) -> Forgotten:
    counted = archive.read_now(lambda tx: retention.forgettable(tx, keep, now))
    taken = retention.forget(archive, keep, now)
    assert taken == counted, "what is counted is what goes"
    return taken


def test_a_month_of_which_all_is_past_its_time_is_dropped_whole(half_a_year: Archive) -> None:
    now = START + timedelta(days=150)
    entries = half_a_year.read_now(lambda tx: tx.value(sa.text("SELECT count(*) FROM entries")))
    keep = Keep(unmatched_s=75 * DAY)
    assert forgotten(half_a_year, keep, now).articles == 3
    assert names(half_a_year) == ["2031_06", "2031_07", "2031_08", "2031_09", "2031_10"]
    assert half_a_year.read_now(lambda tx: seen.article_id_of(tx, "https://alpenpost.example/m1")) is None
    stories = half_a_year.read_now(lambda tx: reads.listing(tx, "v_stories"))
    assert sorted(row["headline"] for row in stories)[-3:] == ["Title of m3", "Title of m4", "Title of m5"]
    assert half_a_year.read_now(lambda tx: tx.value(sa.text("SELECT count(*) FROM entries"))) == entries, "nobody fetches them again"
    assert forgotten(half_a_year, keep, now) == Forgotten()


def test_a_month_that_something_stays_in_loses_its_other_rows(half_a_year: Archive) -> None:
    now = START + timedelta(days=150)
    month = half_a_year.read_now(months.months)[2]
    stays = half_a_year.write_now(lambda tx: tx.value(sa.text("SELECT min(article_id) FROM articles_2031_03")))
    half_a_year.write_now(
        lambda tx: tx.run(
            sa.text(
                "INSERT INTO matches (article_id, rule_id, theme_id, day, relevance, is_below, term_count, snippet, evidence, rules_version,"
                " matched_at) VALUES (:id, 'models/shown', 'models', '2031-03-10', 40, 0, 1, '', '[]', 'v1', now())"
            ),
            {"id": stays},
        )
    )
    assert forgotten(half_a_year, Keep(unmatched_s=75 * DAY), now).articles == 2
    assert names(half_a_year)[:2] == ["2031_03", "2031_06"]
    assert month.suffix not in names(half_a_year)


def test_a_month_that_goes_on_and_the_month_of_today_are_never_dropped(archive: Archive) -> None:
    put(archive, "march", START)
    assert forgotten(archive, Keep(unmatched_s=DAY), START + timedelta(days=20)).articles == 1
    assert names(archive) == ["2031_03", "2031_04", "2031_05"]


def test_a_story_that_goes_on_is_counted_anew_when_its_first_month_goes(archive: Archive) -> None:
    april = START + timedelta(days=30)
    first = put(archive, "first", START)
    months.keep(archive, april)
    put(archive, "next", april, story_id=first.story_id)
    months.keep(archive, april + timedelta(days=31))
    put(archive, "third", april + timedelta(days=31))
    forgotten(archive, Keep(unmatched_s=10 * DAY), april + timedelta(days=8))
    (row,) = archive.read_now(lambda tx: [r for r in reads.listing(tx, "v_stories") if r["story_id"] == first.story_id])
    assert (row["articles"], row["headline"], row["first_at"]) == (1, "Title of next", april)


def test_what_was_broken_off_between_leaving_and_being_dropped_is_finished_by_the_next(
    half_a_year: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, keep = START + timedelta(days=150), Keep(unmatched_s=75 * DAY)

    def die(_tx: Tx, _name: str, _after: int) -> int | None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dropping, "_clean", die)
    with pytest.raises(KeyboardInterrupt):
        retention.forget(half_a_year, keep, now)
    assert "2031_03" not in names(half_a_year)
    (again,) = half_a_year.write_now(lambda tx: [writes.put_article(tx, article(entry("alpenpost", "m0")), now)])
    assert again.is_new, "what is gone may come again before its month is cleaned up"
    monkeypatch.undo()
    assert retention.forget(half_a_year, keep, now).articles == 3
    assert half_a_year.read_now(lambda tx: seen.article_id_of(tx, "https://alpenpost.example/m0")) == again.article_id
    assert half_a_year.read_now(lambda tx: tx.rows(dropping._LEFT)) == []
    half_a_year.write_now(lambda tx: tx.run(sa.update(t.articles).values(rules_version="v1", story_id=1)))


def test_two_that_forget_at_once_drop_a_month_once(half_a_year: Archive) -> None:
    now, keep, counts = START + timedelta(days=150), Keep(unmatched_s=75 * DAY), list[int]()
    both = [threading.Thread(target=lambda: counts.append(retention.forget(half_a_year, keep, now).articles)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert sum(counts) == 3
    assert names(half_a_year)[0] == "2031_06"


def test_a_month_is_dropped_beside_who_goes_from_one_month_to_it(half_a_year: Archive) -> None:
    now, keep, counts = START + timedelta(days=150), Keep(unmatched_s=75 * DAY), list[int]()
    oldest, newest = (month.first for month in half_a_year.read_now(months.months) if month.suffix in {"2031_03", "2031_08"})
    dropper = threading.Thread(target=lambda: counts.append(retention.forget(half_a_year, keep, now).articles))
    with psycopg.connect(half_a_year.where.dsn) as other, psycopg.connect(half_a_year.where.dsn, autocommit=True) as looking:
        other.execute("SET deadlock_timeout = '10ms'")  # it would be told to give up, long before the one who drops
        other.execute("SELECT headline FROM articles WHERE article_id = %s", [newest])
        dropper.start()
        wait_for_one_who_waits(looking, dropper)
        found = other.execute("SELECT headline FROM articles WHERE article_id = %s", [oldest]).fetchone()
        other.commit()
    dropper.join(60)
    assert (found, counts) == (("Title of m0",), [3])


def test_who_is_told_to_give_up_for_a_deadlock_comes_again(archive: Archive) -> None:
    held, wanted = threading.Event(), threading.Event()

    def work(tx: Tx) -> bool:
        tx.run(sa.text("LOCK TABLE mentions IN ACCESS EXCLUSIVE MODE"))
        held.set()
        assert wanted.wait(20)
        tx.run(sa.text("LOCK TABLE articles IN ACCESS EXCLUSIVE MODE"))
        return True

    done: list[bool] = []
    with psycopg.connect(archive.where.dsn) as other:
        other.execute("SET deadlock_timeout = '1min'")
        other.execute("LOCK TABLE articles IN ACCESS EXCLUSIVE MODE")
        ours = threading.Thread(target=lambda: done.append(months.patient(archive, work)))
        ours.start()
        assert held.wait(20)
        wanted.set()
        other.execute("LOCK TABLE mentions IN ACCESS EXCLUSIVE MODE")
        other.commit()
    ours.join(20)
    assert done == [False]


def test_a_month_that_is_dropped_while_it_is_looked_at_does_no_harm(half_a_year: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    now, keep, listed = START + timedelta(days=150), Keep(unmatched_s=75 * DAY), half_a_year.read_now(months.months)
    assert retention.forget(half_a_year, keep, now).articles == 3
    monkeypatch.setattr(months, "months", lambda _tx: listed)  # as a reader's snapshot has it
    assert retention.forget(half_a_year, keep, now).articles == 0
    assert half_a_year.read_now(months.sizes)["2031-03"] == 0


async def test_the_nightly_job_drops_months_too(half_a_year: Archive) -> None:
    taken = await retention.forget_nightly(half_a_year, Keep(unmatched_s=75 * DAY), START + timedelta(days=150))
    assert taken.articles == 3
    assert names(half_a_year)[0] == "2031_06"


# ---- copies


def test_a_copy_lies_in_the_months_its_articles_were_archived_in(half_a_year: Archive, postgres: Databases, sqlite_url: str) -> None:
    file = Archive.open(sqlite_url, clock=half_a_year.clock)
    moving.copy(half_a_year, file)
    now = START + timedelta(days=150)
    target = Archive.open(postgres.ready(), clock=FixedClock(now))
    moving.copy(file, target)
    moving.index(target)
    assert moving.differences(file, target) == []
    found = target.read_now(months.months)
    assert [month.suffix for month in found] == ["2026_11", *(f"2031_{n:02}" for n in range(3, 11))]
    assert [month.is_sealed for month in found] == [True] * 6 + [False] * 3
    assert upkeep.verify(target) == []
    assert put(target, "new", now).article_id > max(row["article_id"] for row in file.read_now(lambda tx: reads.listing(tx, "v_articles")))
    assert forgotten(target, Keep(unmatched_s=75 * DAY), now).articles == 3
    file.close()
    target.close()


def test_a_month_that_began_late_is_copied_whole(archive: Archive, postgres: Databases) -> None:
    april = START + timedelta(days=30)
    put(archive, "march", START)
    early = put(archive, "in March's ids", april)
    months.keep(archive, april)
    late = put(archive, "in April's", april)
    target = Archive.open(postgres.ready(), clock=FixedClock(april))
    moving.copy(archive, target)
    assert moving.differences(archive, target) == []
    assert [month.suffix for month in target.read_now(months.months)] == ["2026_11", "2031_03", "2031_04", "2031_05", "2031_06"]
    lies = sa.text("SELECT DISTINCT tableoid::regclass::text FROM articles WHERE article_id IN (:early, :late)")
    ids = {"early": early.article_id, "late": late.article_id}
    assert [row[0] for row in target.read_now(lambda tx: tx.run(lies, ids).all())] == ["articles_2031_04"]
    target.close()


def test_stats_name_months_and_count_the_rows_of_all(half_a_year: Archive) -> None:
    upkeep.checkpoint(half_a_year)
    with psycopg.connect(half_a_year.where.dsn) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
    measured = upkeep.size(half_a_year)
    assert measured.months is not None
    assert list(measured.months)[1:3] == ["2031-03", "2031-04"]
    assert measured.rows["articles"] == 9, "three and six"
