from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.clean import clean_text, one_line, plain_text, title_text

ODD = st.text(max_size=80) | st.lists(
    st.sampled_from(["<p>", "</p>", "<br/>", "<script>", "</script>", "<!--", "-->", "<", ">", "&amp;", "&", "&#0;", "a", "ü", "\x00", "\ud800", " ", "\n", "<B class='x>y'>", "<![CDATA["]),
    max_size=20,
).map("".join)  # fmt: skip


@given(ODD)
def test_clean_text_holds_nothing_that_harms_and_is_clean_already(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not [c for c in cleaned if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"]
    cleaned.encode("utf-8")


@given(ODD)
def test_plain_text_and_titles_are_clean(markup: str) -> None:
    for text in (plain_text(markup), title_text(markup), one_line(markup)):
        assert clean_text(text) == text
    assert "\n" not in title_text(markup)
    assert "\n\n" not in plain_text(markup)


def test_line_ends_are_one_kind() -> None:
    assert clean_text("a\r\nb\rc\td") == "a\nb\nc\td"


def test_directions_and_joiners_are_kept() -> None:
    text = "\u202eabc\u202c 👩\u200d👩"
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a & b", "a & b"),
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("One<br>Two<BR/>Three", "One\nTwo\nThree"),
        ("<ul><li>a</li> <li>b</li></ul>", "a\nb"),
        ("in<b>li</b>ne", "inline"),
        ("<xhtml:p>One</xhtml:p>Two", "One\nTwo"),
        ("a<style>p{}</style>b<SCRIPT src=x>y<z></SCRIPT>c", "abc"),
        ("a<script>never closed", "a"),
        ("a<!-- <p>x</p> -->b<!DOCTYPE x>c<?php y ?>d", "abcd"),
        ("a<!-- never closed", "a"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("&lt;p&gt;", "<p>"),
        ("a&nbsp;&nbsp;b", "a b"),
        ("<p>a\n  b</p>", "a b"),
        ("<p>\x01</p><p>x</p>", "x"),
        ("<p>cafe\u0301</p><p>x</p>", "café\nx"),
    ],
)
def test_markup_becomes_paragraphs(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<b>Bold</b> claim", "Bold claim"),
        ("One<br>Two", "One Two"),
        ("List<String>", "List<String>"),
        ("<script>x</script>", "<script>x</script>"),
        ("<style>x</style>T", "T"),
        ("", ""),
    ],
)
def test_titles_lose_tags_but_never_everything(markup: str, text: str) -> None:
    assert title_text(markup) == text
