from __future__ import annotations

import importlib.util
import re
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model import SourceRead
from crawler.sources import Unreadable, listing
from tests.readings import read as read_kind

PAGE = "https://www.a.example/politik/"
HEADLINES = [
    "Regierung beschließt neues Gesetz für Rechenzentren",
    "Warum die Zulassung großer Sprachmodelle stockt",
    "Forscher stellen ein neues Verfahren vor",
    "Börse reagiert verhalten auf die neuen Zahlen",
    "Ein Werk in Dresden baut seine Fertigung aus",
]
TEASERS = "".join(
    f"<article><a href='/politik/{title.split()[0].lower()}-und-mehr-dazu-{4_700 + n}.html'><h3>{title}</h3><p>Anriss {n}</p></a>"
    f"<time datetime='2026-02-{20 + n}T08:00:00+01:00'>gestern</time></article>"
    for n, title in enumerate(HEADLINES)
)
FURNITURE = (
    "<nav><a href='/politik/'>Politik</a><a href='/wirtschaft/'>Wirtschaft und Finanzen</a><a href='/sport/'>Sport</a></nav>"
    "<a href='/abo/'>Jetzt das Abonnement mit allen Artikeln bestellen</a><a href='/tag/ki-und-robotik-2026'>Alles zum Thema KI und Robotik</a>"
    "<footer><a href='/impressum-und-datenschutz-2026.html'>Impressum und Datenschutz und alles Weitere</a></footer>"
    "<a href='#top'>nach oben</a><a>ohne Ziel</a><a href='mailto:x@a.example'>Post</a><a href='https://other.example/politik/fremdes-und-mehr-dazu-4711.html'>Ein fremder Artikel mit langem Titel</a>"
)


def read(body: str, url: str = PAGE, link_pattern: str | None = None, **options: str) -> SourceRead:
    return read_kind(body, kind="listing", url=url, link_pattern=link_pattern, **options)  # type: ignore[arg-type]


def page(inner: str, head: str = "<title>Politik</title>") -> str:
    return f"<!DOCTYPE html><html lang='de'><head>{head}</head><body>{inner}</body></html>"


def test_article_links_are_learned_by_their_shape() -> None:
    found = read(page(FURNITURE + "<main>" + TEASERS + "</main>"))
    assert [entry.title for entry in found.entries] == HEADLINES
    first = found.entries[0]
    assert first.url == "https://www.a.example/politik/regierung-und-mehr-dazu-4700.html"
    assert first.summary == "Anriss 0"
    assert first.published_at == datetime(2026, 2, 20, 7, tzinfo=UTC)
    assert (found.title, found.language, found.parser, found.tz_offset_s) == ("Politik", "de", "listing", 3600)


def test_a_pattern_decides_alone() -> None:
    found = read(page(FURNITURE + TEASERS), link_pattern=r"/tag/|-470[12]\.html$")
    assert [entry.url and entry.url.rsplit("/", 1)[1] for entry in found.entries] == [
        "ki-und-robotik-2026",
        "warum-und-mehr-dazu-4701.html",
        "forscher-und-mehr-dazu-4702.html",
    ]


def test_a_pattern_that_matches_nothing_gives_nothing() -> None:
    assert read(page(TEASERS), link_pattern="no-such-link").entries == ()


def test_a_pattern_that_is_none_is_told() -> None:
    with pytest.raises(Unreadable, match="link_pattern"):
        read(page(TEASERS), link_pattern="(")


def test_the_anchors_of_one_article_are_put_together() -> None:
    teaser = (
        "<div><a href='/2026/03/01/story-of-the-day-today'><img src='x.jpg' alt=''></a><h2><a href='/2026/03/01/story-of-the-day-today?utm_source=x'>The real headline of the day</a></h2>"
        "<a href='/2026/03/01/story-of-the-day-today#comments'>Read this long and winding article with all its comments</a></div>"
    )
    found = read(page(teaser))
    assert [(entry.title, entry.url) for entry in found.entries] == [
        ("The real headline of the day", "https://www.a.example/2026/03/01/story-of-the-day-today")
    ]


def test_chinese_headlines_are_headlines() -> None:
    titles = ["中国人工智能公司发布新一代模型", "杭州六家初创企业获得新融资", "监管部门公布数据安全新规定"]
    body = page("<ul>" + "".join(f"<li><a href='/n1/2026/0301/c100{n}-4070{n}.html'>{t}</a></li>" for n, t in enumerate(titles)) + "</ul>")
    assert [entry.title for entry in read(body, "https://www.b.example/").entries] == titles


def test_a_summary_beside_the_headline_is_found_in_its_box() -> None:
    body = page(
        "<section><h2><a href='/world/one-long-slug-here-1234'>One headline of five words</a></h2><p>Its summary.</p><time>1 March 2026</time></section>"
        "<li><h2><a href='/world/two-long-slug-here-1235' title='x'>Two headline of five words</a></h2></li>"
    )
    first, second = read(body).entries
    assert (first.summary, first.published_at) == ("Its summary.", datetime(2026, 3, 1, tzinfo=UTC))
    assert second.summary == ""


def test_links_without_words_take_their_title_attribute() -> None:
    body = page(
        "".join(f"<p><a href='/2026/03/0{n}/some-long-slug-{n}' title='A headline of five words {n}'><img></a></p>" for n in (1, 2))
    )
    assert [entry.title for entry in read(body).entries] == ["A headline of five words 1", "A headline of five words 2"]


def test_a_box_of_many_links_lends_nobody_its_date() -> None:
    links = "".join(f"<h2><a href='/world/some-long-slug-{n}-1234'>One headline of five words</a></h2>" for n in range(6))
    found = read(page(f"<section><p>Of the section.</p><time>1 March 2026</time>{links}</section>"))
    assert {(entry.summary, entry.published_at) for entry in found.entries} == {("", None)}


def test_a_page_in_a_wrong_charset_is_mended_with_a_word() -> None:
    body = page(TEASERS, head="<meta charset='utf-8'>").encode("cp1252")
    found = read_kind(body, kind="listing", url=PAGE, language="de")
    assert found.entries[0].title == HEADLINES[0]
    assert "though labelled utf-8" in found.repairs[0]


def test_a_base_element_moves_relative_links() -> None:
    body = page("<a href='one-long-slug-here-1234'>One headline of five words</a>", head="<base href='https://www.a.example/world/'>")
    assert read(body).entries[0].url == "https://www.a.example/world/one-long-slug-here-1234"
    broken = body.replace("https://www.a.example/world/", "http://[")
    assert read(broken).entries[0].url == "https://www.a.example/politik/one-long-slug-here-1234"


def test_calendars_session_ids_and_service_pages_are_no_articles() -> None:
    traps = "".join(
        f"<li><a href='/calendar?d={n}'>day {n} of the calendar of all days</a> <a href='/?sid={'ab12' * 8}{n}'>s</a></li>"
        for n in range(40)
    )
    found = read(page("<main>" + TEASERS + traps + "</main>"))
    assert [entry.title for entry in found.entries] == HEADLINES


@pytest.mark.parametrize(
    ("host", "other", "is_same"),
    [
        ("www.a.example", "a.example", True),
        ("news.a.example", "www.a.example", True),
        ("www.a.co.uk", "news.a.co.uk", True),
        ("www.a.co.uk", "www.b.co.uk", False),
        ("127.0.1.1", "127.0.1.2", False),
        ("127.0.1.1", "127.0.1.1", True),
        ("[::1]", "[::2]", False),
        ("a.example", "b.example", False),
    ],
)
def test_only_links_within_the_site_are_taken(host: str, other: str, is_same: bool) -> None:  # noqa: FBT001
    links = "".join(
        f"<h2><a href='http://{each}/2026/03/01/some-long-slug-{n}'>A headline of five words</a></h2>"
        for n, each in enumerate((host, other))
    )
    assert len(read(page(links), f"http://{host}/").entries) == (2 if is_same else 1)


def test_a_page_of_endless_links_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LINKS_MAX", 3)
    found = read(page(TEASERS))
    assert (len(found.entries), found.is_truncated) == (3, True)
    monkeypatch.setattr(listing, "ANCHORS_MAX", 2)
    assert len(read(page(TEASERS)).entries) == 2


def test_an_anchor_that_hides_a_book_is_cut_short() -> None:
    for words in ("<i>word </i>" * 5_000, "<i>" + "word " * 500 + "</i><b>again</b>"):
        assert len(read(page(f"<a href='/2026/03/01/some-long-slug'>{words}</a>")).entries[0].title) <= 1_000


def test_furniture_far_above_a_link_is_not_its_own() -> None:
    inner = "<h2><a href='/2026/03/01/some-long-slug'>A headline of five words</a></h2>"
    assert len(read(page("<aside>" + "<div>" * 20 + inner)).entries) == 1
    assert read(page("<aside>" + inner)).entries == ()


def test_deep_nesting_does_not_stop_the_reading() -> None:
    body = page(TEASERS + "<div>" * 3_000 + "<a href='/2026/03/01/deep-down-below'>A headline of five words</a>")
    assert len(read(body).entries) >= len(HEADLINES)


def test_a_page_that_links_elsewhere_only_is_no_listing() -> None:
    with pytest.raises(Unreadable, match="without links"):
        read(page("<a href='https://other.example/x'>Elsewhere</a>"))


def test_without_a_linear_engine_patterns_still_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    spec = importlib.util.find_spec("crawler.sources.listing")
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    assert copy.re2 is re


@pytest.mark.parametrize("body", ["", "   ", "<!-- nothing -->", "<?x?>", "<p>no links</p>", '{"a": 1}', "<rss><channel/></rss>", "\x00"])
def test_what_is_no_page_of_links_is_unreadable(body: str) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_a_page_the_parser_gives_up_on_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr("lxml.etree.fromstring", give_up)
    with pytest.raises(Unreadable):
        read(page(TEASERS))


FRAGMENTS = st.sampled_from(
    ["<html>", "<a href='/2026/03/01/x-y-z-w'>", "</a>", "<h2>", "</h2>", "<article>", "</article>", "headline of many words", "<base href='//['>", "<time>", "2026", "</time>", "<nav>", "\x00", "<", "&"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(FRAGMENTS, max_size=20).map("".join) | st.text(max_size=100))
def test_whatever_the_page_it_is_read_or_refused(body: str) -> None:
    try:
        found = read(body.encode("utf-8", "replace").decode("utf-8", "replace"))
    except Unreadable:
        return
    assert all(entry.url for entry in found.entries)
