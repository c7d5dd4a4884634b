from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import feedparser
import pytest

from crawler import sources
from crawler.model import Outlet, Source, SourceKind, SourceRead
from crawler.sources import Unreadable, feed_fallback
from tests.readings import NOW, URL

CDF = (
    '<?xml version="1.0"?><CHANNEL HREF="https://a.example/"><TITLE>A</TITLE><ITEM HREF="https://a.example/1" LASTMOD="2026-02-01T00:00Z">'
    "<TITLE>One &amp;amp; two</TITLE><ABSTRACT>&lt;p&gt;Text&lt;/p&gt;</ABSTRACT></ITEM></CHANNEL>"
)


def read(body: str | bytes, headers: Mapping[str, str] | None = None) -> SourceRead:
    return feed_fallback.read(
        body.encode() if isinstance(body, str) else body,
        source=Source(source_id="a#1", outlet_id="a", kind=SourceKind.FEED, url=URL),
        outlet=Outlet(outlet_id="a", name="A", home="https://a.example/", language="de"),
        url=URL,
        headers=headers or {},
        now=NOW,
    )


def test_what_only_the_second_reader_knows_is_read() -> None:
    found = read(CDF)
    entry = found.entries[0]
    assert (entry.title, entry.url, entry.summary) == ("One & two", "https://a.example/1", "Text")
    assert entry.modified_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert (found.parser, found.title) == ("feedparser", "A")


def test_every_field_of_a_feed_is_brought_along() -> None:
    found = read(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>A</title><entry><title>T</title><id>tag:a,1</id><link href="/1"/>'
        "<published>2026-02-01T00:00:00Z</published><content type='html'>&lt;p&gt;Lang&lt;/p&gt;</content><summary>Kurz</summary>"
        "<author><name>Jo</name></author><author><email>x@a.example</email></author><category term='ki' label='KI'/></entry></feed>"
    )
    entry = found.entries[0]
    assert (entry.guid, entry.url, entry.text, entry.summary) == ("tag:a,1", "https://a.example/1", "Lang", "Kurz")
    assert (entry.authors, entry.tags, entry.published_at) == (("Jo",), ("KI",), datetime(2026, 2, 1, tzinfo=UTC))
    assert found.language == "de"


def test_a_wrong_charset_is_mended_first() -> None:
    found = read("<rss><channel><item><title>Größe</title></item></channel></rss>".encode("cp1252"))
    assert found.entries[0].title == "Größe"
    assert found.repairs


@pytest.mark.parametrize("body", ["", "words", "<html><body>x</body></html>", "\x00\x01"])
def test_what_neither_reader_knows_is_unreadable(body: str) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_the_second_readers_own_failures_are_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("unreachable state")

    monkeypatch.setattr(feedparser, "parse", fail)
    with pytest.raises(Unreadable, match="feedparser gave up: AssertionError"):
        read(CDF)


@pytest.mark.parametrize("kind", list(SourceKind))
def test_every_kind_of_source_has_its_reader(kind: SourceKind) -> None:
    assert callable(sources.load(kind))
    assert sources.load(kind.value) is sources.load(kind)


def test_a_kind_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="not a valid SourceKind"):
        sources.load("document")
