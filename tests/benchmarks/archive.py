"""How the archive bears its years: ingest rate, size, documented queries, searches.

    python -m tests.benchmarks.archive [--articles 100000] [--url PATH_OR_POSTGRESQL_URL] [--keep FILE] [--ask FILE]

Makes an archive of a hundred days, the last of them 30 November 2026, so that the queries of docs/sql.md can be asked as they stand. Rows are
filled in as the straight line writes them, on SQLite most of them as copies of the first days; the last of the first tenth and of the last tenth go the whole straight line (poll, article,
findings, candidates, story, decision, alert, delivery), and their rates are compared. Prints bytes per article, every query's time as a
ratio to one second with the way it is answered, the times of a hundred searches, and the rate of a bare script that inserts text and
full-text row with nothing else. CPU ratios are steadier than times on a shared machine. ``--ask`` asks an archive that was kept.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from crawler.model import Entry
from monitor.archive import Archive, Tx, backup, reads, upkeep, writes
from monitor.archive.writes.stories import SHINGLE_DAYS
from monitor.clock import FixedClock
from monitor.model import HowAssigned, Reason, Routed, Said, StoryAssignment, Verdict
from tests.archives import RULES, alert, delivery, entry, plan, poll
from tests.benchmarks import archive_questions as questions
from tests.benchmarks.archive_copy import Block
from tests.benchmarks.archive_fill import OUTLETS, PER_POLL, TABLES, Fill, Press, named
from tests.benchmarks.archive_questions import LAST

DAYS = 100
SAMPLE = 5_000
BATCH = 100
TURN = 500
BLOCK_DAYS = 2
FLAT = 0.8


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """What is made: so many articles over a hundred days, of each tenth that is measured the last ``sample`` by the straight line."""

    articles: int

    @property
    def per_day(self) -> int:
        return max(self.articles // DAYS, 1)

    @property
    def sample(self) -> int:
        return max(min(SAMPLE, self.articles // 20) // BATCH * BATCH, BATCH)


async def ingest(archive: Archive, press: Press, make: Make, folder: Path) -> tuple[Tenth, Tenth]:
    """Make the archive; return what the line took at the end of the first tenth and at the end of the last.

    On SQLite the archive as it was then is kept beside it, and the line takes turns on both: what else the machine does meets both alike.
    """
    await archive.write(lambda tx: writes.put_outlets(tx, press.outlets, LAST))
    await archive.write(lambda tx: writes.put_rules(tx, RULES, LAST))
    fill, tell = Fill(press, start=LAST - timedelta(days=DAYS), per_day=make.per_day), _Told()
    tenth, last = make.articles // 10, make.articles - make.sample
    fill.run(archive.write_now, 0, tenth - make.sample, tell)
    if not archive.where.is_sqlite:
        first = await _line(archive, press, fill, tenth - make.sample, tenth)
        fill.run(archive.write_now, tenth, last, tell)
        await _forget(archive, fill.at(last))
        return first, await _line(archive, press, fill, last, make.articles)
    backup.copy(archive.where.path, folder / "young.db")
    fill.run(archive.write_now, tenth - make.sample, tenth, tell)
    fill.run(archive.write_now, _copy(archive, make, tenth, tell), last, tell)
    await _forget(archive, fill.at(last))
    young = Archive.open(str(folder / "young.db"), clock=FixedClock(LAST), hold=True)
    try:
        return await in_turns(((young, tenth - make.sample), (archive, last)), press, fill, make.sample)
    finally:
        young.close()


async def in_turns(two: tuple[tuple[Archive, int], tuple[Archive, int]], press: Press, fill: Fill, sample: int) -> tuple[Tenth, Tenth]:
    """Take so many articles the straight line on each of two archives, a few hundred at a time, and return what each took in all."""
    taken: tuple[list[Tenth], list[Tenth]] = ([], [])
    for begun in range(0, sample, TURN):
        for (archive, first), tenths in zip(two, taken, strict=True):
            tenths.append(await _line(archive, press, fill, first + begun, first + min(begun + TURN, sample)))
    young, old = (Tenth(sum(t.articles for t in ts), sum(t.wall_s for t in ts), sum(t.cpu_s for t in ts)) for ts in taken)
    return young, old


def _copy(archive: Archive, make: Make, done: int, tell: _Told) -> int:
    """Let SQLite repeat the first days itself until the last ones are left; return how many articles there are."""
    block = Block(archive.write_now, BLOCK_DAYS * make.per_day, BLOCK_DAYS, TABLES)
    block.skip(done // (BLOCK_DAYS * make.per_day) - 1)
    last = make.articles - make.sample - max(make.per_day * SHINGLE_DAYS, 5 * PER_POLL * OUTLETS)
    while done + BLOCK_DAYS * make.per_day <= last:
        block.put()
        done += BLOCK_DAYS * make.per_day
        tell(done)
    return done


class _Told:
    """Says now and then how far the filling is."""

    def __init__(self) -> None:
        self._began, self._at = time.monotonic(), time.monotonic()

    def __call__(self, done: int) -> None:
        if time.monotonic() - self._at > 30:
            self._at = time.monotonic()
            print(f"  {done:>9,} articles filled in after {self._at - self._began:.0f} s", flush=True)


async def _line(archive: Archive, press: Press, fill: Fill, first: int, last: int) -> Tenth:
    """Take articles the straight line, a hundred at a time, tidying up every hour of the archive's time."""
    wall, cpu, done, tidied = time.monotonic(), time.process_time(), first, fill.at(first)
    while done < last:
        now = fill.at(done)
        done += await _hundred(archive, press, done, now)
        if now - tidied > timedelta(hours=1):
            tidied = now
            await archive.write(partial(writes.forget_old, now=now))
    return Tenth(done - first, time.monotonic() - wall, time.process_time() - cpu)


async def _forget(archive: Archive, now: datetime) -> None:
    while await archive.write(partial(writes.forget_old, now=now)):
        pass


async def _hundred(archive: Archive, press: Press, number: int, now: datetime) -> int:
    """Poll, settle and send about a hundred articles; return how many."""
    polled = await asyncio.gather(*(_poll(archive, number + i, now) for i in range(0, BATCH, PER_POLL)))
    listed = [entry for new in polled for entry in new]
    await asyncio.gather(*(archive.write(partial(settle, listed=e, press=press, now=now)) for e in listed))
    await _send(archive, now)
    return len(listed)


async def _poll(archive: Archive, number: int, now: datetime) -> tuple[Entry, ...]:
    """A poll that lists five new entries before twenty known ones."""
    before = [number - i * PER_POLL * OUTLETS + k for i in range(5) for k in range(PER_POLL)]
    names = [named(n) for n in before if n >= 0]
    listed = [replace(entry(outlet_id, name), published_at=now - timedelta(minutes=4), summary="") for outlet_id, name in names]
    answered = poll(names[0][0], at=now)
    return (await archive.write(lambda tx: writes.record_poll(tx, answered, listed, plan)))[1]


async def _send(archive: Archive, now: datetime) -> None:
    due = await archive.read(lambda tx: reads.due_deliveries(tx, now, 100))
    await asyncio.gather(
        *(archive.write(lambda tx, d=d: writes.mark_sent(tx, d.delivery_id or 0, now, alert_ids=d.alert_ids)) for d in due)  # type: ignore[misc]
    )


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


def report(archive: Archive, first: Tenth, last: Tenth, total: int, beside: float) -> int:
    """Print the figures of making it; return how many miss their limit."""
    for name, tenth in (("first", first), ("last", last)):
        print(f"{name} tenth: the line takes {_ms(tenth):.2f} ms of CPU an article, {tenth.articles / tenth.wall_s:.0f}/s by the clock")
    by_rate = last.articles / last.wall_s / (first.articles / first.wall_s)
    by_cpu = _ms(first) / _ms(last)
    measured = upkeep.size(archive)
    each = (measured.size - measured.wal) / total
    print(
        f"last tenth / first tenth: by CPU {by_cpu:.2f} (limit {FLAT}), by the clock {by_rate:.2f}; bare insert and full text {beside:.0f}/s"
    )
    print(f"size: {measured.size / 1e9:.2f} GB, {each:,.0f} bytes an article, of which text about {questions.mean_text(archive):,.0f}")
    print(f"memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most")
    return int(by_cpu < FLAT)


def main() -> int:
    """Run the benchmark; exit 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--url", help="archive to fill (an empty one); default: a SQLite file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep the SQLite file here")
    parser.add_argument("--ask", help="make nothing, only ask this archive")
    given = parser.parse_args()
    press = Press(given.seed)
    if given.ask:
        return int(asked(given.ask, press) > 0)
    folder = Path(tempfile.mkdtemp(prefix="presswatch-archive-"))
    try:
        return int(made(given.url or str(given.keep or folder / "archive.db"), press, given.articles, folder) > 0)
    finally:
        shutil.rmtree(folder)


def made(url: str, press: Press, total: int, folder: Path) -> int:
    """Make an archive, ask it, and return how many limits are missed."""
    archive = Archive.open(url, clock=FixedClock(LAST), hold=True)
    try:
        print(f"{archive.where.shown}: {total:,} articles in {DAYS} days")
        first, last = asyncio.run(ingest(archive, press, Make(articles=total), folder))
        upkeep.checkpoint(archive)
        beside = bare(folder, Press(1), min(total, 5_000))
        misses = report(archive, first, last, total, beside)
        return misses + questions.report(archive, press.words)
    finally:
        archive.close()


def asked(url: str, press: Press) -> int:
    """Ask an archive that is there."""
    archive = Archive.open(url, clock=FixedClock(LAST), create=False)
    try:
        return questions.report(archive, press.words)
    finally:
        archive.close()


if __name__ == "__main__":
    sys.exit(main())
