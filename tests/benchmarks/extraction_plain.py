"""The plainest ladder of metadata there is, read from the same pages in the same run: what ours must not fall below, and where labels are doubtful."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from htmldate import find_date

from crawler.extract import jsonld, language, meta
from crawler.extract.tree import parse
from crawler.sources.dates import parse_date
from tests.benchmarks import extraction_score as score
from tests.benchmarks.extraction_score import Sample

_DATES = ("article:published_time", "date", "datepublished", "pubdate", "dc.date.issued", "dc.date", "publish-date", "og:published_time")
_NAMES = ("author", "article:author", "dc.creator", "byl")
_AND = re.compile(r",|;| und | and | & | \| ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """JSON-LD, else meta, else htmldate; ``told_at`` is JSON-LD's own date, to hold a label against."""

    published_at: datetime | None = None
    told_at: datetime | None = None
    title: str = ""
    authors: tuple[str, ...] = ()


def read(sample: Sample) -> Plain:
    """Climb the ladder, each rung taken at its word."""
    tree = parse(sample.html.encode("utf-8", "replace"), content_type="text/html; charset=utf-8")
    if tree is None:
        return Plain()
    head, nodes = meta.read(tree.root), jsonld.nodes(tree.root)
    urls = [sample.url, head.links.get("canonical", "")]
    node = jsonld.article(nodes, urls=urls, titles=[head.first("og:title"), head.title, *head.headings]) or {}
    told_at = _time(jsonld.text(node.get("datePublished")))
    times = filter(None, map(_time, [*head.all(*_DATES), *(e.get("datetime") or "" for e in tree.root.iter("time"))]))
    found = told_at or next(times, None) or _time(find_date(tree.root, original_date=True, extensive_search=True, url=sample.url) or "")
    people = node.get("author")
    told = [name for one in (people if isinstance(people, list) else [people]) for name in jsonld.strings(one)] or head.all(*_NAMES)
    return Plain(
        published_at=found,
        told_at=told_at,
        title=jsonld.text(node.get("headline")) or head.first("og:title", "twitter:title") or next(iter(head.headings), "") or head.title,
        authors=tuple(name.strip() for line in told if not line.startswith("http") for name in _AND.split(line) if name.strip()),
    )


def _time(told: str) -> datetime | None:
    found = parse_date(told, country="") if told else None
    return found.astimezone(UTC) if found else None


def is_contradicted(sample: Sample, plain: Plain) -> bool:
    """Whether the label of the day is another than the page's own JSON-LD tells."""
    return bool(sample.date and plain.told_at and not score.is_right_day(sample.date, plain.told_at))


def is_borne_out(sample: Sample) -> bool:
    """Whether the label of the language is that of the known text; where there is none, it is believed."""
    return not sample.text or language.detect("", sample.text[:2_000]) == sample.language
