"""Reads invented sources as the crawler does, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from crawler import sources
from crawler.model import Outlet, Source, SourceKind, SourceRead

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://a.example/news/feed.xml"


def read(
    body: bytes | str,
    *,
    kind: str = "feed",
    url: str = URL,
    headers: Mapping[str, str] | None = None,
    language: str = "",
    country: str = "",
    fields: Mapping[str, str] | None = None,
    link_pattern: str | None = None,
    section: str | None = None,
) -> SourceRead:
    """Read a body as a source of the kind."""
    outlet = Outlet(outlet_id="a", name="A", home="https://a.example/", language=language, country=country)
    source = Source(
        source_id="a#00000000",
        outlet_id="a",
        kind=SourceKind(kind),
        url=url,
        fields=fields or {},
        link_pattern=link_pattern,
        section=section,
    )
    data = body.encode() if isinstance(body, str) else body
    return sources.load(kind)(data, source=source, outlet=outlet, url=url, headers=headers or {}, now=NOW)


def rss(items: str, *, channel: str = "", opening: str = '<rss version="2.0">') -> str:
    """An RSS document around items."""
    return f'<?xml version="1.0" encoding="utf-8"?>\n{opening}<channel><title>A</title>{channel}{items}</channel></rss>'


def item(number: int = 1, inner: str = "") -> str:
    """A good RSS item."""
    return f"<item><title>Good {number}</title><link>https://a.example/{number}</link>{inner}</item>"
