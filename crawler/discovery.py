"""Where an outlet's sources may be: its home page and robots.txt to candidates, and what each of them holds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from crawler.clean import one_line
from crawler.model import SourceKind, SourceRead
from crawler.sources import Unreadable
from crawler.sources.decode import to_utf8
from crawler.sources.document import Element, find_root, root_pattern
from crawler.sources.listing import parse_page
from crawler.urls import canonical_url, origin, resolve

CANDIDATES_MAX = 60

_FEED_TYPES = {
    "application/rss+xml", "application/atom+xml", "application/feed+json", "application/json", "application/rdf+xml", "text/xml", "application/xml",
    "application/x-rss+xml", "application/x.atom+xml", "application/x-atom+xml", "text/rss+xml",
}  # fmt: skip
_FEED_HREF = re.compile(r"(?:^|[/._?=&-])(?:rss[\w-]*|feeds?|atom|rdf)(?:[/.?&]|$)|\.(?:rss|rdf|atom)(?:$|\?)", re.IGNORECASE)
_NOT_A_FEED = re.compile(
    r"/comments?/|[?&]replytocom=|/wp-json/|oembed|opensearch|/amp/|\.(?:css|js|png|svg|jpe?g|pdf)(?:$|\?)|manifest", re.IGNORECASE
)
_WELL_KNOWN_FEEDS = (
    "/feed",
    "/rss",
    "/rss.xml",
    "/feed.xml",
    "/atom.xml",
    "/index.xml",
    "/feed.json",
    "/feeds/posts/default",
    "/index.rdf",
)
_WELL_KNOWN_SITEMAPS = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap_news.xml", "/sitemap.xml", "/sitemap_index.xml")
_HEAD = 4_096
_ROOTS = {SourceKind.SITEMAP: root_pattern("urlset", "sitemapindex"), SourceKind.FEED: root_pattern("rss", "feed", "rdf")}
_NEWS = re.compile(r"news|latest|recent|today|aktuell|google", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S{4,2000})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A source that may be: its kind, its URL, what it is called, and why we think so; the likeliest come first."""

    kind: SourceKind
    url: str
    title: str = ""
    why: str = ""
    rank: int = field(default=9, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a source was found to hold, for a person who chooses."""

    entries: int
    newest_at: datetime | None
    per_day: float | None
    dated: float
    with_text: float
    with_title: float
    language: str | None

    @property
    def is_alive(self) -> bool:
        """Something is listed, and it says when it was new."""
        return self.entries > 0 and self.newest_at is not None


def from_page(body: bytes, *, url: str, headers: Mapping[str, str] | None = None) -> tuple[Candidate, ...]:
    """Return what a home or section page offers: its feed links first, links that read like feeds, itself as a listing last.

    Raises Unreadable on what is no web page.
    """
    decoded = to_utf8(body, content_type=(headers or {}).get("content-type", ""))
    root = parse_page(decoded.data)
    base = _base(root, url)
    offered = [*_linked(root, base), *_anchored(root, base)]
    itself = Candidate(kind=SourceKind.LISTING, url=canonical_url(url), title=_title(root), why="the page itself", rank=8)
    return _best([*offered, itself])


def from_robots(text: str, *, url: str) -> tuple[Candidate, ...]:
    """Return the sitemaps that a robots.txt names; those for news first. ``url`` is any URL of the host."""
    home = origin(url)
    found = []
    for line in _SITEMAP_LINE.finditer(text):
        try:
            sitemap = resolve(line[1], home + "/")
        except ValueError:
            continue
        found.append(Candidate(kind=SourceKind.SITEMAP, url=sitemap, why="robots.txt", rank=2 if _NEWS.search(sitemap) else 4))
    return _best(found)


def well_known(url: str) -> tuple[Candidate, ...]:
    """Return where feeds and sitemaps usually lie on a host, to be tried where nothing is said."""
    home = origin(url)
    feeds = [Candidate(kind=SourceKind.FEED, url=home + path, why="well-known path", rank=5) for path in _WELL_KNOWN_FEEDS]
    maps = [Candidate(kind=SourceKind.SITEMAP, url=home + path, why="well-known path", rank=6) for path in _WELL_KNOWN_SITEMAPS]
    return _best([*feeds, *maps])


def candidates(
    *, url: str, page: bytes | None = None, headers: Mapping[str, str] | None = None, robots: str | None = None
) -> tuple[Candidate, ...]:
    """Put together all that is known of an outlet, likeliest first; each URL once."""
    found: list[Candidate] = []
    if page is not None and (itself := _itself(page, url)):
        found.append(itself)
    elif page is not None:
        with suppress(Unreadable):
            found += from_page(page, url=url, headers=headers)
    return _best([*found, *from_robots(robots or "", url=url), *well_known(url)])


def holdings(read: SourceRead, now: datetime) -> Holdings:
    """Say what a reading held: how much, how new, how often, how completely."""
    times = sorted(entry.published_at for entry in read.entries if entry.published_at)
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(times)]
    count = len(read.entries)
    recent = [at for at in times if now - at <= timedelta(days=7)]
    per_day = (
        len(recent) / 7.0 if recent and times[0] < now - timedelta(days=7) else 86_400.0 / median(gaps) if gaps and median(gaps) else None
    )
    languages = [entry.language for entry in read.entries if entry.language]
    return Holdings(
        entries=count,
        newest_at=times[-1] if times else None,
        per_day=per_day,
        dated=len(times) / count if count else 0.0,
        with_text=sum(1 for entry in read.entries if entry.text) / count if count else 0.0,
        with_title=sum(1 for entry in read.entries if entry.title) / count if count else 0.0,
        language=read.language or (max(set(languages), key=languages.count) if languages else None),
    )


def _itself(body: bytes, url: str) -> Candidate | None:
    """The address itself, where it is a feed or a sitemap and no page."""
    head = to_utf8(body[:_HEAD]).data
    kind = next((kind for kind, roots in _ROOTS.items() if find_root(head, roots) >= 0), None)
    if kind is None and head.lstrip().startswith(b"{") and b"jsonfeed.org/version" in head:
        kind = SourceKind.FEED
    return Candidate(kind=kind, url=url, why="the address itself", rank=0) if kind else None


def _base(root: Element, url: str) -> str:
    element = root.find(".//base[@href]")
    try:
        return resolve(element.get("href"), url) if element is not None else url
    except ValueError:
        return url


def _title(root: Element) -> str:
    return one_line(root.findtext(".//title") or "")[:200]


def _linked(root: Element, base: str) -> Iterator[Candidate]:
    """``<link rel="alternate" type="application/rss+xml">`` and its kin."""
    for link in root.iter("link"):
        relations = (link.get("rel") or "").lower().split()
        kind = (link.get("type") or "").lower().partition(";")[0].strip()
        if "alternate" not in relations and "feed" not in relations:
            continue
        if kind not in _FEED_TYPES and not ("feed" in relations and not kind):
            continue
        href = link.get("href") or ""
        is_plain = kind in {"application/json", "text/xml", "application/xml"}
        if is_plain and not _FEED_HREF.search(href):
            continue
        rank = 7 if _NOT_A_FEED.search(href) or "comment" in (link.get("title") or "").lower() else 1
        yield from _candidate(href, base, title=link.get("title") or "", why="the page's feed link", rank=rank)


def _anchored(root: Element, base: str) -> Iterator[Candidate]:
    """Links that read like feeds, as pages that list an outlet's feeds have."""
    for anchor in root.iter("a"):
        href = anchor.get("href") or ""
        if _FEED_HREF.search(href) and not _NOT_A_FEED.search(href):
            yield from _candidate(href, base, title=" ".join(anchor.itertext("*"))[:300], why="a link that reads like a feed", rank=3)


def _candidate(href: str, base: str, *, title: str, why: str, rank: int) -> Iterator[Candidate]:
    try:
        url = resolve(href.strip(), base)
        canonical_url(url)
    except ValueError:
        return
    yield Candidate(kind=SourceKind.FEED, url=url, title=one_line(title)[:200], why=why, rank=rank)


def _best(found: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Each URL once, under its likeliest reason; likeliest first, else in the order found."""
    known: dict[str, Candidate] = {}
    for candidate in found:
        key = canonical_url(candidate.url)
        if key not in known or candidate.rank < known[key].rank:
            known[key] = candidate
    return tuple(sorted(known.values(), key=lambda candidate: candidate.rank)[:CANDIDATES_MAX])
