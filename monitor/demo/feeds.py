"""How an outlet of the newsstand lists its articles: RSS 2.0, RDF, Atom, JSON Feed, sitemap, section page, JSON listing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from crawler.model import SourceKind
from monitor.demo.script import Door, Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article as a list shows it."""

    url: str
    guid: str
    headline: str
    lead: str
    author: str
    section: str
    published_at: datetime
    modified_at: datetime


Build = Callable[[Paper, str, Sequence[Item]], str]

_XML_TYPES = {"rss": "application/rss+xml", "rdf": "application/rdf+xml", "atom": "application/atom+xml"}


def listing(door: Door, paper: Paper, base: str, items: Sequence[Item]) -> tuple[str, str]:
    """Return a source's document and its media type; newest item first."""
    if door.kind is SourceKind.FEED:
        return _FORMS[door.form](paper, base, items), _XML_TYPES.get(door.form, "application/feed+json")
    build, kind = _KINDS[door.kind]
    return build(paper, base, items), kind


def _rss(paper: Paper, base: str, items: Sequence[Item]) -> str:
    rows = "".join(
        f"<item><title>{escape(i.headline)}</title><link>{escape(i.url)}</link><description>{escape(i.lead)}</description>"
        f"<dc:creator>{escape(i.author)}</dc:creator><category>{escape(i.section)}</category>"
        f'<pubDate>{format_datetime(i.published_at)}</pubDate><guid isPermaLink="false">{escape(i.guid)}</guid></item>\n'
        for i in items
    )
    return (
        f'{_declaration(paper)}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>{escape(paper.name)}</title>'
        f"<link>{escape(base)}/</link><description>{escape(paper.notice)}</description><language>{paper.language}</language>\n{rows}</channel></rss>\n"
    )


def _rdf(paper: Paper, base: str, items: Sequence[Item]) -> str:
    parts = "".join(f"<rdf:li rdf:resource={quoteattr(i.url)}/>" for i in items)
    rows = "".join(
        f"<item rdf:about={quoteattr(i.url)}><title>{escape(i.headline)}</title><link>{escape(i.url)}</link>"
        f"<description>{escape(i.lead)}</description><dc:date>{i.published_at.isoformat()}</dc:date>"
        f"<dc:creator>{escape(i.author)}</dc:creator><dc:subject>{escape(i.section)}</dc:subject></item>\n"
        for i in items
    )
    return (
        f'{_declaration(paper)}<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about={quoteattr(base + "/")}><title>{escape(paper.name)}</title>'
        f"<link>{escape(base)}/</link><description>{escape(paper.notice)}</description><dc:language>{paper.language}</dc:language>"
        f"<items><rdf:Seq>{parts}</rdf:Seq></items></channel>\n{rows}</rdf:RDF>\n"
    )


def _atom(paper: Paper, base: str, items: Sequence[Item]) -> str:
    rows = "".join(
        f'<entry><title>{escape(i.headline)}</title><link rel="alternate" href={quoteattr(i.url)}/><id>{escape(i.guid)}</id>'
        f"<summary>{escape(i.lead)}</summary><author><name>{escape(i.author)}</name></author><category term={quoteattr(i.section)}/>"
        f"<published>{i.published_at.isoformat()}</published><updated>{i.modified_at.isoformat()}</updated></entry>\n"
        for i in items
    )
    updated = max((i.modified_at for i in items), default=None)
    stamp = f"<updated>{updated.isoformat()}</updated>" if updated else ""
    return (
        f'{_declaration(paper)}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{paper.language}"><title>{escape(paper.name)}</title>'
        f'<id>{escape(base)}/</id><link href="{escape(base)}/"/>{stamp}\n{rows}</feed>\n'
    )


def _json_feed(paper: Paper, base: str, items: Sequence[Item]) -> str:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": paper.name,
        "home_page_url": f"{base}/",
        "language": paper.language,
        "items": [
            {
                "id": i.guid,
                "url": i.url,
                "title": i.headline,
                "summary": i.lead,
                "content_text": i.lead,
                "authors": [{"name": i.author}],
                "tags": [i.section],
                "date_published": i.published_at.isoformat(),
                "date_modified": i.modified_at.isoformat(),
            }
            for i in items
        ],
    }
    return json.dumps(document, ensure_ascii=False)


def _sitemap(paper: Paper, _base: str, items: Sequence[Item]) -> str:
    rows = "".join(
        f"<url><loc>{escape(i.url)}</loc><lastmod>{i.modified_at.isoformat()}</lastmod><news:news><news:publication>"
        f"<news:name>{escape(paper.name)}</news:name><news:language>{paper.language.partition('-')[0]}</news:language></news:publication>"
        f"<news:publication_date>{i.published_at.isoformat()}</news:publication_date><news:title>{escape(i.headline)}</news:title></news:news></url>\n"
        for i in items
    )
    return (
        f'{_declaration(paper)}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{rows}</urlset>\n'
    )


def _section_page(paper: Paper, base: str, items: Sequence[Item]) -> str:
    links = "\n".join(
        f'<article class="teaser"><h3><a href={quoteattr(i.url.removeprefix(base))}>{escape(i.headline)}</a></h3><p>{escape(i.lead)}</p></article>'
        for i in items
    )
    menu = " ".join(f'<a href="/thema/{n}">{escape(name)}</a>' for n, name in enumerate(paper.sections))
    return (
        f'<!doctype html>\n<html lang="{paper.language}"><head><meta charset="{paper.declared}"><title>{escape(paper.name)}</title></head>'
        f'<body><nav>{menu}</nav><main>\n{links}\n</main><footer><p>{escape(paper.notice)}</p><a href="/impressum">i</a></footer></body></html>\n'
    )


def _json_listing(_paper: Paper, _base: str, items: Sequence[Item]) -> str:
    rows = [
        {"title": i.headline, "link": i.url, "abstract": i.lead, "date": i.published_at.isoformat(), "id": i.guid, "by": i.author}
        for i in items
    ]
    return json.dumps({"count": len(rows), "results": rows}, ensure_ascii=False)


def _declaration(paper: Paper) -> str:
    return f'<?xml version="1.0" encoding="{paper.declared}"?>\n'


_FORMS: Mapping[str, Build] = {"rss": _rss, "rdf": _rdf, "atom": _atom, "json": _json_feed}
_KINDS: Mapping[SourceKind, tuple[Build, str]] = {
    SourceKind.SITEMAP: (_sitemap, "application/xml"),
    SourceKind.LISTING: (_section_page, "text/html"),
    SourceKind.JSON_API: (_json_listing, "application/json"),
}
JSON_API_FIELDS = {
    "items": "results",
    "title": "title",
    "url": "link",
    "summary": "abstract",
    "published": "date",
    "guid": "id",
    "authors": "by",
}
