from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import discovery
from crawler.model import SourceKind
from crawler.sources import Unreadable
from tests.readings import NOW, read, rss

HOME = "https://www.a.example/"
PAGE = """<!DOCTYPE html><html><head><title>A – news</title><base href="/de/">
<link rel="alternate" type="application/rss+xml" title="All" href="/rss.xml">
<link rel="alternate" type="application/atom+xml;charset=utf-8" href="atom.xml">
<link rel="alternate" type="application/rss+xml" title="Comments Feed" href="/comments/feed/">
<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/7">
<link rel="alternate" type="application/json" href="/feed.json">
<link rel="feed" href="/plain-feed">
<link rel="alternate" type="text/html" hreflang="fr" href="/fr/">
<link rel="alternate" type="application/rss+xml" href="http://[">
<link rel="stylesheet" href="/style.css">
</head><body><a href="/service/rss/">RSS</a><a href="/rss.xml?utm_source=page">the same</a><a href="/news/feed-the-poor.html">no feed</a>
<a href="/technologie.rss">Tech <b>feed</b></a><a href="/feed.css">css</a></body></html>""".encode()


def test_a_home_page_offers_its_feeds_and_itself() -> None:
    found = discovery.from_page(PAGE, url=HOME)
    assert [(c.url, c.kind) for c in found] == [
        ("https://www.a.example/rss.xml", SourceKind.FEED),
        ("https://www.a.example/de/atom.xml", SourceKind.FEED),
        ("https://www.a.example/feed.json", SourceKind.FEED),
        ("https://www.a.example/plain-feed", SourceKind.FEED),
        ("https://www.a.example/service/rss/", SourceKind.FEED),
        ("https://www.a.example/technologie.rss", SourceKind.FEED),
        ("https://www.a.example/comments/feed/", SourceKind.FEED),
        ("https://www.a.example/", SourceKind.LISTING),
    ]
    assert (found[0].title, found[0].why) == ("All", "the page's feed link")
    assert found[5].title == "Tech feed"
    assert found[-1].title == "A – news"


def test_a_base_that_is_none_is_passed_over() -> None:
    found = discovery.from_page(PAGE.replace(b'href="/de/"', b'href="http://["'), url=HOME)
    assert found[1].url == "https://www.a.example/atom.xml"


def test_robots_txt_names_sitemaps_those_for_news_first() -> None:
    text = "User-agent: *\nDisallow: /x\nSitemap: /sitemap.xml\nSITEMAP : https://b.example/news-map.xml\nSitemap: http://[\nSitemap: /sitemap.xml\n"
    found = discovery.from_robots(text, url="https://www.a.example/robots.txt")
    assert [c.url for c in found] == ["https://b.example/news-map.xml", "https://www.a.example/sitemap.xml"]
    assert {c.kind for c in found} == {SourceKind.SITEMAP}


def test_well_known_paths_are_tried_where_nothing_is_said() -> None:
    found = discovery.well_known("https://www.a.example/some/page")
    assert "https://www.a.example/feed" in {c.url for c in found}
    assert "https://www.a.example/sitemap.xml" in {c.url for c in found}


def test_all_that_is_known_comes_together_once_each() -> None:
    found = discovery.candidates(url=HOME, page=PAGE, headers={"content-type": "text/html"}, robots="Sitemap: /sitemap.xml")
    urls = [c.url for c in found]
    assert len(urls) == len(set(urls))
    assert urls[0] == "https://www.a.example/rss.xml"
    assert next(c for c in found if c.url.endswith("/sitemap.xml")).why == "robots.txt"
    without = discovery.candidates(url=HOME, page=b"", robots=None)
    assert without == discovery.candidates(url=HOME)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (rss("<item><title>x</title></item>").encode(), SourceKind.FEED),
        ("\ufeff<feed xmlns='http://www.w3.org/2005/Atom'/>".encode("utf-16"), SourceKind.FEED),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', SourceKind.FEED),
        (b"<?xml version='1.0'?><!-- <rss> --><sitemapindex/>", SourceKind.SITEMAP),
        (PAGE, None),
    ],
)
def test_an_address_that_is_a_source_itself_is_taken_for_one(body: bytes, kind: SourceKind | None) -> None:
    first = discovery.candidates(url=HOME + "latest?id=7", page=body)[0]
    if kind is None:
        assert first.why != "the address itself"
    else:
        assert (first.kind, first.url, first.why) == (kind, HOME + "latest?id=7", "the address itself")


def test_what_is_no_page_offers_nothing() -> None:
    with pytest.raises(Unreadable):
        discovery.from_page(b"", url=HOME)


def test_a_source_says_what_it_holds() -> None:
    items = "".join(
        f"<item><title>{n}</title><link>/{n}</link><pubDate>{NOW - timedelta(hours=6 * n):%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
        f"<dc:language>de</dc:language></item>"
        for n in range(8)
    )
    held = discovery.holdings(read(rss(items)), NOW)
    assert (held.entries, held.newest_at, held.per_day) == (8, NOW, 4.0)
    assert (held.dated, held.with_title, held.with_text, held.language) == (1.0, 1.0, 0.0, "de")
    assert held.is_alive


def test_a_long_list_tells_the_rate_of_its_last_week() -> None:
    items = "".join(
        f"<item><link>/{n}</link><pubDate>{NOW - timedelta(days=n):%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>" for n in range(28)
    )
    assert discovery.holdings(read(rss(items)), NOW).per_day == pytest.approx(8 / 7)


def test_an_empty_or_undated_source_is_not_alive() -> None:
    empty = discovery.holdings(read(rss("")), NOW)
    undated = discovery.holdings(read(rss("<item><link>/1</link></item>")), NOW)
    once = discovery.holdings(read(rss("<item><link>/1</link><pubDate>Sun, 01 Feb 2026 00:00:00 GMT</pubDate></item>")), NOW)
    assert not empty.is_alive
    assert not undated.is_alive
    assert (once.is_alive, once.per_day, once.language) == (True, None, None)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=200))
def test_whatever_the_page_discovery_goes_on(page: bytes, robots: str) -> None:
    assert discovery.candidates(url=HOME, page=page, robots=robots)
