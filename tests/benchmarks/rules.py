"""Cost of matching an article against 1,000 to 100,000 rules, beside a loop over all rules, and of finding terms beside other libraries.

    python -m tests.benchmarks.rules [--articles FILE.jsonl[.gz]] [--rules 1000 10000 100000] [--peers] [--loop 5] [--full]

CPU time of one process, the best of several rounds; each set is measured in a process of its own. FILE holds ``text``, ``title`` and
``lang`` a line; without it the articles are invented. A sparse set takes its words from the articles it is not put to. The loop asks every
rule with the same evaluator, on ``--loop`` articles (0: all); its answers must be the engine's on each. As it stands it takes a few
minutes; ``--full``, half an hour, asks the loop about every article and puts the peers beside (group ``bench`` of pyproject.toml:
``.venv/bin/pip install flashtext hyperscan spacy``).
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crawler.model import Article
from monitor.rules.engine import Engine, compile_rules
from tests.benchmarks import rules_peers
from tests.benchmarks.rules_corpus import from_file, invented, rule_set

ROUNDS: Final = 7
MOST_ARTICLES: Final = 400
ASKED_PER_S: Final = {1_000: 6_000, 10_000: 4_500, 100_000: 2_300}
ASKED_BUILD_S: Final = {10_000: 1.0, 100_000: 6.0}
ASKED_GROWTH: Final = 3.0
ASKED_PER_MATCH_US: Final = 25.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one rule set cost: seconds to build, megabytes it holds, seconds an article by engine and by loop."""

    rules: int
    is_dense: bool
    build_s: float
    megabytes: float
    article_s: float
    matches: float
    loop_s: float
    looped: int
    differing: int


def cpu_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the least CPU time of several rounds."""
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def measure(articles: Sequence[Article], count: int, looped: int, *, is_dense: bool) -> Measured:
    """Build one rule set and put it to the first half of the articles."""
    half = len(articles) // 2
    asked, other = articles[:half], articles[half:]
    rules = rule_set(asked if is_dense else other, count, is_dense=is_dense)
    gc.collect()
    before = resident_megabytes()
    started = time.process_time()
    engine = compile_rules(rules)
    build_s = time.process_time() - started
    megabytes = resident_megabytes() - before
    found = [engine.match(article) for article in asked]
    article_s = cpu_s(lambda: [engine.match(article) for article in asked]) / len(asked)
    loop = asked[: looped or None]
    loop_s, differing = against_the_loop(engine, loop)
    return Measured(
        count, is_dense, build_s, megabytes, article_s, sum(len(f.matches) for f in found) / len(found), loop_s, len(loop), differing
    )


def against_the_loop(engine: Engine, articles: Sequence[Article]) -> tuple[float, int]:
    """Ask every rule of every article; return the seconds an article took, and how many answers differ from the engine's."""
    spent, differing = 0.0, 0
    for article in articles:
        started = time.process_time()
        answer = engine.match_by_asking_all(article)
        spent += time.process_time() - started
        differing += answer != engine.match(article)
    return spent / len(articles), differing


def resident_megabytes() -> float:
    """Return the memory the process holds."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def apart(work: Callable[..., Measured], *args: object, is_dense: bool) -> Measured:
    """Measure in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        return pool.submit(work, *args, is_dense=is_dense).result()


# ---- telling


def told(results: Sequence[Measured]) -> list[str]:
    """Return a table of the results."""
    rows = ["rules    set     us/article  articles/s  matches  loop us/article  loop/engine  differing  build s  MB"]
    for r in results:
        differing = f"{r.differing} of {r.looped}"
        rows.append(
            f"{r.rules:<8} {'dense' if r.is_dense else 'sparse':<7} {r.article_s * 1e6:>10.0f} {1 / r.article_s:>11,.0f} {r.matches:>8.2f}"
            f" {r.loop_s * 1e6:>16,.0f} {r.loop_s / r.article_s:>12,.0f} {differing:>10} {r.build_s:>8.2f} {r.megabytes:>4.0f}"
        )
    return rows


def held(results: Sequence[Measured]) -> list[str]:
    """Return what was asked for beside what was reached."""
    sparse = {r.rules: r for r in results if not r.is_dense}
    dense = [r for r in results if r.is_dense]
    rows = [
        _row(
            f"articles/s at {count:,} rules, sparse",
            f">= {asked:,}",
            1 / sparse[count].article_s,
            is_held=1 / sparse[count].article_s >= asked,
        )
        for count, asked in ASKED_PER_S.items()
        if count in sparse
    ]
    if 1_000 in sparse and 100_000 in sparse:
        growth = sparse[100_000].article_s / sparse[1_000].article_s
        rows.append(_row("cost at 100,000 / at 1,000 rules", f"<= {ASKED_GROWTH:g}", growth, is_held=growth <= ASKED_GROWTH))
    for r in dense:
        if r.rules in sparse:
            each = (r.article_s - sparse[r.rules].article_s) / max(r.matches - sparse[r.rules].matches, 1) * 1e6
            rows.append(
                _row(f"us per match at {r.rules:,} rules, dense", f"<= {ASKED_PER_MATCH_US:g}", each, is_held=each <= ASKED_PER_MATCH_US)
            )
    for r in results:
        if not r.is_dense and r.rules in ASKED_BUILD_S:
            asked = ASKED_BUILD_S[r.rules]
            rows.append(_row(f"s to build {r.rules:,} rules", f"<= {asked:g}", r.build_s, is_held=r.build_s <= asked))
    rows.append(
        _row(
            "articles answered otherwise than by the loop",
            "0",
            sum(r.differing for r in results),
            is_held=not any(r.differing for r in results),
        )
    )
    return rows


def _row(what: str, asked: str, reached: float, *, is_held: bool) -> str:
    return f"{what:<48} {asked:>10} {reached:>10,.2f}  {'held' if is_held else 'MISSED'}"


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.rules", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=Path, help="JSON lines with text, title, lang")
    parser.add_argument("--rules", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--loop", type=int, default=5, help="articles the loop is put to; 0: all")
    parser.add_argument("--peers", action="store_true", help="also find the terms of the sets with other libraries")
    parser.add_argument("--full", action="store_true", help="--peers --loop 0")
    given = parser.parse_args(arguments)
    articles = from_file(given.articles, MOST_ARTICLES) if given.articles else invented(MOST_ARTICLES)
    size = sum(len(f"{a.headline}\n{a.text}".encode()) for a in articles) / len(articles)
    print(f"{len(articles)} articles of {size:,.0f} bytes, half of them asked; Python {sys.version.split()[0]}")
    looped = 0 if given.full else given.loop
    results = [apart(measure, articles, count, looped, is_dense=dense) for dense in (False, True) for count in given.rules]
    print(*told(results), "", *held(results), sep="\n")
    if given.peers or given.full:
        print("", *rules_peers.told(articles, given.rules), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
