from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import document_fromstring
from trafilatura.metadata import extract_author

from crawler import extract
from crawler.extract import jsonld, language, meta, people
from crawler.model import Article
from tests import pages
from tests.pages import arrival, markup


def read(page: str, **known: object) -> Article:
    return extract.read_page(arrival(page, **known))  # type: ignore[arg-type]


def said(**values: object) -> str:
    """JSON-LD of a news article."""
    return f"<script type='application/ld+json'>{json.dumps({'@context': 'https://schema.org', '@type': 'NewsArticle', **values})}</script>"


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-11-20T08:15:00+01:00", at(2026, 11, 20, 7, 15)),
        ("2026-11-20T08:15:00Z", at(2026, 11, 20, 8, 15)),
        ("20261120T081500+0900", at(2026, 11, 19, 23, 15)),
        ("2026-11-20T00:30:00+08:00", at(2026, 11, 19, 16, 30)),
        ("2026-11-20", at(2026, 11, 20)),
        ("Fri, 20 Nov 2026 08:15:00 +0100", at(2026, 11, 20, 7, 15)),
    ],
)
def test_times_keep_their_zone_by_becoming_utc(told: str, expected: datetime) -> None:
    assert read(markup(head=said(datePublished=told))).published_at == expected


def test_a_time_without_a_zone_is_told_by_the_outlets_clock() -> None:
    head = said(datePublished="2026-11-20 08:15:00")
    assert read(markup("zh", head=head), by=pages.outlet(country="CN")).published_at == at(2026, 11, 20, 0, 15)
    assert read(markup("de", head=head), by=pages.outlet(country="DE")).published_at == at(2026, 11, 20, 7, 15)


def test_a_day_alone_stays_that_day_everywhere() -> None:
    assert read(markup("zh", head=said(datePublished="2026-11-20")), by=pages.outlet(country="CN")).published_at == at(2026, 11, 20)


@pytest.mark.parametrize(
    "head",
    [
        "<meta property='article:published_time' content='2026-11-20T08:15:00Z'>",
        "<meta name='date' content='2026-11-20T08:15:00Z'>",
        "<meta itemprop='datePublished' content='2026-11-20T08:15:00Z'>",
        "<META NAME='DC.date.issued' CONTENT='2026-11-20T08:15:00Z'>",
    ],
)
def test_meta_elements_tell_the_time(head: str) -> None:
    assert read(markup(head=head)).published_at == at(2026, 11, 20, 8, 15)


@pytest.mark.parametrize(
    ("language", "country", "line", "expected"),
    [
        ("en", "GB", "<time class='published' datetime='2026-11-20T08:15:00Z'>last Friday</time>", at(2026, 11, 20, 8, 15)),
        ("zh", "CN", "<span>2026年11月20日 08:15</span> <span>来源：海港日报</span>", at(2026, 11, 20, 0, 15)),
        ("zh", "CN", "<div>2026-11-20 08:15:30</div>", at(2026, 11, 20, 0, 15, 30)),
        ("de", "DE", "<p>20. November 2026, 08:15 Uhr</p>", at(2026, 11, 20, 7, 15)),
        ("de", "DE", "<p>Stand: 20.11.2026 08:15 Uhr</p>", at(2026, 11, 20, 7, 15)),
        ("fr", "FR", "<p>Publié le 20 novembre 2026 à 08:15</p>", at(2026, 11, 20, 7, 15)),
    ],
)
def test_a_date_beside_the_title_is_read_where_machines_are_told_none(language: str, country: str, line: str, expected: datetime) -> None:
    body = line + "".join(f"<p>{text}</p>" for text in pages.TEXTS[language])
    assert read(markup(language, body=body), by=pages.outlet(country=country)).published_at == expected


@pytest.mark.parametrize(
    ("country", "line", "expected"),
    [
        ("DE", "Veröffentlicht am 20.11.2026 um 08:15 Uhr | Aktualisiert: 21.11.2026, 09:00 Uhr", at(2026, 11, 20, 7, 15)),
        ("DE", "Von Ann Example20. November 2026, 08:15 UhrLesezeit: 3 Minuten", at(2026, 11, 20, 7, 15)),
        ("DE", "20.11.26, 08:15 Uhr", at(2026, 11, 20, 7, 15)),
        ("CN", "发布时间：2026年11月20日 08时15分", at(2026, 11, 20, 0, 15)),
        ("CN", "11月20日 08:15", at(2026, 11, 20, 0, 15)),
        ("CN", "2026 11/20 08:15:30 来源：海港日报", at(2026, 11, 20, 0, 15, 30)),
        ("JP", "11/20(金) 8:15配信", at(2026, 11, 19, 23, 15)),
        ("KR", "입력 2026.11.20. 오후 1:58", at(2026, 11, 20, 4, 58)),
        ("KR", "2026년 11월 20일 08:15", at(2026, 11, 19, 23, 15)),
        ("ES", "20 de noviembre de 2026 a las 08:15", at(2026, 11, 20, 7, 15)),
        ("BR", "20/11/2026 08h15", at(2026, 11, 20, 11, 15)),
        ("FR", "le ven 20/11/2026 - 08:15", at(2026, 11, 20, 7, 15)),
        ("IT", "20 novembre 2026 alle 8:15", at(2026, 11, 20, 7, 15)),
        ("PL", "20 listopada 2026, 08:15", at(2026, 11, 20, 7, 15)),
        ("HR", "20. studenoga 2026. u 08:15", at(2026, 11, 20, 7, 15)),
        ("HR", "20. listopada 2026. u 08:15", at(2026, 10, 20, 6, 15)),
        ("RS", "20.11.2026. 08:15", at(2026, 11, 20, 7, 15)),
        ("HU", "2026. november 20. 8:15", at(2026, 11, 20, 7, 15)),
        ("UA", "20 листопада 2026, 08:15", at(2026, 11, 20, 6, 15)),
        ("TR", "20 Kasım 2026 Cuma 08:15", at(2026, 11, 20, 5, 15)),
        ("SA", "20 نوفمبر 2026 - 08:15", at(2026, 11, 20, 5, 15)),
        ("IN", "20 नवंबर 2026, 08:15", at(2026, 11, 20, 2, 45)),
        ("TH", "20 พ.ย. 2569 08:15 น.", at(2026, 11, 20, 1, 15)),
        ("ID", "Jumat, 20 November 2026 08:15 WIB", at(2026, 11, 20, 1, 15)),
        ("US", "11/20/2026 12:05 a.m.", at(2026, 11, 20, 0, 5)),
        ("US", "04/05/2026", at(2026, 4, 5)),
        ("GB", "04/05/2026", at(2026, 5, 4)),
        ("DE", "20. November 2026, aktualisiert um 09:30 Uhr", at(2026, 11, 20)),
        ("DE", "31.11.2026, 20. November 2026", at(2026, 11, 20)),
    ],
)
def test_dates_are_read_as_countries_write_them(country: str, line: str, expected: datetime) -> None:
    body = f"<div>{line}</div>" + "".join(f"<p>{text}</p>" for text in pages.ENGLISH)
    assert read(markup(body=body), by=pages.outlet(country=country)).published_at == expected


def test_a_time_element_without_attributes_and_a_day_in_the_url_tell_the_date() -> None:
    body = "".join(f"<p>{text}</p>" for text in pages.GERMAN)
    timed = markup("de", body="<time>20. November 2026, 08:15 Uhr</time>" + body)
    assert read(timed, by=pages.outlet(country="DE")).published_at == at(2026, 11, 20, 7, 15)
    url = "https://gazette.example/local/20261120/abcd/c.html"
    assert read(markup("de", body=body), url=url).published_at == at(2026, 11, 20)


def test_json_ld_of_another_article_tells_nothing() -> None:
    other = said(headline="Something else", url="https://gazette.example/else", datePublished="2020-01-01", author={"name": "Nobody Here"})
    another = said(headline="Another thing", url="https://gazette.example/another", datePublished="2020-01-02")
    article = read(markup(head=other + another + "<meta property='article:published_time' content='2026-11-20T08:15:00Z'>"))
    assert article.published_at == at(2026, 11, 20, 8, 15)
    assert article.authors == ()


@pytest.mark.parametrize(
    "of_page",
    [{"url": pages.URL + "/"}, {"mainEntityOfPage": {"@id": pages.URL + "?utm_source=x"}}, {"headline": pages.TITLES["en"].upper()}],
)
def test_the_article_node_is_known_by_url_or_headline(of_page: dict[str, object]) -> None:
    other = said(headline="Something else", url="https://gazette.example/else", datePublished="2020-01-01")
    assert read(markup(head=other + said(datePublished="2026-11-20T08:15:00Z", **of_page))).published_at == at(2026, 11, 20, 8, 15)


def test_a_graph_is_walked_and_references_are_followed() -> None:
    graph = {
        "@graph": [
            {"@type": "WebPage", "@id": pages.URL},
            {
                "@type": ["Article", "NewsArticle"],
                "mainEntityOfPage": {"@id": pages.URL},
                "author": {"@id": "#ann"},
                "datePublished": "2026-11-20",
            },
            {"@type": "Person", "@id": "#ann", "name": "Ann Example"},
        ]
    }
    article = read(markup(head=f"<script type='application/ld+json'>{json.dumps(graph)}</script>"))
    assert (article.authors, article.published_at) == (("Ann Example",), at(2026, 11, 20))


@pytest.mark.parametrize(
    "script",
    [
        '{"@type": "NewsArticle", "datePublished": "2026-11-20",}',
        '{"@type": "NewsArticle", "datePublished": "2026-11-20"};',
        '<!-- {"@type": "NewsArticle", "datePublished": "2026-11-20"} -->',
        '//<![CDATA[\n{"@type": "NewsArticle", "datePublished": "2026-11-20"}\n//]]>',
        '{"@type": "NewsArticle", "articleBody": "one\ntwo\tthree", "datePublished": "2026-11-20"}',
        '{"@type": "NewsArticle", "datePublished": "2026-11-20"} and then some',
        '[{"@type": "http://schema.org/NewsArticle", "datePublished": "2026-11-20"}]',
    ],
)
def test_careless_json_ld_is_read(script: str) -> None:
    assert read(markup(head=f"<script type='application/ld+json'>{script}</script>")).published_at == at(2026, 11, 20)


@given(st.text(max_size=200))
def test_no_json_ld_breaks_the_reading(script: str) -> None:
    root = document_fromstring("<html><body></body></html>")
    element = root.makeelement("script", {"type": "application/ld+json"})
    element.text = "".join(c for c in script if c.isprintable())
    root.append(element)
    assert jsonld.article(jsonld.nodes(root), urls=["https://gazette.example/a"], titles=["A"]) is None or "{" in script


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (said(author={"@type": "Person", "name": "Ann Example"}), ("Ann Example",)),
        (said(author=[{"name": "Ann Example"}, {"name": "Bob Sample"}]), ("Ann Example", "Bob Sample")),
        (said(author="By Ann Example and Bob Sample"), ("Ann Example", "Bob Sample")),
        (said(author=["Ann Example", "ANN EXAMPLE", "https://gazette.example/ann"]), ("Ann Example",)),
        (said(author={"name": ["Ann Example, Bob Sample"]}), ("Ann Example", "Bob Sample")),
        ("<meta name='author' content='Von Ann Example und Bob Sample'>", ("Ann Example", "Bob Sample")),
        ("<meta name='author' content='张伟、李娜'>", ("张伟", "李娜")),
        ("<meta name='author' content='admin'>", ()),
        ("<meta property='article:author' content='https://social.example/ann'>", ()),
    ],
)
def test_authors_are_told_to_machines(head: str, expected: tuple[str, ...]) -> None:
    assert read(markup(head=head)).authors == expected


@pytest.mark.parametrize(
    ("language", "line", "expected"),
    [
        ("en", "<p>By Ann Example</p>", ("Ann Example",)),
        ("de", "<p>Von Ann Example und Bob Sample</p>", ("Ann Example", "Bob Sample")),
        ("fr", "<p>Par <a rel='author' href='/ann'>Ann Example</a></p>", ("Ann Example",)),
        ("zh", "<div>作者：张伟</div>", ("张伟",)),
        ("zh", "<div><span>撰文：張偉</span><span>出版：2026-11-20 08:15</span></div>", ("張偉",)),
        (
            "de",
            "<div><span>Von Ann Example</span><span>20. November 2026, 08:15 Uhr</span><span>Lesezeit: 3 Minuten</span></div>",
            ("Ann Example",),
        ),
        ("zh", "<span class='author'>海港時報／ 記者<a>林志豪</a>／台南即時報導</span>", ("林志豪",)),
        ("fr", "<div class='submitted'>Par <span>Ann Example</span> le ven 20/11/2026 - 08:15</div>", ("Ann Example",)),
        ("en", "<span class='byline-name'>राकेश मिश्रा</span>", ("राकेश मिश्रा",)),
        ("en", "<span class='byline-name'>Ann Example</span>", ("Ann Example",)),
    ],
)
def test_a_byline_is_read_where_machines_are_told_none(language: str, line: str, expected: tuple[str, ...]) -> None:
    body = line + "".join(f"<p>{text}</p>" for text in pages.TEXTS[language])
    assert read(markup(language, body=body)).authors == expected


def test_a_person_shown_is_more_than_the_outlet_told() -> None:
    head = said(author={"@type": "Organization", "name": "Gazette"})
    body = "<p>By Ann Example</p>" + "".join(f"<p>{text}</p>" for text in pages.ENGLISH)
    assert read(markup(head=head, body=body)).authors == ("Ann Example",)
    assert read(markup(head=head)).authors == ("Gazette",)


@pytest.mark.parametrize(
    ("head", "title", "heading", "expected"),
    [
        ("", "Bridge open | The Gazette", "Bridge open", "Bridge open"),
        ("<meta property='og:site_name' content='The Gazette'>", "Bridge open - The Gazette", None, "Bridge open"),
        ("", "Bridge open - Gazette.example", None, "Bridge open"),
        ("<meta property='og:title' content='Bridge open'>", "All about bridges", "Bridge open", "Bridge open"),
        (said(headline="Bridge open"), "Bridge open | The Gazette", "The Gazette", "Bridge open"),
        (said(headline="Bridge &amp; ferry &quot;open&quot;"), "", None, 'Bridge & ferry "open"'),
        ("", "A – B | The Gazette", "A – B", "A – B"),
        ("", "海港大桥重新开放_海港日报", "海港大桥重新开放", "海港大桥重新开放"),
    ],
)
def test_the_pages_titles_vote(head: str, title: str, heading: str | None, expected: str) -> None:
    h1 = f"<h1>{heading}</h1>" if heading is not None else ""
    page = f"<html><head><title>{title}</title>{head}</head><body>{h1}<div>{''.join(f'<p>{line}</p>' for line in pages.ENGLISH)}</div></body></html>"
    assert read(page).headline == expected


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://gazette.example/a?utm_source=feed#top", "https://gazette.example/a"),
        ("/a", "https://gazette.example/a"),
        ("https://www.gazette.example/a", "https://www.gazette.example/a"),
        ("https://amp.gazette.example/a", "https://amp.gazette.example/a"),
        ("https://evil.example/a", pages.URL),
        ("https://notgazette.example/a", pages.URL),
        ("https://gazette.example/", pages.URL),
        ("javascript:alert(1)", pages.URL),
        ("", pages.URL),
        ("http://[::1", pages.URL),
    ],
)
def test_a_page_names_itself_on_its_own_site_only(link: str, expected: str) -> None:
    assert read(markup(head=f"<link rel='canonical' href='{link}'>")).canonical_url == expected


def test_section_tags_site_and_image_are_kept() -> None:
    head = (
        said(articleSection="Region", keywords="bridge, harbour, bridge", publisher={"name": "The Gazette"})
        + "<meta property='og:image' content='/bridge.jpg'><meta property='article:modified_time' content='2026-11-21T00:00:00Z'>"
        + "<meta property='article:published_time' content='2026-11-20T00:00:00Z'>"
    )
    article = read(markup(head=head))
    assert (article.section, article.tags, article.site_name) == ("Region", ("bridge", "harbour"), "The Gazette")
    assert article.image_url == "https://gazette.example/bridge.jpg"
    assert article.modified_at == at(2026, 11, 21)


def test_a_change_before_publication_is_none() -> None:
    head = said(datePublished="2026-11-20T10:00:00Z", dateModified="2026-11-20T09:00:00Z")
    assert read(markup(head=head)).modified_at is None


def test_a_silent_page_is_completed_by_the_entry() -> None:
    told = pages.entry(title="As listed", authors=("Ann Example",), tags=("bridge",), section="Region", published_at=at(2026, 11, 20))
    page = f"<html><body>{''.join(f'<p>{line}</p>' for line in pages.ENGLISH)}</body></html>"
    article = read(page, of=told)
    assert (article.headline, article.authors, article.tags, article.section) == ("As listed", ("Ann Example",), ("bridge",), "Region")
    assert article.published_at == at(2026, 11, 20)


def test_the_head_is_read_wherever_broken_markup_put_it() -> None:
    root = document_fromstring(
        "<html lang='de'><body><meta name='A' content=' x  y '><meta property='a' content='z'><link rel='Canonical' href=' /c '></body></html>"
    )
    head = meta.read(root)
    assert (head.all("a"), head.first("b", "a"), head.links, head.language) == (["x y", "z"], "x y", {"canonical": "/c"}, "de")


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Ann Example, March 12", ("Ann Example",)),
        ("Didier Exemple, 21 juin", ("Didier Exemple",)),
        ("Ann Example, Bob Sample, 19.", ("Ann Example", "Bob Sample")),
        ("Ann Example, Senior Sports Correspondent, Bob Sample", ("Ann Example", "Bob Sample")),
        ("Gazette staff reporter", ("Gazette staff reporter",)),
        ("Ann Example, The Gazette", ("Ann Example",)),
        ("GAZ - The Gazette", ("GAZ",)),
        ("Ann Example Alle Artikel", ("Ann Example",)),
        ("责任编辑：张伟", ()),
        ("李娜 海港大学经济研究所", ("李娜",)),
        ("name", ()),
    ],
)
def test_a_byline_is_cut_to_its_names(author: str, expected: tuple[str, ...]) -> None:
    head = f"<meta name='author' content='{author}'><meta property='og:site_name' content='The Gazette'>"
    assert read(markup(head=head)).authors == expected


@pytest.mark.parametrize(
    ("window", "line", "expected"),
    [
        ("海港大桥重新开放-海港网", None, "海港大桥重新开放"),
        ("海港大桥重新开放_国内新闻_海港在线", None, "海港大桥重新开放"),
        ("海港大桥重新开放 - 海港电视台", None, "海港大桥重新开放"),
        ("A–B线本周开通", None, "A–B线本周开通"),
        (
            "Harbour bridge open again after a year - All about the sea",
            "Harbour bridge open again after a year",
            "Harbour bridge open again after a year",
        ),
        ("Harbour bridge open again - All about the sea", "Something else entirely", "Harbour bridge open again - All about the sea"),
    ],
)
def test_a_window_title_without_a_heading_loses_the_sites_name(window: str, line: str | None, expected: str) -> None:
    shown = f"<div class='title'>{line}</div>" if line else ""
    body = "".join(f"<p>{text}</p>" for text in pages.CHINESE)
    page = f"<html><head><title>{window}</title></head><body>{shown}<div>{body}</div></body></html>"
    assert read(page).headline == expected


def test_a_source_in_brackets_behind_the_heading_is_no_part_of_it() -> None:
    told = "<meta property='og:title' content='Harbour bridge reopens (The Courier) - Portal'>"
    assert read(markup(head=told, title="Harbour bridge reopens")).headline == "Harbour bridge reopens"


def test_a_time_element_below_the_heading_beats_a_date_in_the_lead() -> None:
    body = (
        "<p class='dek'>Taxes are due on April 15, 2026</p><time datetime='2026-11-20T08:15:00Z'>Friday</time>"
        "<time class='updated' datetime='2026-11-22T08:15:00Z'>Sunday</time>" + "".join(f"<p>{text}</p>" for text in pages.ENGLISH)
    )
    assert read(markup(body=body)).published_at == at(2026, 11, 20, 8, 15)


def test_what_a_page_calls_published_beats_the_day_its_record_was_made() -> None:
    head = said(dateCreated="2026-10-01T08:00:00Z") + "<meta property='article:published_time' content='2026-11-20T08:15:00Z'>"
    assert read(markup(head=head)).published_at == at(2026, 11, 20, 8, 15)


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("呢條橋今日重開，市長話佢哋好開心，啲人都話冇諗過咁快。", "", "zh"),
        ("D Brugg isch am Mäntig nach elf Mönet wieder uufgange; d Reparatur hät d Stadt meh als s Doppelte koschtet.", "", "de"),
        ("Broen åpnet igjen mandag etter elleve måneder med reparasjoner som kostet byen mer enn planlagt.", "nb", "no"),
        ("Jambatan pelabuhan dibuka semula pada hari Isnin selepas sebelas bulan kerja pembaikan.", "ms", "ms"),
        ("Die hawebrug is Maandag heropen na elf maande van herstelwerk wat die stad meer as dubbel gekos het.", "af", "af"),
        (pages.GERMAN[0], "en", "de"),
    ],
)
def test_one_written_language_has_one_tag_and_neighbours_are_told_apart_by_the_page(text: str, hint: str, expected: str) -> None:
    assert language.detect("", text, hint=hint) == expected


_BYLINES = ("author", "by-Author", "byline", "byl", "BBL", "username", "AuthorCard", "Byline", "writer x", "posted-by", "zuozhe", "me")
_OTHERS = ("comments", "sidebar", "date", "title", "lead", "print", "Figure")


def _elements(tags: str, names: str, called: tuple[str, ...], inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = (st.sampled_from(tags.split()), st.sampled_from(names.split()), st.sampled_from(called))
    return st.builds("<{0} {1}='{2}'>{3}</{0}> y ".format, *parts, inside)


_BYLINE = _elements(
    "a span p h3 strong div author rel",
    "class id itemprop rel data-testid data-component",
    _BYLINES,
    st.sampled_from(("", "12", "me", "Ada Meer", "von Jo Berg", "Jo <time>Lind</time>")),
)
_AROUND = _elements("div section span li time figure", "class id data-component style", _OTHERS, st.lists(_BYLINE, max_size=3).map("".join))


@given(st.lists(_AROUND | _BYLINE, max_size=4).map("".join))
def test_a_byline_is_found_among_its_claimants_as_on_the_whole_page(part: str) -> None:
    root = document_fromstring(f"<html><body><p class='lead'>x</p>{part}</body></html>")
    alone = people.claimants(root)
    assert (None if alone is None else extract_author(alone)) == extract_author(root)
