"""One run of the newsstand played into both databases: every row of every view is the same; and two nodes that share PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from crawler import extract
from crawler.model import Arrival, Article, Entry, Failure, Outlet, Page, Poll
from monitor.archive import Archive, Tx, migrate, reads, writes
from monitor.archive.reads import pages as shown_pages
from monitor.clock import FixedClock
from monitor.config import folders
from monitor.config.load import load
from monitor.config.settings import Settings
from monitor.demo import script
from monitor.demo.newsstand import Newsstand
from monitor.model import HowAssigned, Mark, Reason, Subscription, Verdicts
from monitor.pipeline import Desk, process
from monitor.rules.engine import Engine, compile_rules
from monitor.web import search, trying
from monitor.web.values import as_json
from tests.archives import NOW, RULES, THEMES, outlet, plan
from tests.archives import article as article_of
from tests.archives import entry as entry_of
from tests.crawl_fakes import crawling, patient_reader
from tests.databases import Databases, SqliteFiles
from tests.integration.test_archive_views import ask

SUBSCRIPTIONS = (
    Subscription(subscription_id="desk-1", channel="desk", themes=("*",)),
    Subscription(subscription_id="mail-1", channel="mail", themes=("deepseek-next", "nvidia-sanctions"), group_wait_s=60.0, order=1),
    Subscription(subscription_id="chat-1", channel="chat", themes=("*",), languages=("zh",), order=2),
)


@cache
def seeds() -> Settings:
    return load(folders.seeds() / folders.FILE, environ={})


@cache
def engine() -> Engine:
    return compile_rules(seeds().rules)


# ---- the run, recorded once


@dataclass(slots=True)
class Recording:
    """What a crawl of the newsstand brought, in order: polls, and the page or failure of each URL at that time."""

    outlets: tuple[Outlet, ...] = ()
    rounds: list[tuple[Poll, tuple[Entry, ...], Mapping[str, Page | Failure]]] = field(default_factory=list)
    _read: dict[tuple[int, str], Article] = field(default_factory=dict)

    def article(self, number: int, arrival: Arrival) -> Article:
        """Read a page once for both databases."""
        key = (number, arrival.entry.key)
        if key not in self._read:
            is_page = isinstance(arrival.result, Page)
            self._read[key] = extract.read_page(arrival) if is_page else extract.teaser(arrival)
        read = self._read[key]
        return replace(read, seen_at=arrival.entry.seen_at or read.seen_at, entry_id=arrival.entry.entry_id)


async def record() -> Recording:
    """Visit every outlet when all is printed, then once more after a correction and a withdrawal; two outlets are in trouble."""
    stand = Newsstand(script.load(), base_address="127.0.67.1", speed=500.0)
    await stand.start()
    made = Recording(outlets=stand.outlets())
    try:
        await asyncio.wait_for(stand.played.wait(), 20)
        stand.faults.put("status", "kiesgrund-online", what="feed", status=500)
        stand.faults.put("status", "wolkenpost", what="article", status=403)
        async with crawling(fallback=patient_reader, allow_networks=()) as rig:
            for again in (False, True):
                for paper in made.outlets:
                    for source in paper.sources:
                        poll, entries = await rig.poll(source, paper)
                        pages = {e.url: await rig.fetch(e.url, paper) for e in entries if e.url}
                        made.rounds.append((poll, entries, pages))
                if not again:
                    stand.change("r2-agentur", headline="Korrektur: Deepseek verschiebt R2 um zwei Quartale")
                    stand.change("kartoffelmarkt", is_withdrawn=True)
    finally:
        await stand.close()
    return made


@pytest.fixture(scope="module")
def recording() -> Recording:
    return asyncio.run(record())


# ---- the run, played


@dataclass(slots=True)
class Reader:
    recording: Recording
    number: int = 0

    async def read(self, arrival: Arrival) -> Article:
        return self.recording.article(self.number, arrival)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    archive: Archive
    articles: dict[str, Article]


async def play(archive: Archive, recording: Recording) -> dict[str, Article]:
    """Take the recorded run down the straight line, by a clock that both databases share."""
    clock, reader, last = FixedClock(NOW), Reader(recording), dict[str, Article]()
    known = {o.outlet_id: o for o in recording.outlets}
    desk = Desk(themes={t.theme_id: t for t in seeds().rules.themes}, outlets=known, subscriptions=SUBSCRIPTIONS)

    def begin(tx: Tx) -> None:
        writes.put_outlets(tx, recording.outlets, NOW)
        writes.put_rules(tx, seeds().rules, NOW)

    await archive.write(begin)
    for number, (poll, entries, pages) in enumerate(recording.rounds):
        reader.number = number
        clock.advance(7.25)
        at = clock.now()
        timed = replace(poll, at=at)
        _, new = await archive.write(lambda tx, p=timed, e=entries: writes.record_poll(tx, p, e, plan))  # type: ignore[misc]
        again = await archive.read(lambda tx, at=at: reads.due_entries(tx, at, 100, ()))  # type: ignore[misc]
        for entry in (*new, *(e for e in again if e.source_id == poll.source_id and e.entry_id not in {n.entry_id for n in new})):
            page = pages.get(entry.url or "")
            if page is None:
                continue
            clock.advance(0.5)
            outcome = await process(
                Arrival(entry=entry, outlet=known[entry.outlet_id], result=page), reader, archive, engine(), clock, desk
            )
            if outcome.article is not None:
                last[outcome.article.key] = outcome.article
    await archive.write(lambda tx: deliver(tx, clock.now() + timedelta(minutes=5)))
    return last


def deliver(tx: Tx, now: datetime) -> None:
    """Have channels take, delay and refuse messages, and readers say what they think of two alerts."""
    for index, due in enumerate(reads.due_deliveries(tx, now, 100)):
        assert due.delivery_id is not None
        if index % 3 == 0:
            writes.mark_sent(tx, due.delivery_id, now)
        elif index % 3 == 1:
            writes.mark_retry(tx, due.delivery_id, error="answered 503", next_at=now + timedelta(minutes=1))
        else:
            writes.mark_dead(tx, due.delivery_id, error="answered 404")
    for alert_id, verdict in ((1, Verdicts.USEFUL), (2, Verdicts.NOISE)):
        writes.put_mark(tx, Mark(alert_id=alert_id, verdict=verdict, at=now))


@pytest.fixture(scope="module")
def both(recording: Recording, _sqlite_files: SqliteFiles, postgres: Databases) -> Iterator[tuple[Played, Played]]:
    made = []
    for url in (_sqlite_files.ready(), postgres.ready()):
        archive = Archive.open(url, clock=FixedClock(NOW))
        made.append(Played(archive=archive, articles=asyncio.run(play(archive, recording))))
    one, other = made
    yield one, other
    one.archive.close()
    other.archive.close()


@pytest.mark.parametrize("view", migrate.view_names())
def test_every_row_of_a_view_is_the_same_on_both_databases(view: str, both: tuple[Played, Played]) -> None:
    (names, rows), (others, other_rows) = (ask(p.archive, f"SELECT * FROM {view}") for p in both)
    drawn = {i for i, name in enumerate(names) if name == "message_id"}  # by lot, so that no two archives send the same

    def shown(found: list[tuple[Any, ...]]) -> list[str]:
        return sorted(repr([v for i, v in enumerate(row) if i not in drawn]) for row in found)

    assert names == others
    assert rows
    assert shown(rows) == shown(other_rows)


def test_every_page_says_the_same_on_both_databases(both: tuple[Played, Played]) -> None:
    rules, later, clock = seeds().rules, NOW + timedelta(hours=1), FixedClock(NOW)

    def said(archive: Archive) -> list[str]:
        stories, alerts = (
            ask(archive, f"SELECT max({column}) FROM {view}")[1][0][0]
            for column, view in (("story_id", "v_stories"), ("alert_id", "v_alerts"))
        )

        def read(tx: Tx) -> list[str]:
            shown: list[object] = [shown_pages.today(tx, later), shown_pages.outlets_page(tx, later)]
            shown += [shown_pages.story_page(tx, n, later) for n in range(1, stories + 1)]
            shown += [shown_pages.alert_page(tx, n, later) for n in range(1, alerts + 1)]
            shown += [shown_pages.theme_page(tx, theme.theme_id, later, shown_pages.Timelines()) for theme in rules.themes]
            shown += [
                search.search_page(tx, search.Wanted(query=q), rules, monotonic=clock.monotonic)
                for q in ("@deepseek", "Deepseek AND R2", "*ung", "出口管制")
            ]
            shown += [trying.try_page(tx, "Deepseek", "deepseek-next/about", rules, later, monotonic=clock.monotonic)]
            return [as_json(one) for one in shown]

        return archive.read_now(read)

    one, other = (said(played.archive) for played in both)
    assert len(one) > 30
    assert one == other


def test_the_run_was_a_rich_one(both: tuple[Played, Played]) -> None:
    archive = both[0].archive

    def column(sql: str) -> set[Any]:
        return {row[0] for row in ask(archive, sql)[1]}

    assert column("SELECT DISTINCT status FROM v_polls") >= {"ok", "server error"}
    assert column("SELECT DISTINCT status FROM v_deliveries") >= {"sent", "retry", "dead"}
    assert column("SELECT DISTINCT reason FROM v_alerts") >= {"first report", "now in N outlets"}
    assert column("SELECT DISTINCT failure FROM v_articles") >= {None, "the outlet refused us"}
    assert max(column("SELECT revision FROM v_articles")) >= 1
    assert max(column("SELECT outlets FROM v_stories")) >= 3


# ---- mentions


def test_every_entity_of_every_article_is_mentioned_also_where_no_rule_matches(both: tuple[Played, Played]) -> None:
    for played in both:
        expected = {(a.article_id, m.entity_id, len(m.spans)) for a in played.articles.values() for m in engine().match(a).mentions}
        found = set(ask(played.archive, "SELECT article_id, entity_id, occurrences FROM v_mentions")[1])
        assert found == expected
        matched = {row[0] for row in ask(played.archive, "SELECT article_id FROM v_matches")[1]}
        assert {a for a, _, _ in found} - matched


def test_entities_are_counted_by_day_and_language(both: tuple[Played, Played]) -> None:
    for played in both:
        articles, occurrences, titles = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        outlets: dict[tuple[str, str], set[str]] = {}
        for read in played.articles.values():
            for mention in engine().match(read).mentions:
                key = (mention.entity_id, read.language)
                articles[key] += 1
                occurrences[key] += len(mention.spans)
                titles[key] += any(s.field == "title" for s in mention.spans)
                outlets.setdefault(key, set()).add(read.outlet_id)
        query = "SELECT entity_id, language, articles, occurrences, in_title, outlets, day FROM v_entities_daily"
        rows = ask(played.archive, query)[1]
        assert {(r[0], r[1]): tuple(map(int, r[2:6])) for r in rows} == {
            key: (articles[key], occurrences[key], titles[key], len(outlets[key])) for key in articles
        }
        assert {r[6] for r in rows} == {(read.published_at or read.seen_at).date().isoformat() for read in played.articles.values()}


# ---- two nodes, one PostgreSQL


class Given:
    """A reader that was handed the articles."""

    def __init__(self, articles: Mapping[str, Article]) -> None:
        self._articles = articles

    async def read(self, arrival: Arrival) -> Article:
        return self._articles[arrival.entry.key]


def word(number: int) -> str:
    """A word that no other number has, without a digit: numbered headlines would be parts of a series."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number * 7919 % 100_000:05d}") + "ung"


def wire(number: int) -> str:
    return "In Bergen: " + " ".join(word(number * 400 + n) for n in range(400))


async def test_two_writers_never_both_become_the_first_report_of_one_text(postgres_url: str) -> None:
    papers = tuple(outlet(name) for name in ("Alpenpost", "Fjord Times"))
    rules, desk = (
        compile_rules(RULES),
        Desk(themes={t.theme_id: t for t in THEMES}, outlets={p.outlet_id: p for p in papers}, subscriptions=()),
    )
    nodes = [Archive.open(postgres_url, clock=FixedClock(NOW)) for _ in papers]
    nodes[0].write_now(lambda tx: writes.put_outlets(tx, papers, NOW))
    nodes[0].write_now(lambda tx: writes.put_rules(tx, RULES, NOW))

    async def print_one(node: Archive, paper: Outlet, number: int) -> HowAssigned:
        listed = replace(entry_of(paper.outlet_id, f"stueck-{number}"), seen_at=NOW)
        read = replace(article_of(listed, headline=f"{word(50_000 + number).title()} in {paper.name}", text=wire(number)), fetched_at=NOW)
        arrival = Arrival(
            entry=listed,
            outlet=paper,
            result=Page(url=listed.key, final_url=listed.key, http_status=200, body=b"", headers={}, fetched_at=NOW),
        )
        outcome = await process(arrival, Given({listed.key: read}), node, rules, FixedClock(NOW), desk)
        assert outcome.how is not None
        return outcome.how

    how = await asyncio.gather(*(print_one(n, p, number) for number in range(25) for n, p in zip(nodes, papers, strict=True)))
    firsts = ask(nodes[0], f"SELECT count(*) FROM v_alerts WHERE theme_id = 'bergen' AND reason = '{Reason.FIRST_REPORT.value}'")[1]
    stories = ask(nodes[0], "SELECT articles, outlets FROM v_stories")[1]
    for node in nodes:
        node.close()
    assert Counter(how) == {HowAssigned.NEW: 25, HowAssigned.SAME_TEXT: 25}
    assert firsts == [(25,)]
    assert stories == [(2, 2)] * 25
