from __future__ import annotations

import contextlib
import gzip
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model import Outlet, Source, SourceKind
from crawler.sources import NeedsFallback, Unreadable, sitemap
from tests.readings import NOW, URL, item, rss
from tests.readings import read as read_kind

NEWS = (
    '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
)


def read(body: bytes | str, **options: object):  # type: ignore[no-untyped-def]  # noqa: ANN201
    return read_kind(body, kind="sitemap", **options)  # type: ignore[arg-type]


def urlset(*urls: str, opening: str = NEWS) -> str:
    return opening + "".join(f"<url>{url}</url>" for url in urls) + "</urlset>"


def test_a_news_sitemap_gives_titles_dates_and_pictures() -> None:
    found = read(
        urlset(
            "<loc> https://a.example/1?utm_source=map </loc><lastmod>2026-03-01T10:00:00Z</lastmod><news:news><news:publication><news:name>A</news:name>"
            "<news:language>zh-cn</news:language></news:publication><news:publication_date>2026-03-01T09:00:00+08:00</news:publication_date>"
            "<news:title>Chips &amp; more</news:title><news:keywords>chips, ai,</news:keywords><news:genres>Blog</news:genres></news:news>"
            "<image:image><image:loc>https://a.example/1.jpg</image:loc></image:image><priority>1</priority>"
        )
    )
    entry = found.entries[0]
    assert (entry.url, entry.title, entry.language, entry.tags) == ("https://a.example/1", "Chips & more", "zh-cn", ("chips", "ai"))
    assert entry.published_at == datetime(2026, 3, 1, 1, tzinfo=UTC)
    assert entry.modified_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert entry.image_url == "https://a.example/1.jpg"
    assert found.parser == "sitemap"


def test_a_plain_sitemap_gives_urls() -> None:
    found = read(urlset("<loc>https://a.example/1</loc>", "<loc>/2</loc>", "<loc/>", "<lastmod>2026-01-01</lastmod>", opening="<urlset>"))
    assert [entry.url for entry in found.entries] == ["https://a.example/1", "https://a.example/2"]
    assert [entry.title for entry in found.entries] == ["", ""]


def test_an_index_names_further_sitemaps_newest_first() -> None:
    found = read(
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<sitemap><loc>https://a.example/old.xml</loc><lastmod>2020-01-01</lastmod></sitemap>"
        "<sitemap><loc>https://a.example/2026/02/20.xml</loc></sitemap>"
        "<sitemap><loc>https://a.example/new.xml</loc><lastmod>2026-03-01</lastmod></sitemap>"
        "<sitemap><loc>https://a.example/undated.xml</loc></sitemap>"
        "<sitemap><loc>https://a.example/new.xml</loc><lastmod>2026-03-01</lastmod></sitemap>"
        "<sitemap><loc>ftp://a.example/x.xml</loc></sitemap></sitemapindex>"
    )
    assert found.further == ("https://a.example/undated.xml", "https://a.example/new.xml", "https://a.example/2026/02/20.xml")
    assert found.entries == ()
    assert "further sitemaps older than the window left out" in found.repairs
    assert "sitemaps left out since the URL has the scheme 'ftp', which is not fetched" in found.repairs


def test_of_a_long_list_what_is_older_than_the_window_is_left_out_and_counted() -> None:
    urls = [f"<loc>https://a.example/{n}</loc><lastmod>{(NOW - timedelta(days=n)):%Y-%m-%d}</lastmod>" for n in range(2_000)]
    found = read(urlset(*urls, "<loc>https://a.example/2020/01/01/x</loc>", "<loc>https://a.example/undated</loc>"))
    assert 13 <= len(found.entries) <= 16
    assert found.entries[-1].url == "https://a.example/undated"
    assert any(repair.startswith("older than the window left out (19") for repair in found.repairs)
    assert len(read(urlset(*urls[:1_000])).entries) == 1_000


def test_a_backfill_reads_all() -> None:
    body = urlset(*(f"<loc>https://a.example/{n}</loc><lastmod>2001-01-01</lastmod>" for n in range(1_500))).encode()
    found = sitemap.read_since(
        body,
        source=Source(source_id="a#1", outlet_id="a", kind=SourceKind.SITEMAP, url=URL),
        outlet=Outlet(outlet_id="a", name="A", home="https://a.example/"),
        url=URL,
        headers={},
        now=NOW,
        since=None,
    )
    assert len(found.entries) == 1_500


def test_zipped_sitemaps_are_unzipped() -> None:
    assert len(read(gzip.compress(urlset("<loc>https://a.example/1</loc>").encode())).entries) == 1


def test_a_zip_of_several_members_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = urlset(*(f"<loc>https://a.example/{n}</loc>" for n in range(9))).encode()
    zipped = gzip.compress(whole[:200]) + gzip.compress(whole[200:]) + b"padding"
    found = read(zipped)
    assert (len(found.entries), found.is_truncated) == (9, False)
    monkeypatch.setattr(sitemap, "UNPACKED_MAX", 200)
    assert read(zipped).is_truncated, "what the first member fills is full"
    monkeypatch.undo()
    assert read(zipped[:-30]).is_truncated
    assert read(gzip.compress(whole) + gzip.compress(b"") * 500).is_truncated, "members without end are not followed"


def test_a_zip_bomb_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "UNPACKED_MAX", 20_000)
    urls = [f"<loc>https://a.example/{n}</loc>" for n in range(5_000)]
    found = read(gzip.compress(urlset(*urls).encode()))
    assert found.is_truncated
    assert found.entries[0].url == "https://a.example/0"
    assert 0 < len(found.entries) < 5_000
    assert read(urlset(*urls)).is_truncated


def test_a_list_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "URLS_MAX", 5)
    found = read(urlset(*(f"<loc>https://a.example/{n}</loc>" for n in range(9))))
    assert (len(found.entries), found.is_truncated) == (5, True)
    assert not read(urlset(*(f"<loc>https://a.example/{n}</loc>" for n in range(5)))).is_truncated, "a list of just as many is whole"
    assert read("\n".join(f"https://a.example/{n}" for n in range(6))).is_truncated
    monkeypatch.setattr(sitemap, "FURTHER_MAX", 2)
    index = "<sitemapindex>" + "".join(f"<sitemap><loc>https://a.example/{n}.xml</loc></sitemap>" for n in range(4)) + "</sitemapindex>"
    assert len(read(index).further) == 2


def test_a_long_sitemap_is_read_in_pieces_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    news = "<news:news><news:publication_date>2026-03-01</news:publication_date><news:title>Day &amp; night {n}</news:title></news:news>"
    body = urlset(*(f"<loc>https://a.example/{n}</loc>{news.format(n=n)}" for n in range(700)))
    index = "<sitemapindex>" + "".join(f"<sitemap><loc>https://a.example/{n}.xml</loc></sitemap>" for n in range(700)) + "</sitemapindex>"
    whole = [read(each) for each in (body, index)]
    monkeypatch.setattr(sitemap, "_PIECES_OVER", 1_000)
    assert [read(each) for each in (body, index)] == whole
    assert (len(whole[0].entries), whole[0].repairs, len(whole[1].further)) == (700, (), 700)


def test_a_text_of_urls_is_a_sitemap() -> None:
    found = read("https://a.example/1\n\nhttps://a.example/2\n")
    assert [entry.url for entry in found.entries] == ["https://a.example/1", "https://a.example/2"]


def test_a_feed_may_serve_as_sitemap() -> None:
    assert [entry.title for entry in read(rss(item())).entries] == ["Good 1"]


def test_one_bad_url_never_loses_the_sitemap() -> None:
    found = read(urlset("<loc>https://a.example/1</loc>", "<loc>https://a.example/x<b></loc>", "<loc>https://a.example/3</loc>"))
    assert {"https://a.example/1", "https://a.example/3"} <= {entry.url for entry in found.entries}
    assert any(repair.startswith("not well-formed") for repair in found.repairs)


def test_a_wrong_charset_is_mended_with_a_word() -> None:
    body = urlset("<loc>https://a.example/1</loc><news:news><news:title>Größe</news:title></news:news>").encode("cp1252")
    found = read(body, language="de")
    assert found.entries[0].title == "Größe"
    assert "though labelled utf-8" in found.repairs[0]


@pytest.mark.parametrize(
    "body", ["", "<html><body>404</body></html>", "not found", b"\x1f\x8bdamaged", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0)]
)
def test_what_is_no_sitemap_is_unreadable(body: bytes | str) -> None:
    with pytest.raises(Unreadable):
        read(body)


FRAGMENTS = st.sampled_from(
    ["<urlset>", "</urlset>", "<url>", "</url>", "<loc>", "</loc>", "https://a.example/1", "<sitemapindex>", "<sitemap>", "</sitemap>", "<lastmod>", "2026-02-01", "</lastmod>", "&", "<b>", "\x00"]
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(FRAGMENTS, max_size=20).map("".join).map(str.encode) | st.binary(max_size=200) | st.binary(max_size=100).map(gzip.compress))
def test_whatever_the_bytes_a_sitemap_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(Unreadable, NeedsFallback):
        assert all(entry.key for entry in read(body).entries)
