"""How fast rules are put to the archive: ``rules backtest`` without the printing.

    python -m tests.benchmarks.backtest [--articles 100000] [--url PATH_OR_POSTGRESQL_URL] [--keep]

Fills an archive with invented articles of 4.7 KB in four languages (stories of four articles each), then tries one theme, sixteen
themes and one theme against a changed one. Rates are articles a second of CPU time of this process; the wall clock's beside them.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from crawler.model import Article
from monitor.archive import Archive, Tx, engine, migrate, writes
from monitor.archive.reads import token_counts, trials
from monitor.backtest import Trial, only, try_out
from monitor.clock import FixedClock
from monitor.config.load import load
from monitor.model import Rule, RuleSet, Theme
from tests.archives import NOW, article, entry, outlet
from tests.benchmarks.rules_corpus import invented

T = TypeVar("T")

BATCH = 500
OUTLETS = 40
PER_STORY = 4
DISTINCT = 5_000
WANTED = 4_000
"""Articles a second for one theme."""


def main() -> None:
    """Fill, try, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--url", help="an archive's path or URL; a file in a new folder by default")
    parser.add_argument("--keep", action="store_true", help="leave the archive where it is")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="presswatch-backtest-"))
    url = given.url or str(folder / "archive.db")
    migrate.upgrade(engine.address(url), now=NOW)
    archive = Archive.open(url, clock=FixedClock(NOW))
    try:
        if archive.read_now(lambda tx: trials.stretch(tx, NOW - timedelta(days=60))).count < given.articles:
            _timed("filling", given.articles, lambda: _fill(archive, given.articles))
        _measure(archive)
    finally:
        archive.close()
        if given.keep:
            print(f"kept: {url}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _measure(archive: Archive) -> None:
    settings = load(None, environ={}, secrets=False)
    rules, themes = settings.rules, [theme.theme_id for theme in settings.rules.themes]
    watched = next(name for name in themes if name == "nvidia-sanctions")
    one = only(rules, [watched])
    with archive.snapshot() as tx:
        over = trials.stretch(tx, NOW - timedelta(days=60))
        print(f"{over.count:,} articles on {'PostgreSQL' if tx.is_postgres else 'SQLite'}")
        _timed("reading alone", over.count, lambda: sum(1 for _ in trials.seen(tx, over)))
        _timed("word counts of the last 2,000", 2_000, lambda: token_counts(tx))
        frequencies = token_counts(tx)

        def run(sets: Sequence[RuleSet]) -> list[Trial]:
            made = [Trial(rules, frequencies=frequencies) for rules in sets]
            for _ in try_out(made, trials.seen(tx, over)):
                pass
            return made

        rate, tried = _timed("one seed theme", over.count, lambda: run([one]))
        _say(tried)
        _say(_timed("one theme of common words", over.count, lambda: run([_common()]))[1])
        _say(_timed("one theme against a changed one", over.count, lambda: run([one, one]))[1])
        _say(_timed(f"all {len(themes)} seed themes", over.count, lambda: run([rules]))[1])
    print(f"one theme: {rate:,.0f}/s of CPU, wanted {WANTED:,}: {'held' if rate >= WANTED else 'MISSED'}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _common() -> RuleSet:
    """A theme that matches many articles: what evidence, stories and decisions cost."""
    rule = Rule(rule_id="common/one", theme_id="common", name="one", query="(government OR Regierung OR gouvernement) NEAR/30 China")
    return RuleSet(entities=(), themes=(Theme(theme_id="common", label="Common", need="Common.", rules=(rule,)),), version="common")


def _timed(label: str, count: int, work: Callable[[], T]) -> tuple[float, T]:
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"  {label:<34} {count / cpu:>9,.0f}/s of CPU   {count / wall:>9,.0f}/s by the clock", flush=True)
    return count / cpu, result


def _say(tried: Sequence[Trial]) -> None:
    tallies = [tally for trial in tried for tally in trial.tallies.values()]
    print(f"      {sum(len(t.hits) for t in tallies):,} matches, {sum(t.alerts for t in tallies):,} alerts")


def _fill(archive: Archive, count: int) -> None:
    texts = invented(min(count, DISTINCT))
    outlets = [outlet(f"Outlet {number}") for number in range(OUTLETS)]
    archive.write_now(lambda tx: writes.put_outlets(tx, outlets, NOW))
    for first in range(0, count, BATCH):
        archive.write_now(lambda tx, first=first: _put(tx, texts, range(first, min(first + BATCH, count))))  # type: ignore[misc]
    # How articles come into stories is measured elsewhere; a backtest reads only the number.
    archive.write_now(lambda tx: tx.run(sa.text(f"UPDATE articles SET story_id = (article_id + {PER_STORY - 1}) / {PER_STORY}")))


def _put(tx: Tx, texts: Sequence[Article], numbers: range) -> None:
    for number in numbers:
        text, at = texts[number % len(texts)], NOW - timedelta(days=30) + timedelta(seconds=20 * number)
        listed = entry(f"outlet-{number % OUTLETS}", f"a{number}", seen_at=at)
        read = article(listed, headline=text.headline, text=text.text, language=text.language, published_at=at)
        writes.put_article(tx, read, at)


if __name__ == "__main__":
    main()
