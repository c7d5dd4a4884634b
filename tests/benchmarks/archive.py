"""How the archive bears its years: ingest rate, size, documented queries, search, story candidates.

    python -m tests.benchmarks.archive [--articles 10000] [--per-day 10000] [--url PATH_OR_POSTGRESQL_URL] [--keep]

Takes invented articles of real size the whole straight line (poll, article, findings, candidates, story, decision, alert, delivery),
so many a day, the last of them on 30 November 2026, so that the queries of docs/sql.md can be asked as they stand. Prints the rate of the
last tenth over the first, bytes per article, every query's time as a ratio to one second, and the rate beside a bare script that inserts
text and full-text row with nothing else. CPU ratios are steadier than times on a shared machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

from crawler.model import Article, Entry
from monitor.archive import Archive, Tx, reads, search, upkeep, writes
from monitor.clock import FixedClock
from monitor.model import (
    Evidence,
    Feature,
    Findings,
    Fingerprint,
    HowAssigned,
    Match,
    Mention,
    Reason,
    Routed,
    Said,
    Span,
    StoryAssignment,
    Verdict,
)
from monitor.rules.nodes import And, Term
from tests.archives import RULES, alert, article, delivery, entry, outlet, plan, poll

T = TypeVar("T")

PER_DAY = 10_000
FILLED_DAYS = 100
"""From so many days on the first tenth holds those in which the windows of features (3 days) and shingles (7) fill; before, cost must grow."""
LAST = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
OUTLETS = 200
PER_POLL = 5
BATCH = 100
WORDS = 450
VOCABULARY = 80_000
DOCS = Path(__file__).parents[2] / "docs" / "sql.md"


# ---- an invented press


class Press:
    """Articles of a Zipf vocabulary; one in four reports an event that others report too, one in five matches a theme."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        words = [self._word() for _ in range(VOCABULARY)]
        weights = [1.0 / (i + 3) for i in range(VOCABULARY)]
        self._stream = self._random.choices(words, weights, k=2_000_000)
        self._events: list[tuple[int, ...]] = []
        self.outlets = [
            outlet(f"Outlet {i}", country=["DE", "FR", "CH", "US", "CN"][i % 5], language=["de", "fr", "en", "zh", "it"][i % 5])
            for i in range(OUTLETS)
        ]

    def _word(self) -> str:
        return "".join(self._random.choices("aeioubdfgklmnprstvwz", k=self._random.randint(3, 11)))

    def text(self) -> str:
        """About 450 words in paragraphs."""
        start = self._random.randrange(len(self._stream) - WORDS)
        words = self._stream[start : start + self._random.randint(WORDS // 2, WORDS * 3 // 2)]
        return "\n".join(" ".join(words[i : i + 90]) for i in range(0, len(words), 90))

    def read(self, listed: Entry) -> tuple[Article, Findings, Fingerprint]:
        """The article of an entry, what the rules find, and its fingerprint."""
        text, r = self.text(), self._random
        matched = r.random() < 0.2
        text = f"Nordlicht {text}" if matched else text
        language = self.outlets[int(listed.outlet_id.rsplit("-", 1)[1])].language
        made = article(listed, text=text, language=language, published_at=listed.published_at, fetched_at=listed.seen_at)
        spot = Evidence(term="@nordlicht", field="body", start=0, end=9, surface="Nordlicht")
        mention = Mention(entity_id="nordlicht", spans=(Span(field="body", start=0, end=9, surface="Nordlicht"),))
        match = Match(rule_id="models/shown", theme_id="models", relevance=r.randint(1, 100), evidence=(spot,))
        findings = Findings(mentions=(mention,) if matched else (), matches=(match,) if matched else (), version="v1")
        return made, findings, self._fingerprint(made.word_count)

    def _fingerprint(self, word_count: int) -> Fingerprint:
        r = self._random
        if self._events and r.random() < 0.25:
            features = r.choice(self._events[-400:])
        else:
            features = tuple(r.getrandbits(62) if r.random() < 0.5 else int(r.paretovariate(0.6)) % 40_000 for _ in range(20))
            self._events.append(features)
        shingles = tuple(sorted(r.getrandbits(63) for _ in range(max(word_count // 16, 8))))
        return Fingerprint(
            shingles=shingles,
            features=tuple(
                Feature(kind="w", value=f"w{h % 99_999}", in_title=i < 6, hash=h) for i, h in enumerate(dict.fromkeys(features))
            ),
            word_count=word_count,
        )


# ---- the straight line


def settle(tx: Tx, listed: Entry, press: Press, now: datetime) -> None:
    """One article from entry to delivery, as the pipeline does it."""
    read, findings, prints = press.read(listed)
    stored = writes.put_article(tx, read, now)
    writes.finish_entry(tx, listed, state="done", article_id=stored.article_id, now=now)
    writes.put_findings(tx, stored.article_id, findings, now)
    candidates, _ = reads.story_candidates(tx, read, prints, now)
    same = next((c for c in candidates if len({f.hash for f in c.features} & {f.hash for f in prints.features}) > 10), None)
    how = HowAssigned.SAME_EVENT if same else HowAssigned.NEW
    story_id = writes.assign_story(tx, stored.article_id, StoryAssignment(story_id=same.story_id if same else None, how=how), read, now)
    writes.put_fingerprint(tx, stored.article_id, prints, read)
    story = reads.story(tx, story_id)
    if not findings.matches:
        return
    told = reads.past(tx, story_id).alerts
    reason = Reason.ALREADY_TOLD if told else Reason.FIRST_REPORT
    writes.put_verdicts(tx, story_id, stored.article_id, [Verdict(theme_id="models", reasons=(Said(reason=reason),))], now)
    if told:
        return
    made = writes.put_alerts(tx, [alert(story.story_id, stored.article_id, outlet_id=read.outlet_id, decided_at=now)])
    reads.told(tx, ["desk"], story_id)
    writes.put_deliveries(tx, Routed(deliveries=(delivery(made, due_at=now, created_at=now),)), now)


@dataclass(frozen=True, slots=True)
class Tenth:
    """What a tenth of the articles took."""

    articles: int
    wall_s: float
    cpu_s: float


async def ingest(archive: Archive, press: Press, total: int, per_day: int = PER_DAY) -> list[Tenth]:
    """Take every article the straight line, a hundred at a time, and tidy up every hour of the archive's time."""
    await archive.write(lambda tx: writes.put_outlets(tx, press.outlets, LAST))
    await archive.write(lambda tx: writes.put_rules(tx, RULES, LAST))
    start = LAST - timedelta(days=total / per_day)
    tenths: list[Tenth] = []
    done, tidied = 0, start
    for _ in range(10):
        wall, cpu = time.monotonic(), time.process_time()
        upto = done + total // 10
        begun = done
        while done < upto:
            now = start + timedelta(days=done / per_day)
            done += await _hundred(archive, press, done, now)
            if now - tidied > timedelta(hours=1):
                tidied = now
                await archive.write(partial(writes.forget_old, now=now))
        tenths.append(Tenth(done - begun, time.monotonic() - wall, time.process_time() - cpu))
        print(f"  {done:>9,} articles  {tenths[-1].articles / tenths[-1].wall_s:7.0f}/s  CPU {_ms(tenths[-1]):.2f} ms each", flush=True)
    return tenths


async def _hundred(archive: Archive, press: Press, number: int, now: datetime) -> int:
    """Poll, settle and send about a hundred articles; return how many."""
    polled = await asyncio.gather(*(_poll(archive, number + i, now) for i in range(0, BATCH, PER_POLL)))
    listed = [entry for new in polled for entry in new]
    await asyncio.gather(*(archive.write(partial(settle, listed=e, press=press, now=now)) for e in listed))
    await _send(archive, now)
    return len(listed)


async def _poll(archive: Archive, number: int, now: datetime) -> tuple[Entry, ...]:
    """A poll that lists five new entries among twenty known ones."""
    turn, outlet_id = number // PER_POLL // OUTLETS, f"outlet-{number // PER_POLL % OUTLETS}"
    names = [f"{turn - i}-{k}" for i in range(min(turn + 1, 5)) for k in range(PER_POLL)]
    listed = [replace(entry(outlet_id, name), published_at=now - timedelta(minutes=4), summary="") for name in names]
    answered = poll(outlet_id, at=now)
    return (await archive.write(lambda tx: writes.record_poll(tx, answered, listed, plan)))[1]


async def _send(archive: Archive, now: datetime) -> None:
    due = await archive.read(lambda tx: reads.due_deliveries(tx, now, 100))
    await asyncio.gather(
        *(archive.write(lambda tx, d=d: writes.mark_sent(tx, d.delivery_id or 0, now, alert_ids=d.alert_ids)) for d in due)  # type: ignore[misc]
    )


# ---- questions


def documented() -> Iterator[tuple[str, str]]:
    """The queries of docs/sql.md with the sentence before each."""
    for title, query in re.findall(r"([^\n]+)\n\n```sql\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL):
        yield title.strip(), query.strip().rstrip(";")


def questions(archive: Archive, total: int) -> Iterator[tuple[str, Callable[[Tx], object]]]:
    """Everything that is asked: the documented queries, then what the daemon and the command line ask."""
    for title, query in documented():
        yield f"sql: {title}", lambda tx, q=query: tx.connection.exec_driver_sql(q).fetchall()  # type: ignore[misc]
    yield "due sources", lambda tx: reads.due_sources(tx, LAST, 384)
    yield "due entries", lambda tx: reads.due_entries(tx, LAST, 384)
    yield "due deliveries", lambda tx: reads.due_deliveries(tx, LAST, 100)
    yield "status", lambda tx: reads.status(tx, LAST)
    yield "alerts list --since 2d", lambda tx: reads.listing(tx, "v_alerts", reads.Filter(since=LAST - timedelta(days=2), limit=100))
    yield "why of an alert", lambda tx: reads.about_alert(tx, 1)
    rare, two = Term(text=_rare(archive)), Term(text="nordlicht")
    for title, node in (("search: a rare word", rare), ("search: two words, 50 newest", And(children=(two, Term(text=_common(archive)))))):
        needs = reads.needs_of(node, [])
        yield title, lambda tx, n=needs: list(reads.search(tx, lambda a: a.article_id, needs=n, where=reads.Filter(limit=50)))  # type: ignore[misc]


def _words(archive: Archive) -> list[str]:
    found = archive.read_now(lambda tx: next(iter(search.candidates(tx, (), reads.Filter()))))
    return found.text.split()


def _rare(archive: Archive) -> str:
    return max(_words(archive), key=len)


def _common(archive: Archive) -> str:
    words = _words(archive)
    return max(set(words), key=words.count)


def timed(work: Callable[[], T], times: int = 3) -> float:
    """The median of a few runs in seconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return median(taken)


# ---- beside it


def bare(folder: Path, press: Press, count: int) -> float:
    """Articles a second of a script that inserts text and full-text row, a hundred to a commit, with nothing else."""
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE article (id INTEGER PRIMARY KEY, url TEXT UNIQUE, title TEXT, body TEXT)",
            "CREATE VIRTUAL TABLE article_fts USING fts5(body, content='article', content_rowid='id')",
        ):
            connection.execute(statement)
        texts = [press.text() for _ in range(count)]
        began = time.monotonic()
        for first in range(0, count, BATCH):
            connection.execute("BEGIN")
            for i in range(first, min(first + BATCH, count)):
                connection.execute("INSERT INTO article VALUES (?, ?, ?, ?)", (i + 1, f"https://x.example/{i}", f"Title {i}", texts[i]))
                connection.execute("INSERT INTO article_fts (rowid, body) VALUES (?, ?)", (i + 1, texts[i]))
            connection.execute("COMMIT")
        return count / (time.monotonic() - began)


# ---- figures


def _ms(tenth: Tenth) -> float:
    return tenth.cpu_s / tenth.articles * 1000


def report(archive: Archive, tenths: Sequence[Tenth], total: int, days: float, beside: float) -> int:
    """Print the figures; return how many miss their limit."""
    rates = [t.articles / t.wall_s for t in tenths]
    flat_wall, flat_cpu = rates[-1] / rates[0], _ms(tenths[0]) / _ms(tenths[-1])
    size = upkeep.size(archive)
    each = (size.size - size.wal) / total
    is_filled = days >= FILLED_DAYS
    misses = int(is_filled and flat_cpu < 0.8)
    print(f"ingest: {median(rates):.0f} articles/s, CPU {median(map(_ms, tenths)):.2f} ms each; bare insert and full text {beside:.0f}/s")
    print(f"last tenth / sixth by CPU {_ms(tenths[5]) / _ms(tenths[-1]):.2f}")
    print(
        f"last tenth / first tenth: rate {flat_wall:.2f}, by CPU {flat_cpu:.2f} ({'limit 0.80' if is_filled else 'windows still filling'})"
    )
    print(f"size: {each:,.0f} bytes an article, of which text about {_mean_text(archive):,.0f}")
    print(f"memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most")
    print("\nratio to 1 s (limit 1.00)")
    for title, ask in questions(archive, total):
        ratio = timed(lambda a=ask: archive.read_now(a))  # type: ignore[misc]
        misses += ratio > 1.0
        print(f"  {ratio:7.3f}{' !' if ratio > 1.0 else '  '} {title}", flush=True)
    problems = upkeep.verify(archive, is_quick=True)
    print(f"\nverify: {'; '.join(problems) or 'nothing wrong'}")
    return misses + len(problems)


def _mean_text(archive: Archive) -> float:
    def mean(tx: Tx) -> float:
        sample = "SELECT avg(length(text)) FROM (SELECT text FROM article_texts LIMIT 2000) sample"
        return float(tx.connection.exec_driver_sql(sample).scalar() or 0)

    return archive.read_now(mean)


def main() -> int:
    """Run the benchmark; exit 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--per-day", type=int, default=PER_DAY)
    parser.add_argument("--url", help="archive to fill (an empty one); default: a SQLite file that is removed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the SQLite file and print its path")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="presswatch-archive-"))
    url = given.url or str(folder / "archive.db")
    archive = Archive.open(url, clock=FixedClock(LAST), hold=True)
    try:
        print(f"{archive.where.shown}: {given.articles:,} articles, {given.per_day:,} a day")
        tenths = asyncio.run(ingest(archive, Press(given.seed), given.articles, given.per_day))
        upkeep.checkpoint(archive)
        beside = bare(folder, Press(given.seed), min(given.articles, 5_000))
        return int(report(archive, tenths, given.articles, given.articles / given.per_day, beside) > 0)
    finally:
        archive.close()
        if given.keep:
            print(f"kept in {folder}")
        else:
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
