"""How an extracted page is judged: 4-token shingles, snippets, days, titles, sets of names; means, intervals, groups."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler.extract.measures import bare
from crawler.model import Arrival, Entry, Outlet, Page

_CJK = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_SPACE = re.compile(r"\s+")
_SHINGLE = 4
_NOW = datetime(2026, 11, 24, tzinfo=UTC)
GROUPS = ("de", "en", "zh", "fr", "others")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A page with what is known of it; ``with_snippets`` and ``without_snippets`` stand where no full text is known."""

    sample_id: str
    set_name: str
    url: str
    html: str = field(repr=False)
    text: str | None = field(default=None, repr=False)
    title: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    language: str = ""
    outlet: str = ""
    with_snippets: tuple[str, ...] = ()
    without_snippets: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The language group of the report."""
        return self.language if self.language in GROUPS else "others"


def load(path: Path, limit: int | None = None) -> list[Sample]:
    """Return the samples of a gzipped or plain JSON-lines file."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return [_sample(json.loads(line)) for line, _ in zip(lines, range(limit or 10**9), strict=False)]


def _sample(row: dict[str, object]) -> Sample:
    def listed(name: str) -> tuple[str, ...]:
        value = row.get(name)
        return tuple(map(str, value)) if isinstance(value, list) else tuple(filter(None, [str(value or "")]))

    return Sample(
        sample_id=str(row["id"]),
        set_name=str(row.get("set") or ""),
        url=str(row.get("url") or "https://outlet.example/page"),
        html=str(row["html"]),
        text=str(row["text"]) if row.get("text") else None,
        title=str(row.get("title") or ""),
        authors=listed("authors"),
        date=_date(str(row.get("date") or "")),
        language=str(row.get("lang") or "")[:2],
        outlet=str(row.get("outlet") or row.get("url") or row["id"]),
        with_snippets=listed("snippets_with"),
        without_snippets=listed("snippets_without"),
    )


def arrival(sample: Sample) -> Arrival:
    """Return a sample as the crawler would hand it over: no help from a feed."""
    entry = Entry(key=sample.url, url=sample.url, outlet_id="bench", source_id="bench#0")
    page = Page(
        url=sample.url,
        final_url=sample.url,
        http_status=200,
        headers={"content-type": "text/html; charset=utf-8"},
        body=sample.html.encode("utf-8", "replace"),
        fetched_at=_NOW,
    )
    return Arrival(entry=entry, outlet=Outlet(outlet_id="bench", name="Bench", home=sample.url), result=page)


def fold_of(outlet: str, folds: int) -> int:
    """Return the fold of an outlet, the same in every run."""
    return int(hashlib.sha256(outlet.encode()).hexdigest(), 16) % folds


def tokens(text: str) -> list[str]:
    """Return words, digits; a CJK or Thai character is one token."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text))


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Return the text's 4-token shingles; a shorter text is one."""
    found = tokens(text)
    if len(found) < _SHINGLE:
        return Counter([tuple(found)]) if found else Counter()
    return Counter(zip(*(found[i:] for i in range(_SHINGLE)), strict=False))


def precision_recall(truth: Counter[tuple[str, ...]], found: Counter[tuple[str, ...]]) -> tuple[float, float]:
    """Return how much of what was found is true, and how much of the truth was found."""
    right = sum((truth & found).values())
    if not truth and not found:
        return 1.0, 1.0
    return (right / found.total() if right else 0.0), (right / truth.total() if right else 0.0)


def f1(precision: float, recall: float) -> float:
    """Return the harmonic mean."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _date(told: str) -> str:
    """A truth that is no date is none."""
    try:
        return datetime.fromisoformat(told).isoformat() if told else ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextScore:
    """Precision and recall as means over pages, F1 of the two means, the share of pages below .5."""

    pages: int
    precision: float
    recall: float
    poor: float

    @property
    def f1(self) -> float:
        """The figure of the tables."""
        return f1(self.precision, self.recall)


def mean(scores: Sequence[tuple[float, float]]) -> TextScore:
    """Sum up pages."""
    count = max(len(scores), 1)
    return TextScore(
        pages=len(scores),
        precision=sum(p for p, _ in scores) / count,
        recall=sum(r for _, r in scores) / count,
        poor=sum(f1(p, r) < 0.5 for p, r in scores) / count,
    )


def interval(
    ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]], *, draws: int = 1000, seed: int = 7
) -> tuple[float, float]:
    """Return the paired bootstrap's 95 % interval of our F1 less theirs."""
    chance = random.Random(seed)
    count = len(ours)
    differences = []
    for _ in range(draws):
        drawn = chance.choices(range(count), k=count)
        differences.append(mean([ours[i] for i in drawn]).f1 - mean([theirs[i] for i in drawn]).f1)
    differences.sort()
    return differences[int(draws * 0.025)], differences[int(draws * 0.975)]


def snippets(samples: Iterable[Sample], text_of: Callable[[Sample], str]) -> tuple[float, float]:
    """Return the share of snippets found that belong to the article, and of those that do not."""
    right, wanted, wrong, unwanted = 0, 0, 0, 0
    for sample in samples:
        text = _SPACE.sub(" ", text_of(sample))
        wanted += len(sample.with_snippets)
        unwanted += len(sample.without_snippets)
        right += sum(_SPACE.sub(" ", part) in text for part in sample.with_snippets)
        wrong += sum(_SPACE.sub(" ", part) in text for part in sample.without_snippets)
    return right / max(wanted, 1), wrong / max(unwanted, 1)


def is_right_day(truth: str, found: datetime | None) -> bool | None:
    """Whether the day is right, None where none was found; a truth without a zone may be meant anywhere on Earth."""
    if found is None:
        return None
    told = datetime.fromisoformat(truth)
    if told.tzinfo is not None:
        return told.astimezone(found.tzinfo).date() == found.date()
    return any((found + timedelta(hours=hours)).date() == told.date() for hours in range(-11, 14))


def is_same_title(truth: str, found: str) -> bool:
    """Equal but for white space and the form of quotation marks and dashes."""
    return _plain(truth) == _plain(found)


def _plain(title: str) -> str:
    table = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})
    return " ".join(unicodedata.normalize("NFKC", title).translate(table).split())


def names(authors: Iterable[str]) -> frozenset[str]:
    """Return the set of names, letters alone; "A, B & C" in one string are three."""
    return frozenset(filter(None, (bare(part) for author in authors for part in re.split(r"[,;/&]", author))))
