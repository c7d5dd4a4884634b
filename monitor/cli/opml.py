"""Reads and writes OPML, the list of feeds that feed readers exchange."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from lxml import etree

from crawler.model import Outlet, SourceKind

_MOST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed of a list: its publication's name and home as far as the list says."""

    name: str
    url: str
    home: str
    language: str = ""


def read(data: bytes) -> list[Feed]:
    """Return the feeds of a list, each URL once; raises ValueError where it is no OPML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(f"it is no OPML: {error}") from None
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise ValueError("it is no OPML: the document does not begin with <opml>")
    found: dict[str, Feed] = {}
    for outline in root.iter("outline"):
        said = {key.lower(): value.strip() for key, value in outline.attrib.items()}
        url = said.get("xmlurl", "")
        if url and len(found) < _MOST:
            found.setdefault(url, _feed(url, said))
    return list(found.values())


def _feed(url: str, said: dict[str, str]) -> Feed:
    parts = urlsplit(url)
    home = said.get("htmlurl") or f"{parts.scheme}://{parts.netloc}"
    name = " ".join((said.get("title") or said.get("text") or parts.netloc).split())
    return Feed(name=name, url=url, home=home, language=said.get("language", ""))


def write(outlets: Iterable[Outlet]) -> str:
    """Return a list of every feed of outlets; other kinds of sources are none a feed reader knows."""
    rows = [
        f'    <outline type="rss" text={quoteattr(_title(o, s.section))} title={quoteattr(_title(o, s.section))}'
        f" xmlUrl={quoteattr(s.url)} htmlUrl={quoteattr(o.home)}" + (f" language={quoteattr(o.language)}" if o.language else "") + "/>"
        for o in outlets
        for s in o.sources
        if s.kind is SourceKind.FEED
    ]
    head = '<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0">\n  <head><title>Presswatch</title></head>\n  <body>\n'
    return head + "".join(f"{row}\n" for row in rows) + "  </body>\n</opml>\n"


def _title(outlet: Outlet, section: str | None) -> str:
    return f"{outlet.name}: {section}" if section else outlet.name
