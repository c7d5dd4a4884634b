"""What the pages cost: CPU of a page at the 95th percentile and its bytes, over a large archive.

    python -m tests.benchmarks.pages [--articles 50000] [--url PATH_OR_POSTGRESQL_URL] [--rounds 30]

Fills an archive with invented articles, ten thousand a day (or asks the one that ``--url`` names, as ``tests.benchmarks.archive --keep``
leaves one), then asks every page many
times, each time for another story, alert, word or stretch. CPU is that of the thread that reads and writes the page, the database's own
work included on SQLite; on PostgreSQL the server's is not. The first asking of a theme counts its days and is printed apart: they are
remembered. Limits: 100 ms at the 95th percentile, 60 kB. Exit 1 where one is missed.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import sqlalchemy as sa

from monitor.archive import Archive, Tx, writes
from monitor.archive import tables as t
from monitor.archive.reads import pages
from monitor.clock import FixedClock
from monitor.model import RuleSet
from monitor.web import charts, search, trying, views
from monitor.web.values import as_json
from tests.archives import RULES, plan, poll
from tests.benchmarks.archive_fill import Fill, Press

LAST = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
PER_DAY = 10_000
MOST_MS = 100.0
MOST_BYTES = 60_000
MOST_S = 2.0
THEME = "models"
THEMES = 15
Page = Callable[[Tx], str]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page took."""

    ms: float
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What there is to ask for."""

    now: datetime
    stories: Sequence[int]
    largest: Sequence[int]
    alerts: Sequence[int]
    words: Sequence[str]
    common: Sequence[str]


def world(tx: Tx) -> World:
    """Look into the archive for things to ask for; chosen by chance, the same in every run."""
    draw = random.Random(1)
    last = tx.value(sa.select(sa.func.max(t.articles.c.archived_at)))
    stories, alerts = (int(tx.value(sa.select(sa.func.max(c))) or 1) for c in (t.stories.c.story_id, t.alerts.c.alert_id))
    largest = tx.rows(sa.select(t.stories.c.story_id).order_by(t.stories.c.article_count.desc()).limit(20))
    newest = sa.select(t.article_texts.c.text).order_by(t.article_texts.c.article_id.desc()).limit(40)
    texts = [row["text"].split() for row in tx.rows(newest)]
    words = sorted({max(text, key=len) for text in texts if text})
    common = sorted({max(set(text), key=text.count) for text in texts if text})
    return World(
        now=last + timedelta(minutes=1),
        stories=draw.sample(range(1, stories + 1), min(stories, 200)),
        largest=[row["story_id"] for row in largest],
        alerts=draw.sample(range(1, alerts + 1), min(alerts, 200)),
        words=words,
        common=common,
    )


def asked(w: World, timelines: pages.Timelines) -> Iterator[tuple[str, Callable[[int], Page]]]:
    """Every page, and how its n-th asking is made."""

    def write(name: str, value: object, **more: object) -> str:
        return views.page(name, value, views.Frame(title=name, path=f"/{name}/1", now=w.now, timezone="Europe/Zurich"), **more)

    def theme(tx: Tx, lines: pages.Timelines) -> str:
        value = pages.theme_page(tx, THEME, w.now, lines)
        assert value is not None
        bars = [
            charts.Bar(name=views.short_day(d.day), parts=charts.parts(d.by_language, value.languages), usual=d.usual) for d in value.days
        ]
        return write("theme", value, bars=bars)

    def links(_: int) -> dict[str, str]:
        return dict.fromkeys(("useful", "noise", "duplicate", "mute"), "739000.abcdefghijklmnopqrstuv")

    def story(ids: Sequence[int]) -> Callable[[int], Page]:
        return lambda n: lambda tx: write("story", pages.story_page(tx, ids[n % len(ids)], w.now), links=links)

    def find(queries: Sequence[str]) -> Callable[[int], Page]:
        return lambda n: lambda tx: write("search", search.search_page(tx, search.Wanted(query=queries[n % len(queries)]), RULES))

    yield "today", lambda _: lambda tx: write("today", pages.today(tx, w.now))
    yield "today.json", lambda _: lambda tx: as_json(pages.today(tx, w.now))
    yield "a story", story(w.stories)
    yield "a story, the largest", story(w.largest)
    yield "an alert", lambda n: lambda tx: write("alert", pages.alert_page(tx, w.alerts[n % len(w.alerts)], w.now), links=links)
    yield "a theme", lambda _: lambda tx: theme(tx, timelines)
    yield "outlets", lambda n: lambda tx: write("outlets", pages.outlets_page(tx, w.now, offset=n * pages.outlets.PAGE % 200))
    yield "search: a rare word", find(w.words)
    yield "search: a common word", find(w.common)
    yield "search: two words", find([f"nordlicht AND {word}" for word in w.common])
    yield "search: an entity", find(["@nordlicht"])


def tried(w: World, rules: RuleSet) -> Iterator[tuple[str, Page]]:
    """The trials; their limit is two seconds, not a page's."""
    endings = " OR ".join(f"*{word[-3:]}" for word in w.words[:20])
    for title, query in (("a word", w.words[0]), ("a theme's rule", ""), ("endings, by reading", endings)):
        yield title, lambda tx, q=query: as_json(trying.try_page(tx, q, "models/shown", rules, w.now))  # type: ignore[misc]


def cost(archive: Archive, page: Page) -> Cost:
    """Ask for a page once, here and now."""
    began = time.thread_time()
    written = archive.read_now(page)
    return Cost((time.thread_time() - began) * 1_000, len(written.encode()))


def fill(archive: Archive, count: int) -> None:
    """Fill an archive at ten thousand articles a day, and let every source be known to its cadence."""
    press = Press(1)
    archive.write_now(lambda tx: writes.put_outlets(tx, press.outlets, LAST))
    archive.write_now(lambda tx: writes.put_rules(tx, RULES, LAST))
    filling = Fill(press, start=LAST - timedelta(days=count / PER_DAY), per_day=PER_DAY)
    filling.run(archive.write_now, 0, count, lambda done: print(f"  {done:,} articles", end="\r", file=sys.stderr))
    for outlet in press.outlets:
        told = replace(poll(outlet.outlet_id, at=LAST), listed_times=tuple(LAST - timedelta(minutes=37 * n) for n in range(25)))
        archive.write_now(lambda tx, p=told: writes.record_poll(tx, p, (), plan))  # type: ignore[misc]
    archive.write_now(spread)
    archive.outside("ANALYZE")


def spread(tx: Tx) -> None:
    """Let fifteen more themes match what one matched on the last days: a desk has many, and all stand on the page of today."""
    themes = [replace(RULES.themes[0], theme_id=f"theme-{n}", label=f"Theme number {n}", rules=()) for n in range(THEMES)]
    writes.put_rules(tx, replace(RULES, themes=(*RULES.themes, *themes)), LAST)
    for table, name in ((t.decisions, "decision_id"), (t.matches, "match_id")):
        kept = [column for column in table.columns if column.name not in {name, "theme_id", "rule_id"}]
        changed = ["theme_id", *(["rule_id"] if "rule_id" in table.c else [])]
        for theme in themes:
            told = [sa.literal(theme.theme_id), *([sa.literal(f"{theme.theme_id}/rule")] if "rule_id" in table.c else [])]
            number = int(theme.theme_id.partition("-")[2])
            chosen = sa.select(*kept, *told).where(
                table.c.theme_id == THEME, table.c.day >= LAST.date().isoformat(), table.c.article_id % THEMES == number
            )
            tx.run(sa.insert(table).from_select([*(c.name for c in kept), *changed], chosen))


def report(archive: Archive, rounds: int) -> int:
    """Print what every page costs; return how many miss a limit."""
    w, timelines, misses = archive.read_now(world), pages.Timelines(), 0
    first = cost(archive, dict(asked(w, pages.Timelines()))["a theme"](0))
    print(f"{'':>24}  {'p50 ms':>8} {'p95 ms':>8} (limit {MOST_MS:.0f})  {'most bytes':>10} (limit {MOST_BYTES:,})")
    for title, ask in asked(w, timelines):
        cost(archive, ask(0))  # templates are read and statements compiled once in a process
        costs = [cost(archive, ask(n)) for n in range(rounds)]
        cuts = quantiles([c.ms for c in costs], n=20)
        most = max(c.bytes for c in costs)
        is_missed = cuts[18] > MOST_MS or (most > MOST_BYTES and not title.endswith("json"))
        misses += is_missed
        print(f"{title:>24}  {cuts[9]:8.1f} {cuts[18]:8.1f}{' !' if is_missed else '  '}          {most:10,}", flush=True)
    print(f"{'a theme, first asked':>24}  {first.ms:8.1f} (its days are remembered afterwards)")
    print(f"\n{'a rule on trial':>24}  {'wall s':>8} (limit 2) {'CPU ms':>8}")
    for title, page in tried(w, RULES):
        began = time.monotonic()
        spent = cost(archive, page)
        took = time.monotonic() - began
        misses += took > MOST_S
        print(f"{title:>24}  {took:8.2f}{' !' if took > MOST_S else '  '}        {spent.ms:8.0f}", flush=True)
    return misses


def main() -> int:
    """Run the benchmark; exit 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=50_000)
    parser.add_argument("--url", help="an archive that was filled so before; default: a SQLite file that is made and removed")
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="presswatch-pages-"))
    archive = Archive.open(given.url or str(folder / "archive.db"), clock=FixedClock(LAST))
    try:
        if given.url is None:
            fill(archive, given.articles)
        count = archive.read_now(lambda tx: tx.value(sa.select(sa.func.count()).select_from(t.articles)))
        print(f"{archive.where.shown}: {count:,} articles")
        return int(report(archive, given.rounds) > 0)
    finally:
        archive.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
