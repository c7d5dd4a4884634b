"""Pages as outlets of several countries make them: their text whole and clean."""

from __future__ import annotations

import pytest

from crawler import extract
from crawler.extract import boilerplate
from crawler.model import Article, Completeness, ExtractStatus
from tests import manners, pages
from tests.manners import Manner

MANNERS = manners.everyone()


def read(manner: Manner) -> Article:
    by = pages.outlet(language=manner.language, country=manner.country)
    return extract.read_page(pages.arrival(manner.body, content_type=manner.content_type, by=by))


@pytest.mark.parametrize("manner", MANNERS, ids=lambda manner: manner.name)
def test_the_text_comes_out_whole_and_clean(manner: Manner) -> None:
    article = read(manner)
    assert article.text.splitlines() == list(manner.lines)
    assert article.headline == manner.title
    assert article.language == manner.language
    assert (article.completeness, article.extract_status) == (Completeness.FULL, ExtractStatus.OK)
    assert not article.is_paywalled


@pytest.mark.parametrize("manner", MANNERS, ids=lambda manner: manner.name)
def test_what_stands_around_the_text_is_read_too(manner: Manner) -> None:
    article = read(manner)
    assert article.agency == manner.agency
    if manner.authors:
        assert article.authors == manner.authors
    assert not {"编辑", "编辑：王芳", "责任编辑：王芳"}.intersection(article.authors)


_WALLS = (
    "<div class='paywall-box'><h3>Jetzt weiterlesen</h3><p>Testen Sie unser Digitalabo einen Monat lang für nur 1 Euro.</p><p>Bereits Abonnent? Hier anmelden</p></div>",
    "<section class='offer'><h2>Sie möchten weiterlesen?</h2><ul><li>Zugriff auf alle Artikel</li><li>Monatlich kündbar</li></ul><button>Zum Angebot</button></section>",
    "<div id='plus'><p><strong>Dieser Artikel ist nur für Abonnenten lesbar.</strong></p><p>Exklusiv für Abonnenten: alle Hintergründe aus der Stadt.</p></div>",
)


@pytest.mark.parametrize("wall", _WALLS)
@pytest.mark.parametrize("told", ["", "false", "False", "http://schema.org/False"])
def test_a_german_wall_leaves_the_lead_and_says_so(wall: str, told: str) -> None:
    said = f"""<script type='application/ld+json'>{{"@context": "https://schema.org", "@type": "NewsArticle", "headline": "{pages.TITLES["de"]}",
        "hasPart": {{"@type": "WebPageElement", "isAccessibleForFree": "{told}", "cssSelector": ".paywall"}}, "isAccessibleForFree": "{told}"}}</script>"""
    shown = f"<p class='lead'>{pages.GERMAN[0]}</p><p>{pages.GERMAN[1]}</p>{wall}"
    article = extract.read_page(pages.arrival(pages.markup("de", head=said if told else "", body=shown)))
    assert (article.is_paywalled, article.completeness) == (True, Completeness.PARTIAL)
    assert article.text.splitlines() == list(pages.GERMAN[:2])


def test_an_article_that_says_it_is_free_is_free() -> None:
    said = '<script type=\'application/ld+json\'>{"@type": "NewsArticle", "isAccessibleForFree": true}</script>'
    assert not extract.read_page(pages.arrival(pages.markup("de", head=said))).is_paywalled


@pytest.mark.parametrize(
    ("line", "agency"),
    [
        ("(서울=뉴시스) 김하나 기자 = ", "Newsis"),
        ("【東京共同】", "Kyodo"),
        ("［東京　２４日　ロイター］ ", "Reuters"),
        ("Bern (sda) ", "Keystone-SDA"),
        ("Wien (APA/dpa) - ", "APA"),
        ("ROMA (ANSA) - ", "ANSA"),
        ("（路透社）", "Reuters"),
        ("Die Firma (ap GmbH) ", None),
    ],
)
def test_datelines_of_many_countries_name_their_agency(line: str, agency: str | None) -> None:
    body = "".join(f"<p>{text}</p>" for text in (line + pages.GERMAN[0], *pages.GERMAN[1:]))
    assert extract.read_page(pages.arrival(pages.markup("de", body=body))).agency == agency


@pytest.mark.parametrize("name", ["lead", "c-17", "vorspann"])
def test_a_lead_that_stands_apart_from_the_text_is_kept(name: str) -> None:
    lead = "Elf Monate lang mussten alle mit der Fähre fahren; nun ist die Brücke wieder frei."
    body = "".join(f"<p>{line}</p>" for line in pages.GERMAN)
    page = (
        f"<html lang='de'><head><title>{pages.TITLES['de']}</title><meta name='description' content='{lead}'></head><body><header><div class='top'>"
        f"<h1>{pages.TITLES['de']}</h1><p class='{name}'>{lead}</p></div><ul class='share'><li><a href='#'>Teilen</a></li><li><a href='#'>Merken</a></li></ul></header>"
        f"<div class='wrap'><div class='col'><div class='text'>{body}</div></div><aside><p>{lead}</p></aside></div></body></html>"
    )
    assert extract.read_page(pages.arrival(page)).text.splitlines() == [lead, *pages.GERMAN]


@pytest.mark.parametrize(
    "line",
    [
        "اقرأ أيضا: الجسر القديم", "यह भी पढ़ें: पुराना पुल", "Citește și: Podul vechi", "Baca juga: Jembatan lama", "Διαβάστε επίσης: Η παλιά γέφυρα", "Pročitajte i: Stari most",
        "Прочетете още: Старият мост", "Xem thêm: Cây cầu cũ", "קראו גם: הגשר הישן", "Les mer: Den gamle broen", "Ann Example ann@gazette.example", "입력 2026.11.20. 오후 1:58",
        "Stand: 20.11.2026, 08:15 Uhr", "20. November 2026 08:15", "大橋重新開放當日情形。圖／市府提供", "大桥重新开放。记者 张伟 摄", "点击下方名片关注我们",
    ],
)  # fmt: skip
def test_lines_that_point_elsewhere_are_left_out_in_many_languages(line: str) -> None:
    assert boilerplate.is_boilerplate(line)


@pytest.mark.parametrize(
    "line",
    [
        "Les Merlus tentent d’opérer en contre.", "Write to ann@gazette.example and tell us about the bridge.", "Ann Example", "Termin: Montag, 15. November 2027 um 10.30 Uhr",
        "Am 20. November 2026 um 08:15 Uhr fuhr das erste Auto über die Brücke.", "2026年11月20日08:15，首批车辆驶过大桥。",
    ],
)  # fmt: skip
def test_honest_lines_that_begin_alike_stay(line: str) -> None:
    assert not boilerplate.is_boilerplate(line)


def test_a_link_to_an_article_for_subscribers_closes_none_but_that() -> None:
    link = "<div><span>Exklusiv für Abonnenten</span> <a href='/x'>Wie die Bürgermeisterin die alten Fähren retten will</a></div>"
    body = "".join(f"<p>{line}</p>" for line in pages.GERMAN) + link
    assert not extract.read_page(pages.arrival(pages.markup("de", body=body))).is_paywalled
