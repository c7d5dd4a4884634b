from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.sources import document, elements
from crawler.sources.document import Repairs

ROOTS = document.root_pattern("rss", "feed")


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        (b"<rss>", b"<rss>"),
        (b'<?xml version="1.0"?>\n<RSS version="2.0"/>', b'<RSS version="2.0"/>'),
        (b"<!-- <rss> --><feed>", b"<feed>"),
        (b"<!-- a --><!-- <feed> --> junk <x:rss >", b"<x:rss >"),
        (b"<rssfeed><rss>", b"<rss>"),
    ],
)
def test_the_root_is_found_past_whatever_stands_before_it(data: bytes, rest: bytes) -> None:
    assert data[document.find_root(data, ROOTS) :] == rest


@pytest.mark.parametrize("data", [b"", b"<html>", b"<!-- <rss>", b"rss"])
def test_without_a_root_there_is_none(data: bytes) -> None:
    assert document.find_root(data, ROOTS) == -1


@given(st.binary(max_size=200))
def test_cleaning_never_raises_and_is_done_once(data: bytes) -> None:
    cleaned = document.clean(data, Repairs())
    again = Repairs()
    if b"<![CDATA[" not in cleaned:
        document.clean(cleaned, again)
        assert not again.counts.get("bare ampersands escaped")
        assert not again.counts.get("control characters dropped")


def test_ampersands_in_cdata_stay_as_they_are() -> None:
    repairs = Repairs()
    cleaned = document.clean(b"<a>x&y <![CDATA[a=1&b=2&nbsp;]]> &uuml;<![CDATA[&]]>&</a>", repairs)
    assert cleaned == "<a>x&amp;y <![CDATA[a=1&b=2&nbsp;]]> ü<![CDATA[&]]>&amp;</a>".encode()
    assert repairs.lines() == ("bare ampersands escaped (2)",)


def test_references_that_xml_takes_are_left_alone() -> None:
    legal = b"<a>&amp;&lt;&#8217;&#x2019;&#x1F600;&#128512;&#9;&#10;&#xE000;&#55000;&#x10FFFF;</a>"
    repairs = Repairs()
    assert document.parse(document.clean(legal, repairs)).root.text == "&<’’😀😀\t\n\ue000\ud6d8\U0010ffff"
    assert repairs.lines() == ()


@given(st.integers(0, 0x120000), st.booleans())
def test_every_number_is_a_character_or_dropped(code: int, is_hex: bool) -> None:  # noqa: FBT001
    written = f"<a>&#{f'x{code:x}' if is_hex else code};</a>".encode()
    found = document.parse(document.clean(written, Repairs()))
    assert found.is_whole
    assert found.root.text is None or len(found.root.text) <= 1


def test_nothing_outside_the_document_is_ever_read() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    found = document.parse(bomb)
    assert "root:" not in "".join(found.root.itertext())


def test_an_empty_document_has_an_empty_root() -> None:
    found = document.parse(b"")
    assert len(found.root) == 0
    assert not found.is_whole


def test_salvaging_a_document_without_items_yields_its_head() -> None:
    roots = list(document.salvage(b"<rss><channel><b></channel></rss>", ("item",), Repairs()))
    assert [root.tag for root in roots] == ["rss"]


def test_items_that_text_only_quotes_are_not_items() -> None:
    data = b"<rss><item><t><![CDATA[<item>quoted</item>]]></t></item><b></rss><item><![CDATA[open"
    roots = list(document.salvage(data, ("item",), Repairs()))
    assert sum(len(root.findall(".//item")) for root in roots) == 1


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("title", "title"),
        ("pubDate", "pubdate"),
        ("{http://purl.org/rss/1.0/}title", "title"),
        ("{http://www.w3.org/2005/Atom}entry", "entry"),
        ("{https://www.w3.org/2005/Atom}entry", "entry"),
        ("{http://purl.org/dc/elements/1.1/}date", "dc:date"),
        (" {urn:own}title".strip(), "title"),
        ("{urn:other}title", ""),
        ("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Seq", ""),
        ("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li", "rdf:li"),
        ("dc:date", "dc:date"),
        ("rss:item", "item"),
        ("foo:item", ""),
        (None, ""),
    ],
)
def test_element_names_mean_what_their_namespace_says(tag: object, name: str) -> None:
    assert elements.name_of(tag, "urn:own") == name
