from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import opml
from crawler.model import Outlet, Source, SourceKind
from crawler.sources import Unreadable

LIST = """<?xml version="1.0" encoding="UTF-8"?><!-- <opml> --><opml version="1.1"><head><title>Mine</title></head><body>
<outline text="News"><outline text="China &amp; more"><outline text="A &uuml;" type="rss" xmlUrl="https://a.example/rss?a=1&b=2" htmlUrl="https://a.example/" language="de"/>
</outline></outline><outline TITLE="B" XMLURL="feed://b.example/atom.xml"/><outline xmlUrl="feed:https://c.example/rss"/>
<outline text="again" xmlUrl="https://A.example/rss?a=1&amp;b=2"/><outline text="bad" xmlUrl="file:///x"/><outline text="folder"/></body></opml>"""


def test_feeds_are_read_from_all_folders_once_each() -> None:
    assert opml.read(LIST.encode()) == opml.FeedList(
        feeds=(
            opml.Outline(name="A ü", url="https://a.example/rss?a=1&b=2", home="https://a.example/", language="de"),
            opml.Outline(name="B", url="http://b.example/atom.xml"),
            opml.Outline(url="https://c.example/rss"),
            opml.Outline(name="bad", url="file:///x"),
        )
    )


def test_a_list_that_breaks_off_says_so_and_gives_what_it_holds() -> None:
    found = opml.read(LIST[: LIST.index('<outline text="again')].encode())
    assert found.error
    assert [feed.name for feed in found.feeds] == ["A ü", "B", ""]


def test_a_list_without_end_is_read_that_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opml, "FEEDS_MAX", 2)
    found = opml.read(LIST.encode())
    assert (len(found.feeds), found.beyond) == (2, 2)


def test_declared_entities_are_plain_text_and_none_else_is_expanded() -> None:
    bomb = '<!DOCTYPE opml [<!ENTITY a "Kleine"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    (found,) = opml.read(f'{bomb}<opml><body><outline text="&a; &b; &c;" xmlUrl="https://a.example/f"/></body></opml>'.encode()).feeds
    assert found.name == "Kleine &b; &c;"


def test_an_export_can_be_imported() -> None:
    def outlet(name: str, country: str, *kinds: SourceKind) -> Outlet:
        outlet_id = name.lower().strip('"')[0]
        sources = tuple(
            Source(
                source_id=f"{outlet_id}#{n}",
                outlet_id=outlet_id,
                kind=kind,
                url=f"https://{outlet_id}.example/{n}?a=1&b=2",
                section="Tech" if n else None,
            )
            for n, kind in enumerate(kinds)
        )
        return Outlet(
            outlet_id=outlet_id,
            name=name,
            home=f"https://{outlet_id}.example/",
            country=country,
            language="de" if country else "",
            sources=sources,
        )

    written = opml.write(
        [outlet('"A"&<b>', "DE", SourceKind.FEED, SourceKind.FEED), outlet("B", "", SourceKind.FEED, SourceKind.SITEMAP), outlet("C", "CH")]
    )
    found = opml.read(written.encode())
    assert not found.error
    assert [(o.name, o.url, o.home, o.language) for o in found.feeds] == [
        ('"A"&<b>', "https://a.example/0?a=1&b=2", "https://a.example/", "de"),
        ('"A"&<b>: Tech', "https://a.example/1?a=1&b=2", "https://a.example/", "de"),
        ("B", "https://b.example/0?a=1&b=2", "https://b.example/", ""),
    ]
    assert written.index('text="DE"') < written.index('text="other"')


@pytest.mark.parametrize("body", [b"", b"<rss/>", b"<html>"])
def test_what_is_no_list_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        opml.read(body)


@given(st.binary(max_size=200))
def test_whatever_the_bytes_a_list_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(Unreadable):
        opml.read(b"<opml>" + body)
