from __future__ import annotations

import math
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import Article
from monitor.alerting import alerts, decide
from monitor.model import (
    Alert,
    Candidate,
    HowAssigned,
    Match,
    Mention,
    Past,
    Reason,
    Report,
    Severity,
    Span,
    Story,
    Subscription,
    Theme,
    Told,
)
from monitor.model import DeliveryKind as Kind
from monitor.model import DeliveryStatus as Status
from monitor.routing import route
from monitor.stories import Frequencies, assign, fingerprint, weights
from monitor.stories.copies import MIDDLE_SAMPLE, are_copies, containment, shingles
from monitor.stories.features import bare_title
from monitor.stories.frequencies import MIN_DOCUMENTS, RAREST, USUAL
from monitor.stories.meanings import as_word, of_sound, of_word
from monitor.stories.numbers import numbers
from monitor.stories.titles import is_same_live_page, is_serial, read_title
from monitor.stories.tokens import count_words, fold, stable_hash, tokens
from tests.benchmarks.window import Window

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

WIRE = """Der Chipkonzern Lumivox verlangt von Kunden in China künftig die volle Bezahlung im Voraus. Wer den Baustein QX40 bestellt,
kann den Auftrag nach Angaben von drei Händlern weder ändern noch stornieren. Das Unternehmen rechnet im laufenden Quartal mit
einem Umsatz von 2,4 Milliarden Dollar. Bislang genügte eine Anzahlung, den Rest beglichen die Abnehmer nach der Lieferung. Ein
Sprecher sagte, man wolle sich gegen plötzliche Verbote absichern, die beide Regierungen jederzeit erlassen könnten. Analysten
hielten den Schritt für ungewöhnlich streng, aber verständlich. In der Branche erinnert man sich an das vergangene Frühjahr, als
fertige Ware monatelang in Lagern lag, weil die Genehmigung aus der Hauptstadt ausblieb. Kleinere Firmen in Shenzhen fürchten nun,
dass nur noch die großen Plattformen bestellen können. Einige prüfen bereits heimische Anbieter, deren Bausteine langsamer rechnen,
dafür aber ohne Auflagen zu haben sind. Der Verband der Elektronikhändler forderte Gespräche mit dem Ministerium."""

ENGLISH = """Chipmaker Lumivox now requires customers in China to pay in full before it ships its QX40 AI chip, three distributors said.
Orders cannot be changed or cancelled. The company expects $2.4 billion in revenue this quarter."""

CHINESE = "芯片制造商Lumivox要求中国客户在订购QX40人工智能芯片时全额预付，订单不得取消。公司预计本季度收入24亿美元。"


def article(number: int = 0, **changes: Any) -> Article:
    at = NOON + timedelta(minutes=5 * number)
    fields: dict[str, Any] = {
        "key": str(number),
        "url": f"https://outlet.example/{number}",
        "outlet_id": f"outlet-{number}",
        "source_id": f"outlet-{number}#1",
        "headline": "Lumivox verlangt in China volle Vorkasse für den Chip QX40",
        "text": WIRE,
        "language": "de",
        "published_at": at,
        "seen_at": at,
    }
    return Article(**(fields | changes))


def english(number: int = 0, **changes: Any) -> Article:
    fields: dict[str, Any] = {"headline": "Lumivox demands full upfront payment for QX40 chips in China", "text": ENGLISH, "language": "en"}
    return article(number, **(fields | changes))


def chinese(number: int = 0, **changes: Any) -> Article:
    fields: dict[str, Any] = {"headline": "Lumivox要求中国客户为QX40芯片全额预付", "text": CHINESE, "language": "zh"}
    return article(number, **(fields | changes))


def candidate(article_id: int, of: Article, story_id: int | None = None, **changes: Any) -> Candidate:
    found = fingerprint(of, ())
    fields: dict[str, Any] = {
        "article_id": article_id,
        "story_id": article_id if story_id is None else story_id,
        "outlet_id": of.outlet_id,
        "source_id": of.source_id,
        "language": of.language,
        "headline": of.headline,
        "at": of.seen_at,
        "word_count": found.word_count,
        "shingles": found.shingles,
        "features": found.features,
    }
    return Candidate(**(fields | changes))


def frequencies(*articles: Article) -> Frequencies:
    pooled: dict[int, int] = {}
    for one in articles:
        for feature in fingerprint(one, ()).features:
            pooled[feature.hash] = pooled.get(feature.hash, 0) + 1
    return Frequencies(documents=len(articles), pooled=pooled)


def place(arrived: Article, *among: Candidate, known: Frequencies | None = None) -> Any:
    return assign(arrived, fingerprint(arrived, ()), among, known or frequencies(article()), NOON)


def run(*arrivals: Article) -> list[int]:
    window = Window()
    placed = []
    for one in arrivals:
        found = fingerprint(one, ())
        candidates, known = window.candidates(one, found)
        placed.append(window.put(one, found, assign(one, found, candidates, known, NOON)))
    return [window.story(number) for number in placed]


def features(of: Article, kind: str, mentions: tuple[Mention, ...] = ()) -> set[str]:
    return {f.value.partition(" ")[0] for f in fingerprint(of, mentions).features if f.kind == kind}


# ---- the same text


@pytest.mark.parametrize("share", [1.0, 0.75, 0.5, 0.25])
def test_a_wire_copy_is_found_down_to_a_quarter(share: float) -> None:
    cut = article(1, headline="China: Chipfirma will Geld sehen", text=" ".join(WIRE.split()[: max(int(len(WIRE.split()) * share), 62)]))
    placed = place(cut, candidate(7, article()))
    assert (placed.story_id, placed.how, placed.matched_article_id) == (7, HowAssigned.SAME_TEXT, 7)


def test_an_edited_copy_is_found() -> None:
    words = WIRE.split()
    edited = " ".join(w for n, w in enumerate(words) if n % 12) + " Am Abend schloss die Börse fester als erwartet."
    placed = place(article(1, headline="Chips nur gegen Bares", text=edited), candidate(7, article()))
    assert placed.how is HowAssigned.SAME_TEXT


def test_another_text_of_the_same_length_is_no_copy() -> None:
    other = " ".join(reversed(WIRE.split()))
    placed = place(article(1, headline="Wetter bleibt mild", text=other), candidate(7, article()))
    assert placed.how is HowAssigned.NEW


def test_a_text_that_returns_after_weeks_is_no_copy() -> None:
    old = article(headline="Chips nur gegen Bares")
    assert place(article(1), candidate(7, old, at=NOON - timedelta(days=6))).how is HowAssigned.SAME_TEXT
    assert place(article(1), candidate(7, old, at=NOON - timedelta(days=8))).how is HowAssigned.NEW


def test_short_copies_need_like_titles_and_the_same_numbers() -> None:
    teaser = article(
        headline="Lumivox verlangt in China volle Vorkasse",
        text="Mehr dazu lesen Sie in der vollen Fassung dieses Beitrags auf unserer Seite, die täglich neu erscheint und frei ist.",
    )
    asked = [
        ("Lumivox verlangt in China Vorkasse", True),
        ("Sieg im Pokal nach langem Kampf", False),
        ("Lumivox verlangt in China Vorkasse für 90 Chips", False),
    ]
    for headline, is_copy in asked:
        copy = article(1, headline=headline, text=teaser.text)
        assert (place(copy, candidate(7, teaser)).how is HowAssigned.SAME_TEXT) is is_copy


def test_the_same_title_alone_ties_teasers_without_text() -> None:
    placed = place(article(1, text=""), candidate(7, article(text="")))
    assert (placed.how, placed.score) == (HowAssigned.SAME_TEXT, 1.0)


def test_what_a_source_prints_under_every_title_is_no_text() -> None:
    template = article(1, headline="Sieg im Pokal nach langem Kampf")
    worn = frozenset(fingerprint(template, ()).shingles)
    assert place(template, candidate(7, article()), known=Frequencies(boilerplate=worn)).how is HowAssigned.NEW


def test_a_template_under_four_titles_is_learnt_while_it_rolls() -> None:
    titles = ["Gurken im Angebot", "Pokal verloren", "Regen am Sonntag", "Neuer Bahnhof eröffnet", "Chor sucht Tenöre", "Zoo zeigt Luchse"]
    stories = run(*(article(n, headline=title, outlet_id="anzeiger", source_id="anzeiger#1") for n, title in enumerate(titles)))
    assert stories[4] not in stories[:4]
    assert stories[5] not in stories[:5]


def test_the_fullest_copy_decides_the_story() -> None:
    half = " ".join(WIRE.split()[:70]) + " ".join(reversed(WIRE.split()))
    placed = place(article(3), candidate(4, article(2, text=half)), candidate(9, article(1)))
    assert placed.matched_article_id == 9
    assert placed.story_id == 4
    assert placed.merged == (9,)


WORDS = st.lists(st.sampled_from([*"abcdefghij", "alpha", "beta", "芯", "片", "ünïcode"]), max_size=130)


@given(one=WORDS, other=WORDS)
def test_containment_is_symmetric_and_a_share(one: list[str], other: list[str]) -> None:
    a, b = shingles(one, len(one)), shingles(other, len(other))
    forth, back = containment(a, b, len(one), len(other)), containment(b, a, len(other), len(one))
    assert forth == back
    assert 0.0 <= forth[0] <= 1.0


@given(words=WORDS)
def test_a_text_contains_itself(words: list[str]) -> None:
    found = shingles(words, len(words))
    assert containment(found, found, len(words), len(words))[0] == (1.0 if found else 0.0)


@given(words=st.lists(st.text("abcdefghijklmnop", min_size=2, max_size=6), min_size=41, max_size=80))
def test_a_short_text_is_compared_with_a_sampled_one_by_what_both_would_keep(words: list[str]) -> None:
    long, short = shingles(words, len(words)), shingles(words[:39], 39)
    share, shared = containment(long, short, len(words), 39)
    assert shared == len({h for h in short if h % MIDDLE_SAMPLE == 0})
    assert share in {0.0, 1.0}


def _words(source: random.Random, count: int) -> list[str]:
    return ["".join(source.choices("abcdefghijklmnoprstuvw", k=source.randint(2, 9))) for _ in range(count)]


def _are_copies(one: list[str], other: list[str]) -> bool:
    share, shared = containment(shingles(one, len(one)), shingles(other, len(other)), len(one), len(other))
    return are_copies(share, shared, len(one), len(other))


@pytest.mark.parametrize("length", [62, 80, 120, 180])
def test_equal_texts_of_middle_length_are_copies_always_and_edited_ones_nearly(length: int) -> None:
    source, found = random.Random(7), 0
    for _ in range(100):
        text = _words(source, length)
        assert _are_copies(text, text)
        edited = [word if source.random() > 0.04 else "edited" for word in text][: max(60, int(length * 0.85))]
        found += _are_copies(text, edited)
    assert found >= (70 if length < 100 else 90)


def test_a_notice_under_two_texts_of_middle_length_makes_them_no_copies() -> None:
    source = random.Random(7)
    for _ in range(200):
        notice = _words(source, 30)
        assert not _are_copies(_words(source, 60) + notice, _words(source, 60) + notice)


# ---- the same event


def test_three_languages_tell_one_event() -> None:
    short = article(0, text=" ".join(WIRE.split()[:45]))
    assert len(set(run(short, english(1), chinese(2)))) == 1


def test_another_event_with_all_the_same_names_stays_another_story() -> None:
    first = article(0, text=" ".join(WIRE.split()[:45]))
    others = [
        (
            "Lumivox-Aktie fällt: Sorge um Verkauf des QX40 in China",
            "Die Aktie von Lumivox hat nachgegeben. Anleger zweifeln am Geschäft.",
            "de",
        ),
        ("China lässt Bestellungen des Lumivox-Chips QX40 ruhen", "Die Behörden haben Konzerne gebeten, Bestellungen auszusetzen.", "de"),
        ("Forscher rät in China zur Vorsicht beim Kauf von Lumivox QX40", "Ein Fachmann warnt Firmen davor, sich zu verlassen.", "de"),
        ("Lumivox stock falls as China QX40 sales remain in doubt", "Shares fell on Tuesday as investors weighed reports.", "en"),
    ]
    arrivals = [article(60 * n, headline=title, text=text, language=tag) for n, (title, text, tag) in enumerate(others, start=1)]
    stories = run(first, *arrivals)
    assert stories[0] not in stories[1:]


def test_a_likely_story_is_a_related_link_and_never_a_merge() -> None:
    first = article(text=" ".join(WIRE.split()[:45]))
    placed = place(english(1), candidate(7, first, at=NOON - timedelta(hours=60)), known=frequencies(first))
    assert placed.how is HowAssigned.NEW
    assert [story for story, _ in placed.related] == [7]


def test_one_shared_name_is_too_little_to_be_asked() -> None:
    other = article(1, headline="Lumivox eröffnet ein Werk", text="Der Betrieb beginnt im Mai.")
    placed = place(other, candidate(7, article()))
    assert (placed.how, placed.related) == (HowAssigned.NEW, ())


def test_names_that_only_the_leads_share_are_too_little() -> None:
    ours = article(1, headline="Was heute wichtig wird", text="Lumivox und QX40 und Lagerhaus Nordkai und Direktor Ahlbeck.")
    theirs = article(2, headline="Blick in die Presse", text="Lumivox und QX40 und Lagerhaus Nordkai und Direktor Ahlbeck.")
    placed = place(ours, candidate(7, theirs, word_count=1, shingles=()), known=frequencies(theirs))
    assert (placed.how, placed.related) == (HowAssigned.NEW, ())


def test_a_story_that_drifted_takes_in_no_more() -> None:
    short = " ".join(WIRE.split()[:45])
    first = article(0, text=short)
    strangers = [
        candidate(20 + n, article(n, headline=f"{name} im Hafen", text=f"Frachter {name} meldet sich."), story_id=7)
        for n, name in enumerate(["Ostkap", "Felsau", "Bernow", "Tarvik", "Selmor", "Undine"], start=1)
    ]
    arrived = english(9)
    assert place(arrived, candidate(7, first), known=frequencies(first)).story_id == 7
    assert place(arrived, candidate(7, first), *strangers, known=frequencies(first)).story_id is None


def test_an_article_that_belongs_to_two_stories_ties_them_together_and_the_older_lives_on() -> None:
    short = " ".join(WIRE.split()[:45])
    one, other = article(0, text=short), article(1, text=short)
    placed = place(english(2), candidate(30, other), candidate(12, one), known=frequencies(one))
    assert (placed.story_id, placed.merged, placed.how) == (12, (30,), HowAssigned.SAME_EVENT)


def test_nothing_to_compare_with_opens_a_story() -> None:
    placed = place(article(), known=Frequencies())
    assert (placed.story_id, placed.how, placed.merged, placed.related) == (None, HowAssigned.NEW, (), ())


def test_an_article_without_a_word_opens_a_story() -> None:
    assert place(article(1, headline="", text=""), candidate(7, article())).how is HowAssigned.NEW
    assert place(article(1), candidate(7, article(headline="…", text="!"))).how is HowAssigned.NEW


def test_one_outlet_must_be_surer_of_itself() -> None:
    short = article(0, text=" ".join(WIRE.split()[:45]))
    rewrite = {"headline": "Wer QX40 will, muss in China sofort an Lumivox zahlen", "text": "Lumivox nimmt für QX40 nur noch Vorkasse."}
    elsewhere = place(article(1, **rewrite), candidate(7, short), known=frequencies(short))
    at_home = place(article(1, outlet_id="outlet-0", **rewrite), candidate(7, short), known=frequencies(short))
    assert elsewhere.how is HowAssigned.SAME_EVENT
    assert at_home.how is HowAssigned.NEW


# ---- series and live pages


@pytest.mark.parametrize(
    ("one", "other", "serial"),
    [
        ("Wechselkurse am 23. November", "Wechselkurse am 24. November", True),
        ("Ahlbeck meets Tarvik in the darts final tonight", "Ahlbeck meets Tarvik in the darts final on Saturday", False),
        ("Watch Ahlbeck vs Tarvik Reese darts preview free", "Watch Ahlbeck vs Selmor Dorn darts preview free", True),
        ("Wechselkurse am 23. November", "Regen am 24. November", False),
        ("23", "24", False),
    ],
)
def test_a_series_is_known_by_its_headlines(one: str, other: str, *, serial: bool) -> None:
    assert is_serial(read_title(one, "anzeiger"), read_title(other, "anzeiger")) is serial
    assert not is_serial(read_title(one, "anzeiger"), read_title(other, "kurier"))


def test_the_next_part_of_a_series_is_another_story_even_with_the_same_text() -> None:
    first = article(0, headline="Wechselkurse am 23. November", outlet_id="anzeiger")
    second = article(1, headline="Wechselkurse am 24. November", outlet_id="anzeiger")
    assert place(second, candidate(7, first)).how is HowAssigned.NEW


def test_a_live_page_that_goes_on_at_another_address_is_one_story() -> None:
    first = article(0, headline="Sturm an der Küste im Liveticker: Tag 1", text="Wasser steigt.", outlet_id="anzeiger")
    second = article(1, headline="Sturm an der Küste im Liveticker: Tag 2", text="Deiche halten.", outlet_id="anzeiger")
    assert place(second, candidate(7, first), known=frequencies(first)).story_id == 7
    assert not is_same_live_page(read_title(first.headline, "anzeiger"), read_title("Pokal im Liveticker: Tag 2", "anzeiger"))


def test_empty_headlines_are_alike_to_nothing() -> None:
    assert read_title("", "a").cosine(read_title("Chip", "a")) == 0.0


# ---- features


def test_one_mention_gives_one_feature() -> None:
    headline = article().headline
    at = headline.index("QX40")
    mention = Mention(entity_id="qx40", spans=(Span(field="title", start=at, end=at + 4, surface="QX40"),))
    of = article(text="")
    assert features(of, "e", (mention,)) == {"qx40"}
    assert "qx40" in features(of, "w")
    assert "qx40" not in features(of, "w", (mention,))
    assert not features(of, "n", (mention,))


def test_a_mention_beyond_the_lead_is_not_looked_at() -> None:
    late = Mention(entity_id="late", spans=(Span(field="body", start=900, end=905, surface="Worte"),))
    over = Mention(entity_id="over", spans=(Span(field="body", start=236, end=250, surface="x"),))
    assert features(article(), "e", (late, over)) == {"over"}


def test_the_title_counts_where_a_word_stands_in_both() -> None:
    found = fingerprint(article(headline="Lumivox", text="Lumivox zahlt."), ()).features
    assert [f.in_title for f in found if f.value == "lumivo"] == [True]


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("$200bn", "en", {"2e+11"}),
        ("200 Milliarden", "de", {"2e+11"}),
        ("2000亿美元", "zh", {"2e+11"}),
        ("1,5 Millionen", "de", {"1.5e+06"}),
        ("1.500 Menschen", "de", {"1500"}),
        ("1.500 points", "en", {"1.5"}),
        ("1,500 people", "en", {"1500"}),
        ("180 000 Franken", "de", {"180000"}),
        ("1.234,5 Meter", "de", {"1234.5"}),
        ("eine Billion und 2 Billionen", "de", {"2e+12"}),
        ("3 billion", "en", {"3e+09"}),
        ("8万", "zh", {"80000"}),
        ("H200, 5G, 3D and 10th", "en", set()),
        ("17 percent", "en", {"17"}),
    ],
)
def test_numbers_mean_the_same_in_every_language(text: str, language: str, values: set[str]) -> None:
    assert {value for _, _, value in numbers(text, language)} == values


def test_countries_places_and_happenings_meet_across_languages() -> None:
    german = article(headline="Südkorea verhängt Ausfuhrverbot, Peking droht mit Klage", text="")
    english_ = article(headline="South Korea bans exports, Beijing threatens lawsuit", text="", language="en")
    chinese_ = article(headline="韩国禁止出口，北京威胁起诉", text="", language="zh")
    for kind, least in (("g", {"KR"}), ("s", {"beijing"}), ("a", {"lawsuit", "threat"})):
        assert least <= features(german, kind) & features(english_, kind) & features(chinese_, kind)


def test_a_report_in_traditional_characters_meets_one_in_simplified_ones() -> None:
    simplified = chinese(headline="龙舟赛因风暴延期", text="")
    traditional = chinese(headline="龍舟賽因風暴延期", text="", language="zh-Hant")
    assert {f.hash for f in fingerprint(simplified, ()).features} == {f.hash for f in fingerprint(traditional, ()).features}


def test_small_numbers_may_be_words() -> None:
    assert features(article(headline="Drei Tote", text=""), "n") == features(article(headline="Three dead", text=""), "n") == {"3"}


def test_initials_are_read_as_one_word() -> None:
    assert features(article(headline="U.S. sagt ab", text=""), "g") == {"US"}


def test_what_a_chinese_title_leaves_unread_is_kept_in_pairs() -> None:
    assert features(chinese(headline="龙舟赛延期", text="龙舟赛"), "z") == {"龙舟", "舟赛"}


@pytest.mark.parametrize(("one", "other"), [("selenskyj", "zelensky"), ("oreschnik", "oreshnik"), ("schoigu", "shoigu")])
def test_a_name_sounds_alike_in_two_spellings(one: str, other: str) -> None:
    assert of_sound(one) == of_sound(other) or of_sound(one) is None


def test_what_is_no_name_in_letters_has_no_sound() -> None:
    assert of_sound("h200") is None
    assert of_sound("aloe") is None
    assert of_sound("дрон") is None


def test_words_of_no_table_stand_for_themselves() -> None:
    assert of_word("lumivox") is None
    assert as_word("lumivoxs").value == as_word("lumivox").value == "lumivo"


@pytest.mark.parametrize(
    ("headline", "outlet", "site", "bare"),
    [
        ("Chipkonzern verlangt Vorkasse - Abendblatt", "google-news", None, "Chipkonzern verlangt Vorkasse"),
        ("Chipkonzern verlangt Vorkasse - Abendblatt", "abendblatt", None, "Chipkonzern verlangt Vorkasse"),
        ("Chipkonzern verlangt Vorkasse – Das Abendblatt", "x", "Das Abendblatt", "Chipkonzern verlangt Vorkasse"),
        ("Chipkonzern verlangt Vorkasse | Abendblatt", "x", None, "Chipkonzern verlangt Vorkasse"),
        ("Chipkonzern verlangt Vorkasse - China prüft", "x", None, "Chipkonzern verlangt Vorkasse - China prüft"),
        ("Krieg - Tag 3", "google-news", None, "Krieg - Tag 3"),
    ],
)
def test_the_name_of_the_outlet_is_no_part_of_a_headline(headline: str, outlet: str, site: str | None, bare: str) -> None:
    assert bare_title(headline, outlet_id=outlet, site_name=site) == bare


def test_a_shouted_stopword_is_a_name_and_short_words_are_none() -> None:
    assert features(article(headline="WHO warnt vor zu viel Öl im US Markt", text=""), "w") >= {"who"}
    assert "zu" not in features(article(headline="zu viel", text=""), "w")


# ---- tokens and hashes


def test_folding_makes_spellings_equal() -> None:
    assert fold("Straße ŁÓDŹ ｆｕｌｌ Ærø") == "strasse lodz full aero"
    assert fold("PLAIN") == "plain"
    assert fold("輝達要求預付") == fold("辉达要求预付")


def test_chinese_is_cut_into_characters_and_counted_for_what_it_carries() -> None:
    assert tokens("芯片ai模型 x") == ["芯", "片", "ai", "模", "型", "x"]
    assert count_words(tokens("芯片模型发布会")) == 4


@given(st.text())
def test_a_hash_is_a_signed_64_bit_number(text: str) -> None:
    assert -(2**63) <= stable_hash(text) < 2**63


def test_hashes_are_the_same_in_every_process() -> None:
    code = "from monitor.stories.tokens import stable_hash; print(stable_hash('w:lumivo'))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"})
    assert int(other.stdout) == stable_hash("w:lumivo")


@given(headline=st.text(max_size=80), text=st.text(max_size=400), language=st.sampled_from(["de", "zh-Hant", "und", ""]))
def test_any_text_has_a_fingerprint_and_it_is_always_the_same(headline: str, text: str, language: str) -> None:
    of = article(headline=headline, text=text, language=language)
    found = fingerprint(of, ())
    assert found == fingerprint(of, ())
    assert len({f.hash for f in found.features}) == len(found.features)
    assert place(of, candidate(7, of)).score >= 0.0


# ---- frequencies


def test_rarity_lies_on_one_scale_whatever_the_window_holds() -> None:
    young = Frequencies(documents=10, pooled={1: 1, 2: 2_000})
    assert young.idf(3, "de") == USUAL
    assert 0.0 == young.idf(2, "de") < young.idf(1, "de") < RAREST
    assert young.idf(1, "de") == pytest.approx(RAREST * (1 - math.log(2) / math.log(MIN_DOCUMENTS)))


def test_a_language_speaks_for_itself_once_it_is_known() -> None:
    known = Frequencies(documents=5_000, languages={"pl": 300, "de": 10}, pooled={1: 290}, by_language={"pl": {1: 290}})
    assert known.idf(1, "pl") < known.idf(1, "de")


def test_every_weight_has_its_name() -> None:
    assert len(weights.NAMES) == len(weights.WITHIN) == len(weights.ACROSS)


def test_a_feature_is_kept_with_its_kind() -> None:
    assert {f.kind for f in fingerprint(article(), ()).features} <= set("wgnsaezk")


# ---- the whole of it


THEME = Theme(theme_id="chips", label="Chips", need="chips", severity=Severity.NORMAL)
MATCH = Match(rule_id="chips/pay", theme_id="chips", relevance=70, evidence=())
WISH = Subscription(subscription_id="desk", channel="news", themes=("*",))


def report(number: int, of: Article) -> Report:
    return Report(
        article_id=number,
        outlet_id=of.outlet_id,
        outlet_name=of.outlet_id,
        language=of.language,
        headline=of.headline,
        url=of.url,
        at=of.seen_at,
        agency=of.agency,
    )


def newsroom(*arrivals: Article) -> list[list[tuple[Reason, str]]]:
    """Take articles down the pure line and return what the channel was told, message by message."""
    window, told, past, messages = Window(), list[Told](), list[Alert](), []
    for one in arrivals:
        found = fingerprint(one, ())
        candidates, known = window.candidates(one, found)
        assignment = assign(one, found, candidates, known, one.seen_at)
        number = window.put(one, found, assignment)
        members = [n for n in range(number + 1) if window.story(n) == window.story(number)]
        reports = tuple(report(n, window.articles[n][0]) for n in members)
        story = Story(story_id=window.story(number), first_at=NOON, last_at=one.seen_at, reports=reports)
        current = replace(one, article_id=number)
        of_story = Past(alerts=tuple(a for a in past if a.article_id in members))
        verdict = decide(THEME, story, current, (MATCH,), of_story, one.seen_at, how=assignment.how)
        made = alerts(THEME, story, current, (MATCH,), verdict, one.seen_at)
        new = [replace(a, alert_id=len(past) + n) for n, a in enumerate(made, start=1)]
        past += new
        for message in route(new, [WISH], (), told, one.seen_at).deliveries:
            messages.append([(a.reason, a.detail) for a in new if a.alert_id in message.alert_ids])
            told.append(
                Told(
                    channel="news",
                    story_id=story.story_id,
                    severity=message.severity,
                    themes=("chips",),
                    delivery_id=len(told),
                    status=Status.SENT,
                    kind=Kind.STORY,
                    at=one.seen_at,
                )
            )
    return messages


def wire(number: int, **changes: Any) -> Article:
    """The wire story as an outlet prints it: another headline, some words cut, a line of its own."""
    words = [w for n, w in enumerate(WIRE.split()) if (n + number) % 17]
    headlines = ("Chips nur gegen Bares", "Lumivox will erst Geld sehen", "Vorkasse für QX40", "Lumivox verschärft Bedingungen in China")
    text = " ".join(words[: len(words) - 5 * (number % 9)]) + f" Das berichtet die Redaktion von Blatt {number}."
    return article(number, headline=headlines[number % 4], text=text, **changes)


def test_twelve_outlets_of_one_wire_story_speak_four_times() -> None:
    arrivals = [wire(n) for n in range(11)]
    arrivals[5] = chinese(5)
    messages = newsroom(article(0), *arrivals[1:], wire(11))
    assert messages == [
        [(Reason.FIRST_REPORT, "")],
        [(Reason.MORE_OUTLETS, "3")],
        [(Reason.NEW_LANGUAGE, "zh")],
        [(Reason.MORE_OUTLETS, "10")],
    ]


def test_twelve_outlets_that_credit_one_agency_speak_once() -> None:
    assert newsroom(*(wire(n, agency="dpa") for n in range(12))) == [[(Reason.FIRST_REPORT, "")]]
