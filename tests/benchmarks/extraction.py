"""How well and how cheaply pages are read, beside other extractors in the same run.

    python -m tests.benchmarks.extraction FILE [--peers] [--folds DIR] [--limit N] [--every N]

FILE holds one JSON object a line: id, set, url, html and, where known, text, title, authors, date, lang, snippets_with, snippets_without.
The shipped forest is fitted to such a file; on that file only ``--folds`` (written by ``extraction_fit``) gives an honest figure.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from crawler import extract
from crawler.extract import forest
from crawler.model import Article
from tests.benchmarks import extraction_peers as peers
from tests.benchmarks import extraction_plain as plain
from tests.benchmarks import extraction_score as score
from tests.benchmarks.extraction_score import Sample, arrival, fold_of

OURS, DEFAULT, PRICE = "presswatch", "trafilatura default", "trafilatura fast + metadata"


@dataclass(slots=True)
class Run:
    """What every extractor made of every page, and what it took."""

    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    cpu_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    articles: list[Article] = field(default_factory=list)


def run(samples: Sequence[Sample], *, everyone: bool, folds: Path | None) -> Run:
    """Let all extractors read all pages, page by page, so that a busy machine is unkind to all alike."""
    extract.warm()
    others = peers.load(everyone=everyone)
    peers.warm(others)
    judges = [forest.parse(path.read_text("utf-8")) for path in sorted(folds.glob("forest-*.json"))] if folds else [forest.load()]
    done = Run()
    for number, sample in enumerate(samples):
        page = arrival(sample)
        judge = judges[fold_of(sample.outlet, len(judges))]
        with patch.object(forest, "load", lambda judge=judge: judge):
            start = time.process_time()
            article = extract.read_page(page)
            done.cpu_s[OURS].append(time.process_time() - start)
        done.articles.append(article)
        done.texts[OURS].append(article.text)
        for name, peer in others.items():
            start = time.process_time()
            done.texts[name].append(_tried(peer, sample))
            done.cpu_s[name].append(time.process_time() - start)
        if sys.stderr.isatty():
            print(f"\r{number + 1}/{len(samples)}", end="", file=sys.stderr)
    return done


def _tried(peer: peers.Extract, sample: Sample) -> str:
    try:
        return peer(sample.html, sample.url)
    except Exception as error:  # noqa: BLE001 - a peer that breaks on a page has read nothing of it
        print(f"  {sample.sample_id}: {error!r}"[:120], file=sys.stderr)
        return ""


def report(samples: Sequence[Sample], done: Run) -> None:
    """Print every table."""
    _report_text(samples, done)
    _report_snippets(samples, done)
    _report_metadata(samples, done)
    _report_cost(samples, done)
    _report_worst(samples, done)


def _scores(samples: Sequence[Sample], texts: Sequence[str]) -> list[tuple[float, float] | None]:
    return [
        score.precision_recall(score.shingles(s.text), score.shingles(text)) if s.text else None
        for s, text in zip(samples, texts, strict=True)
    ]


def _report_text(samples: Sequence[Sample], done: Run) -> None:
    groups = [group for group in score.GROUPS if any(s.text and s.group == group for s in samples)]
    sets = sorted({s.set_name for s in samples if s.text})
    print(f"\n{'text F1':30} {'all':>6} {'P':>6} {'R':>6} {'<.5':>6}  " + " ".join(f"{name[:9]:>9}" for name in (*groups, *sets)))
    scores = {name: _scores(samples, texts) for name, texts in done.texts.items()}
    for name, found in scores.items():
        total = score.mean([one for one in found if one])
        cells = [
            score.mean([one for s, one in zip(samples, found, strict=True) if one and part in {s.group, s.set_name}]).f1
            for part in (*groups, *sets)
        ]
        line = f"{name:30} {total.f1:6.4f} {total.precision:6.3f} {total.recall:6.3f} {total.poor:6.1%}  "
        print(line + " ".join(f"{cell:9.4f}" for cell in cells))
    ours, theirs = ([one for one in scores[name] if one] for name in (OURS, DEFAULT))
    if ours:
        low, high = score.interval(ours, theirs)
        print(f"{OURS} less {DEFAULT}: {score.mean(ours).f1 - score.mean(theirs).f1:+.4f}, 95 % between {low:+.4f} and {high:+.4f}")


def _report_snippets(samples: Sequence[Sample], done: Run) -> None:
    told = [(at, s) for at, s in enumerate(samples) if s.with_snippets or s.without_snippets]
    if not told:
        return
    print(f"\n{'snippets':30} {'found':>7} {'strays':>7}   by group")
    for name, texts in done.texts.items():
        place = {s.sample_id: at for at, s in told}
        right, wrong = score.snippets((s for _, s in told), lambda s, t=texts, p=place: t[p[s.sample_id]])  # type: ignore[misc]
        parts = []
        for group in sorted({s.group for _, s in told}):
            one = score.snippets((s for _, s in told if s.group == group), lambda s, t=texts, p=place: t[p[s.sample_id]])  # type: ignore[misc]
            parts.append(f"{group} {one[0]:.1%}/{one[1]:.1%}")
        print(f"{name:30} {right:7.1%} {wrong:7.1%}   {'  '.join(parts)}")


def _report_metadata(samples: Sequence[Sample], done: Run) -> None:
    """Ours, and in brackets the plain ladder; then how many labels the page itself, or the known text, speaks against."""
    print("\nmetadata, right of those labelled (plain ladder: JSON-LD, meta, htmldate)")
    triples = [(s, a, plain.read(s)) for s, a in zip(samples, done.articles, strict=True)]
    for name in ("all", *sorted({s.set_name for s in samples if s.title or s.date or s.authors or s.language})):
        chosen = [(s, a, p) for s, a, p in triples if name in {"all", s.set_name}]
        days = [
            (bool(score.is_right_day(s.date, a.published_at)), bool(score.is_right_day(s.date, p.published_at)))
            for s, a, p in chosen
            if s.date
        ]
        agreed = [
            bool(score.is_right_day(s.date, a.published_at))
            for s, a, p in chosen
            if s.date and p.told_at and not plain.is_contradicted(s, p)
        ]
        against = [plain.is_contradicted(s, p) for s, _, p in chosen if s.date and p.told_at]
        titles = [(score.is_same_title(s.title, a.headline), score.is_same_title(s.title, p.title)) for s, a, p in chosen if s.title]
        authors = [
            (score.names(s.authors) == score.names(a.authors), score.names(s.authors) == score.names(p.authors))
            for s, a, p in chosen
            if s.authors
        ]
        tongues = [(s.language == a.language.partition("-")[0], plain.is_borne_out(s)) for s, a, _ in chosen if s.language]
        print(f"  {name:17} day {_pair(days)}; title {_pair(titles)}; authors {_pair(authors)}")
        print(
            f"  {'':17} day where JSON-LD bears the label out {_share(agreed)}, it speaks against {_share(against)}; "
            f"language {_share([right for right, _ in tongues])}, where the text bears the label out {_share([right for right, sure in tongues if sure])}"
        )


def _pair(truths: Sequence[tuple[bool, bool]]) -> str:
    if not truths:
        return "none known"
    ours, theirs = (sum(column) / len(truths) for column in zip(*truths, strict=True))
    return f"{ours:.1%} ({theirs:.1%}) of {len(truths)}"


def _share(truths: Sequence[bool]) -> str:
    return f"{sum(truths) / len(truths):.1%} of {len(truths)}" if truths else "none known"


def _report_cost(samples: Sequence[Sample], done: Run) -> None:
    price = statistics.mean(done.cpu_s[PRICE])
    print(f"\n{'CPU a page':30} {'mean ms':>8} {'ratio':>6} {'median':>7} {'worst/median':>13}  worst page")
    for name, took in done.cpu_s.items():
        middle, worst = statistics.median(took), max(range(len(took)), key=took.__getitem__)
        line = f"{name:30} {1000 * statistics.mean(took):8.2f} {statistics.mean(took) / price:6.2f} {1000 * middle:7.2f} {took[worst] / middle:13.1f}"
        print(f"{line}  {samples[worst].sample_id}")
    ways = Counter(article.how for article in done.articles)
    print("how:", ", ".join(f"{how} {count}" for how, count in ways.most_common()))


def _report_worst(samples: Sequence[Sample], done: Run, count: int = 25) -> None:
    scores = _scores(samples, done.texts[OURS])
    theirs = _scores(samples, done.texts[DEFAULT])
    ranked = sorted((score.f1(*one), at) for at, one in enumerate(scores) if one)
    print("\nworst pages (ours, trafilatura default, how)")
    for value, at in ranked[:count]:
        other = theirs[at]
        print(f"  {value:.3f} {score.f1(*other) if other else 0:.3f} {done.articles[at].how:15} {samples[at].sample_id}")


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, run, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--peers", action="store_true", help="every other extractor that is installed, not trafilatura alone")
    parser.add_argument("--folds", type=Path, help="a folder of forests that extraction_fit wrote, one a fold")
    parser.add_argument("--limit", type=int, help="the first pages alone")
    parser.add_argument("--every", type=int, default=1, help="each so many-th page alone")
    asked = parser.parse_args(argv)
    samples = score.load(asked.file, asked.limit)[:: asked.every]
    report(samples, run(samples, everyone=asked.peers, folds=asked.folds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
