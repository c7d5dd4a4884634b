"""What is asked of a large archive: the documented queries, what the daemon and the command line ask, and a hundred searches."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import TypeVar

import sqlalchemy as sa

from monitor.archive import Archive, Tx, reads, upkeep
from monitor.rules.engine import compile_query
from tests.archives import ENTITIES

T = TypeVar("T")

LAST = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs" / "sql.md"
SEARCHES = 120
LIMIT_S = 1.0


def documented() -> Iterator[tuple[str, str]]:
    """The queries of docs/sql.md with the sentence before each."""
    for title, query in re.findall(r"([^\n]+)\n\n```sql\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL):
        yield title.strip(), query.strip().rstrip(";")


def questions() -> Iterator[tuple[str, Callable[[Tx], object]]]:
    """Everything that is asked but searches."""
    for title, query in documented():
        yield f"sql: {title}", lambda tx, q=query: tx.connection.exec_driver_sql(q).fetchall()  # type: ignore[misc]
    yield "due sources", lambda tx: reads.due_sources(tx, LAST, 384)
    yield "due entries", lambda tx: reads.due_entries(tx, LAST, 384)
    yield "due deliveries", lambda tx: reads.due_deliveries(tx, LAST, 100)
    yield "status", lambda tx: reads.status(tx, LAST)
    yield "alerts list --since 2d", lambda tx: reads.listing(tx, "v_alerts", reads.Filter(since=LAST - timedelta(days=2), limit=100))
    yield "polls of two days", lambda tx: reads.listing(tx, "v_polls", reads.Filter(since=LAST - timedelta(days=2), limit=1000))
    yield "biggest stories of a day", lambda tx: reads.listing(tx, "v_stories", reads.Filter(since=LAST - timedelta(days=1), limit=50))
    yield "why of an alert", lambda tx: reads.about_alert(tx, 1)


def plan_of(tx: Tx, query: str) -> list[str]:
    """How the database means to answer, one step a line."""
    if tx.is_postgres:
        return [str(row[0]) for row in tx.connection.exec_driver_sql(f"EXPLAIN {query}".replace("%", "%%"))]
    return [str(row[3]) for row in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]


def searches(words: Sequence[str], seed: int) -> Iterator[tuple[str, reads.Filter]]:
    """Queries as people put them: words from common to rare, alone, together, as phrase, beginning, entity, narrowed by day or outlet."""
    r = random.Random(seed)

    def word() -> str:
        return words[min(int(10 ** r.uniform(0.7, 4.6)), len(words) - 1)]

    few, week = reads.Filter(limit=50), reads.Filter(limit=50, since=LAST - timedelta(days=7))
    kinds: tuple[Callable[[], tuple[str, reads.Filter]], ...] = (
        lambda: (word(), few),
        lambda: (word(), week),
        lambda: (f"{word()} AND {word()}", few),
        lambda: (f"@nordlicht AND {word()}", few),
        lambda: (f"({word()} OR {word()} OR {word()}) AND @nordlicht", week),
        lambda: (f"{word()[:5]}*", few),
        lambda: (f'"{word()} {word()}"', week),
        lambda: (f"{word()} NEAR/10 {word()}", few),
        lambda: (f"{word()} NOT {word()}", reads.Filter(limit=50, outlets=["outlet-7"])),
        lambda: (f"{word()} AND nowhereatall", few),
    )
    for number in range(SEARCHES):
        yield kinds[number % len(kinds)]()


def searched(archive: Archive, words: Sequence[str], seed: int = 1) -> list[tuple[float, float, str]]:
    """What each search took, by CPU and by the clock, with its query."""
    return [(*timed(partial(_search, archive, text, where), 1), text) for text, where in searches(words, seed)]


def _search(archive: Archive, text: str, where: reads.Filter) -> int:
    query = compile_query(text, ENTITIES)
    needs = reads.needs_of(query.node, ENTITIES)
    return archive.read_now(lambda tx: sum(1 for _ in reads.search(tx, query.match, needs=needs, where=where)))


def timed(work: Callable[[], T], times: int = 3) -> tuple[float, float]:
    """The medians of a few runs: seconds of this thread's CPU, and seconds by the clock, which others on the machine stretch."""
    cpu, wall = [], []
    for _ in range(times):
        began, cpu_began = time.perf_counter(), time.thread_time()
        work()
        cpu.append(time.thread_time() - cpu_began)
        wall.append(time.perf_counter() - began)
    return median(cpu), median(wall)


def report(archive: Archive, words: Sequence[str]) -> int:
    """Ask everything and print what it took beside a second; return how many miss it. A slow query's plan is printed with it."""
    misses, queries = 0, dict(documented())
    print(f"\nseconds of CPU (limit {LIMIT_S:.2f} on SQLite) · by the clock")
    for title, ask in questions():
        cpu, wall = timed(lambda a=ask: archive.read_now(a))  # type: ignore[misc]
        taken_s = cpu if archive.where.is_sqlite else wall
        misses += taken_s > LIMIT_S
        print(f"  {cpu:7.3f} · {wall:6.3f}{' !' if taken_s > LIMIT_S else '  '} {title}", flush=True)
        query = queries.get(title.removeprefix("sql: "))
        if query is not None:
            print("".join(f"              {step}\n" for step in archive.read_now(lambda tx, q=query: plan_of(tx, q))), end="")  # type: ignore[misc]
    taken = sorted(searched(archive, words))
    for what, times in (("CPU", [t for t, _, _ in taken]), ("the clock", sorted(t for _, t, _ in taken))):
        print(
            f"search: {len(times)} queries by {what}: median {median(times):.3f} s, p95 {quantiles(times, n=20)[-1]:.3f} s, slowest {times[-1]:.3f} s"
        )
    print("  the slowest by CPU: " + " · ".join(f"{t:.2f} {text}" for t, _, text in taken[-8:]))
    problems = upkeep.verify(archive, is_quick=True)
    print(f"\nverify: {'; '.join(problems) or 'nothing wrong'}")
    return misses + len(problems)


def mean_text(archive: Archive) -> float:
    """Characters of a text."""
    sample = "SELECT avg(length(text)) FROM (SELECT text FROM article_texts LIMIT 2000) sample"
    return float(archive.read_now(lambda tx: tx.value(sa.text(sample))) or 0)
