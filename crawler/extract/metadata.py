"""What a page says of itself: title, dates, authors, canonical URL, section, tags, image, paywall. Each by a ladder, the surest rung first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lxml.html import HtmlElement

from crawler.clean import one_line
from crawler.extract import jsonld
from crawler.extract.teaser import outlet_country, result_time, safe_canonical, sane_time
from crawler.model import Arrival, Page
from crawler.sources.dates import parse_date
from crawler.urls import host_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What was found; empty where the page is silent."""

    title: str = ""
    published_at: datetime | None = None
    modified_at: datetime | None = None
    authors: tuple[str, ...] = ()
    canonical_url: str | None = None
    site_name: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image_url: str | None = None
    language: str = ""
    is_paywalled: bool = False


def read(root: HtmlElement, arrival: Arrival) -> Metadata:
    """Return what the page says of itself."""
    page = arrival.result
    assert isinstance(page, Page)
    meta = _meta(root)
    title = one_line(meta.get("og:title", "") or root.findtext(".//title") or "")
    canonical = _canonical(root, meta, page.final_url)
    nodes = jsonld.nodes(root)
    node = jsonld.article(nodes, urls=[page.final_url, canonical or ""], titles=[title]) or {}
    country, now = outlet_country(arrival.outlet), result_time(arrival)
    dates = (jsonld.text(node.get("datePublished")), meta.get("article:published_time", ""), meta.get("date", ""))
    published = next((at for text in dates if (at := sane_time(parse_date(text, country=country), before=now))), None)
    return Metadata(
        title=jsonld.text(node.get("headline")) or title,
        published_at=published,
        authors=tuple(jsonld.strings(node.get("author"))),
        canonical_url=canonical,
        site_name=meta.get("og:site_name"),
        language=root.get("lang") or "",
    )


def _meta(root: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = element.get("content")
        if name and content:
            found.setdefault(name.lower(), one_line(content))
    return found


def _canonical(root: HtmlElement, meta: dict[str, str], url: str) -> str | None:
    links = [link.get("href") or "" for link in root.iter("link") if (link.get("rel") or "").lower() == "canonical"]
    for said in (*links, meta.get("og:url", "")):
        found = safe_canonical(said, url) if said else None
        if found and host_key(found) == host_key(url):
            return found
    return safe_canonical(url, url)
