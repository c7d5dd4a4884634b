"""When an article was published and changed: a ladder from what the page tells machines to what it shows readers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from htmldate import find_date
from lxml.html import HtmlElement

from crawler.extract import jsonld, shown
from crawler.extract.blocks import Block
from crawler.extract.jsonld import Node
from crawler.extract.measures import sane_time
from crawler.extract.meta import Head
from crawler.sources.dates import parse_date

_PUBLISHED = (
    "article:published_time", "og:article:published_time", "og:published_time", "article:published", "datepublished", "dc.date.issued", "dcterms.issued",
    "dcterms.created", "dc.date.created", "pubdate", "publishdate", "publish-date", "publish_date", "publication_date", "publication-date", "date", "dc.date",
    "dcterms.date", "dc.terms.date", "sailthru.date", "parsely-pub-date", "cxenseparse:recs:publishtime", "cxenseparse:publishtime", "og:release_date",
    "article:create_at", "og:pubdate", "article.published", "article.created", "citation_publication_date", "originalpublicationdate", "published_time",
    "bt:pubdate", "apub:time", "last-published", "shareaholic:article_published_time", "datecreated", "publishtime", "_pubtime", "iso-8601-publish-date",
    "weibo:article:create_at", "mediator_published_time", "vr:published_time", "rnews:datepublished", "displaydate", "creation_date", "og:question:published_time",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "article:modified", "datemodified", "dcterms.modified", "dc.date.modified",
    "last-modified", "lastmod", "revised", "modified_time", "article:update_at", "iso-8601-updated-date",
)  # fmt: skip
_TELLING = re.compile(r"publi|creat|issued|entry-date|post-date|pubdate|datum|posted|veroeffentlicht|first", re.IGNORECASE)
_CHANGING = re.compile(r"updat|modif|aktualis|lastmod|maj", re.IGNORECASE)
_HAS_CLOCK = re.compile(r"\d[:.]\d\d|T\d{4}|\d{10}|[点时時點시]")
_IN_URL = re.compile(r"[/_t-](20\d\d)[/-]?([01]\d)[/-]?([0-3]\d)(?=[/_.-])")
_COMPACT = re.compile(r"^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)")
_NEAR_BLOCKS, _NEAR_CHARS = 12, 160
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Aware UTC. ``is_day`` says that the page told a day alone, which then stands as its first minute."""

    published_at: datetime | None = None
    modified_at: datetime | None = None
    is_day: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What dates are read by: the outlet's country for times without a zone, the page's URL, and the time nothing can be later than."""

    country: str
    url: str
    now: datetime


def read(root: HtmlElement, head: Head, node: Node, near_title: Sequence[Block], around: Around) -> Times:
    """Return when the article was published and last changed."""
    modified = _first((jsonld.text(node.get("dateModified")), *head.all(*_MODIFIED)), around)
    for rung in (_told(node, head), _marked(root), _timed(root), _shown(near_title, around)):
        published = _first(rung, around)
        if published:
            break
    else:
        published = _searched(root, around)
    if published is None:
        return Times(modified_at=modified[0] if modified else None)
    changed = modified[0] if modified and modified[0] > published[0] else None
    return Times(published_at=published[0], is_day=published[1], modified_at=changed)


def near(blocks: Sequence[Block], title_at: int) -> Sequence[Block]:
    """Return the short blocks around the title, where pages show their date and names."""
    start = max(title_at - 4, 0)
    return [block for block in blocks[start : start + _NEAR_BLOCKS + 4] if len(block.text) <= _NEAR_CHARS]


def _told(node: Node, head: Head) -> Iterator[str]:
    """What the page tells machines."""
    yield jsonld.text(node.get("datePublished"))
    yield from head.all(*_PUBLISHED)
    yield jsonld.text(node.get("dateCreated"))
    yield jsonld.text(node.get("uploadDate"))


def _marked(root: HtmlElement) -> Iterator[str]:
    """Time elements that say they are the date of publication."""
    for element in root.iter("time"):
        names = element.attrib
        named = (
            f"{names.get('itemprop', '')} {names.get('class', '')} {names.get('property', '')} {'pubdate' if 'pubdate' in names else ''}"
        )
        if _TELLING.search(named) and not _CHANGING.search(named):
            yield names.get("datetime") or names.get("content") or " ".join(element.itertext())


def _timed(root: HtmlElement) -> Iterator[str]:
    """The first time element below the heading that is not said to be a change."""
    is_below = False
    for element in root.iter("h1", "time"):
        if element.tag == "h1":
            is_below = True
        elif (
            is_below
            and (told := element.get("datetime") or " ".join(element.itertext())[:_NEAR_CHARS].strip())
            and not _CHANGING.search(element.get("class", ""))
        ):
            yield told
            return


def _shown(blocks: Iterable[Block], around: Around) -> Iterator[str]:
    """What readers see beside the title."""
    for block in blocks:
        if not _CHANGING.search(block.text[:20]) and (found := shown.find(block.text, country=around.country, now=around.now)):
            yield found.text


def _searched(root: HtmlElement, around: Around) -> tuple[datetime, bool] | None:
    """Leave the search to htmldate, which finds days, and makes a month the first of it: that one is believed only of the URL."""
    latest = (around.now + _DAY).strftime("%Y-%m-%d")
    found = find_date(root, original_date=True, extensive_search=False, url=around.url, max_date=latest, min_date="1995-01-01") or ""
    if found.endswith("-01") and found.replace("-", "") not in re.sub(r"\D", "", around.url):
        found = ""
    in_url = _IN_URL.search(around.url)
    return _first((found, "-".join(in_url.groups()) if in_url else ""), around)


def _first(texts: Iterable[str], around: Around) -> tuple[datetime, bool] | None:
    """Return the first time that can be true, and whether it is a day alone."""
    for text in texts:
        if not text:
            continue
        found = _read(text, around)
        if found is None and (seen := shown.find(text[:_NEAR_CHARS], country=around.country, now=around.now)):
            found = _read(seen.text, around)
        if found:
            return found
    return None


def _read(text: str, around: Around) -> tuple[datetime, bool] | None:
    is_day = not _HAS_CLOCK.search(text)
    told = parse_date(_COMPACT.sub(r"\1-\2-\3T\4:\5:\6", text.replace("：", ":")), country="" if is_day else around.country)
    at = sane_time(told.astimezone(UTC) if told else None, before=around.now)
    return (at, is_day) if at else None
