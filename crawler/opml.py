"""Lists of feeds as OPML: what other readers export, and what they import."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from crawler.clean import one_line
from crawler.model import Outlet, SourceKind
from crawler.sources import Unreadable
from crawler.sources.decode import to_utf8
from crawler.sources.document import Element, Repairs, clean, find_root, own_entities, parse, root_pattern
from crawler.urls import canonical_url

FEEDS_MAX = 10_000

_ROOTS = root_pattern("opml")
_FEED_SCHEME = re.compile(r"feed:(?://)?(https?:)?", re.IGNORECASE)
_NAME_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of a list as it stands there: ``url`` may be none that can be fetched, ``name``, ``home`` and ``language`` are empty where not given."""

    url: str
    name: str = ""
    home: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedList:
    """The feeds of a list; ``error`` says where it is broken and may miss some, ``beyond`` counts those after the first ``FEEDS_MAX``."""

    feeds: tuple[Outline, ...]
    error: str = ""
    beyond: int = 0


def read(body: bytes) -> FeedList:
    """Return every feed of a list once, in order, however deep in folders; raises Unreadable on what is no OPML."""
    data = to_utf8(body).data
    at = find_root(data, _ROOTS)
    if at < 0:
        raise Unreadable("no OPML: it has no <opml> element")
    document = parse(clean(data[at:], Repairs(), own_entities(data[:at])))
    found: dict[str, Outline] = {}
    for outline in _outlines(document.root):
        found.setdefault(known_as(outline.url), outline)
    feeds = tuple(found.values())
    return FeedList(feeds=feeds[:FEEDS_MAX], error="" if document.is_whole else document.error, beyond=max(len(feeds) - FEEDS_MAX, 0))


def known_as(url: str) -> str:
    """Return what tells feeds apart: the canonical URL, or what is written where there is none."""
    try:
        return canonical_url(url)
    except ValueError:
        return url


def write(outlets: Iterable[Outlet]) -> str:
    """Return the feeds of outlets as OPML 2.0, a folder for each country; only what other readers can poll."""
    folders: dict[str, list[str]] = {}
    for outlet in outlets:
        for source in outlet.sources:
            if source.kind is SourceKind.FEED:
                folders.setdefault(outlet.country or "other", []).append(_line(outlet, source.url, source.section))
    body = "".join(f"    <outline text={quoteattr(folder)}>\n{''.join(lines)}    </outline>\n" for folder, lines in sorted(folders.items()))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n  <head>\n    <title>Presswatch</title>\n  </head>\n'
    return f"{head}  <body>\n{body}  </body>\n</opml>\n"


def _line(outlet: Outlet, url: str, section: str | None) -> str:
    name = quoteattr(one_line(f"{outlet.name}: {section}" if section else outlet.name))
    language = f" language={quoteattr(outlet.language)}" if outlet.language else ""
    return f'      <outline type="rss" text={name} title={name} xmlUrl={quoteattr(url)} htmlUrl={quoteattr(outlet.home)}{language}/>\n'


def _outlines(root: Element) -> Iterator[Outline]:
    """Walk the outlines that name a feed; element and attribute names are taken without regard to case, as writers do."""
    for node in root.iter():
        if not isinstance(node.tag, str) or node.tag.lower() != "outline":
            continue
        said = {str(name).lower(): one_line(str(value)) for name, value in node.attrib.items()}
        url = said.get("xmlurl", "")
        if url:
            yield Outline(
                url=_fetchable(url),
                name=(said.get("title") or said.get("text") or "")[:_NAME_MAX],
                home=said.get("htmlurl", ""),
                language=said.get("language", ""),
            )


def _fetchable(url: str) -> str:
    """``feed://host`` stands for http, ``feed:https://host`` for what follows."""
    scheme = _FEED_SCHEME.match(url)
    return url if scheme is None else (scheme[1] or "http://") + url[scheme.end() :]
