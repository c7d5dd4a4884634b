"""How well the shipped themes find what they are for, and what stories make of it.

``python -m tests.benchmarks.alerts FILE`` reads labelled items (JSON lines: title, text, lang, date, themes, kind, uncertain), matches
them with the seeds and prints precision, recall and F1 over the certain ones, per theme and in all, beside a naive baseline that fires
on any tracked name of a theme's rules. Then all items go through the stories in the order of their dates. ``--errors`` lists what is wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawler.model import Article
from monitor.config.load import load
from monitor.model import Findings, RuleSet
from monitor.rules.engine import compile_rules
from monitor.stories import assign, fingerprint
from tests.benchmarks.window import Window

MIN_POSITIVES = 5
UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
_ENTITY = re.compile(r"@([a-z0-9-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A labelled article."""

    article: Article
    themes: frozenset[str]
    kind: str
    is_certain: bool


@dataclass(slots=True)
class Counts:
    """Hits, false alarms and misses."""

    right: int = 0
    false: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.false, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + self.missed, 1)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(2 * self.right + self.false + self.missed, 1)


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", type=Path)
    options.add_argument("--errors", action="store_true", help="list false alarms and misses")
    given = options.parse_args()
    items = read(given.file)
    rules = load(None, environ={}, secrets=False).rules
    engine = compile_rules(rules)
    began = time.process_time()
    found = [engine.match(item.article) for item in items]
    spent = time.process_time() - began
    certain = sum(item.is_certain for item in items)
    print(f"{len(items)} items, {certain} certain; {1000 * spent / len(items):.2f} ms CPU an article\n")
    labelled = {theme for item in items for theme in item.themes}
    spoken = [frozenset(m.theme_id for m in f.matches) & labelled for f in found]
    naive = _naive(rules, found, labelled)
    report(items, spoken, naive, labelled)
    if given.errors:
        errors(items, spoken)
    stories(items, found, spoken)


def read(path: Path) -> list[Item]:
    """Read the items in the order of their dates."""
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    return sorted((_item(row) for row in rows), key=lambda item: (item.article.seen_at, item.article.key))


def _item(row: Mapping[str, object]) -> Item:
    at = datetime.fromisoformat(str(row["date"])).replace(tzinfo=UTC) if row["date"] else UNDATED
    outlet = str(row["source"]).split("@", maxsplit=1)[0].removeprefix("github:")
    themes = row["themes"]
    assert isinstance(themes, list)
    return Item(
        article=Article(
            key=str(row["id"]),
            url=str(row["url"] or f"https://news.example/{row['id']}"),
            outlet_id=outlet,
            source_id=outlet,
            headline=str(row["title"]),
            text=str(row["text"]),
            language=str(row["lang"]),
            published_at=at,
            seen_at=at,
        ),
        themes=frozenset(str(theme).replace("_", "-") for theme in themes),
        kind=str(row["kind"]),
        is_certain=not row["uncertain"],
    )


def _naive(rules: RuleSet, found: Sequence[Findings], labelled: set[str]) -> list[frozenset[str]]:
    """Each theme whose rules name an entity that is mentioned anywhere."""
    names = {t.theme_id: {name for rule in t.rules for name in _ENTITY.findall(rule.query)} for t in rules.themes if t.theme_id in labelled}
    mentioned = [{m.entity_id for m in f.mentions} for f in found]
    return [frozenset(theme for theme, wanted in names.items() if wanted & seen) for seen in mentioned]


def report(items: Sequence[Item], spoken: Sequence[frozenset[str]], naive: Sequence[frozenset[str]], labelled: set[str]) -> None:
    """Print one line per theme and one for all."""
    ours, theirs = count(items, spoken, labelled), count(items, naive, labelled)
    print(f"{'theme':20} {'positives':>9} {'P':>6} {'R':>6} {'F1':>6}   any name: {'P':>5} {'F1':>5}")
    for theme in sorted(labelled):
        own, other = ours[theme], theirs[theme]
        positives = own.right + own.missed
        note = "   (asked: P .7)" if positives >= MIN_POSITIVES else ""
        line = f"{theme:20} {positives:9} {own.precision:6.2f} {own.recall:6.2f} {own.f1:6.2f}"
        print(f"{line}             {other.precision:5.2f} {other.f1:5.2f}{note}")
    own, other = _sum(ours), _sum(theirs)
    line = f"{'all':20} {own.right + own.missed:9} {own.precision:6.2f} {own.recall:6.2f} {own.f1:6.2f}"
    print(f"{line}             {other.precision:5.2f} {other.f1:5.2f}   (asked: F1 .85; keywords had .51, two-group rules .82)\n")


def count(items: Sequence[Item], spoken: Sequence[frozenset[str]], labelled: set[str]) -> dict[str, Counts]:
    """Compare what was spoken with the labels, over the certain items."""
    counts = {theme: Counts() for theme in labelled}
    for item, themes in zip(items, spoken, strict=True):
        if item.is_certain:
            for theme in themes | item.themes:
                counts[theme].right += theme in themes and theme in item.themes
                counts[theme].false += theme not in item.themes
                counts[theme].missed += theme not in themes
    return counts


def _sum(counts: Mapping[str, Counts]) -> Counts:
    return Counts(
        right=sum(c.right for c in counts.values()),
        false=sum(c.false for c in counts.values()),
        missed=sum(c.missed for c in counts.values()),
    )


def errors(items: Sequence[Item], spoken: Sequence[frozenset[str]]) -> None:
    """List false alarms and misses of the certain items."""
    for item, themes in zip(items, spoken, strict=True):
        if item.is_certain and themes != item.themes:
            wrong = [f"+{t}" for t in sorted(themes - item.themes)] + [f"-{t}" for t in sorted(item.themes - themes)]
            print(f"  {' '.join(wrong):40} {item.article.language} {item.article.key} {item.article.headline[:80]}")
    print()


def stories(items: Sequence[Item], found: Sequence[Findings], spoken: Sequence[frozenset[str]]) -> None:
    """Say how many stories the matched articles make, and show which articles were put together."""
    window = Window()
    for item, findings in zip(items, found, strict=True):
        prints = fingerprint(item.article, findings.mentions)
        candidates, frequencies = window.candidates(item.article, prints)
        window.put(item.article, prints, assign(item.article, prints, candidates, frequencies, item.article.seen_at))
    members: dict[int, list[int]] = defaultdict(list)
    for number in range(len(items)):
        members[window.story(number)].append(number)
    speaking = [number for number, themes in enumerate(spoken) if themes]
    print(f"{len(speaking)} articles speak, in {len({window.story(n) for n in speaking})} stories; {len(members)} stories of all articles")
    for numbers in members.values():
        if len(numbers) > 1:
            kinds = Counter(items[n].kind for n in numbers)
            print(f"  together ({', '.join(f'{n} {kind}' for kind, n in kinds.items())})")
            for n in numbers:
                print(f"    {items[n].article.seen_at.date()} {items[n].article.language} {items[n].article.headline[:90]}")


if __name__ == "__main__":
    main()
