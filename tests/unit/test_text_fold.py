from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.text.fold import Folded, fold, fold_all, is_simplified, without_invisible
from monitor.text.hans import TO_SIMPLIFIED

_TRICKY = (
    "aAbBiİıſßẞ\u0307\u0323\u0301 -_–—\t\u00a0\u202f\n\r\u2028\u0085ﬁ½¼…’‘“”„«»`´ｶﾞﾊﾟか\u3099\u200b\u200d\u00ad\ufeff\ufe0f가ㄱㅏ\u1100\u1161\u11a8"
    "é\u0930\u093f\u0e02\u0e48的國国車⾞™℠²₂€µ·・.,，！🚀𠮷\U000e0100\U00010ead\x01\x1e¨¯"
)
texts = st.text(alphabet=st.one_of(st.sampled_from(_TRICKY), st.characters(exclude_categories=["Cs"])), max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("NVIDIA", "nvidia"),
        ("Straße", "STRASSE"),
        ("Maẞe", "masse"),
        ("İstanbul", "ıstanbul"),
        ("Zu\u0308rich", "Zürich"),
        ("Ex\u00adport", "export"),
        ("l’Etat", "l'etat"),
        ("l´Etat", "l'etat"),
        ("a–b", "a b"),
        ("a_-_b", "a b"),
        ("a \u00a0\t b", "a b"),
        ("Acme™", "acme "),
        ("ﬁn", "fin"),
        ("ｱ", "ア"),
        ("唐·普", "唐・普"),
        ("「，」", "「,」"),
        ("„x“", '"x"'),
        ("a\r\nb", "a\n\nb"),
        ("a\u2029b", "a\nb"),
        ("ŉ", "'n"),
    ],
)
def test_spellings_of_one_thing_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Zürich", "Zurich"), ("Оzean", "Ozean"), ("a b", "ab"), ("a,b", "a b"), ("輝達", "英伟达")])
def test_what_differs_stays_different(one: str, other: str) -> None:
    assert fold(one, chinese=True) != fold(other, chinese=True)


def test_traditional_becomes_simplified_only_when_asked() -> None:
    assert fold("臺灣國會", chinese=True) == "台湾国会"
    assert fold("臺灣國會") == "臺灣國會"


def test_the_chinese_table_keeps_length_and_is_never_applied_twice() -> None:
    assert len(TO_SIMPLIFIED) > 3_000
    assert all(len(simple) == 1 and ord(simple) not in TO_SIMPLIFIED for simple in TO_SIMPLIFIED.values())
    assert all(unicodedata.normalize("NFKC", simple) == simple for simple in TO_SIMPLIFIED.values())


def test_a_text_without_traditional_characters_is_simplified() -> None:
    assert is_simplified("Nvidia")
    assert is_simplified("国会")
    assert not is_simplified("國会")


@given(text=texts, chinese=st.booleans())
@example(text="i\u0307\u0307", chinese=False)
@example(text="\x01 -", chinese=False)
def test_folding_twice_changes_nothing(text: str, *, chinese: bool) -> None:
    once = fold(text, chinese=chinese)
    assert fold(once, chinese=chinese) == once


@given(texts, texts)
def test_paragraphs_fold_alone(one: str, other: str) -> None:
    assert fold(f"{one}\n{other}") == f"{fold(one)}\n{fold(other)}"


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_the_quick_way_for_latin_is_the_long_way(text: str) -> None:
    assert fold(text) == fold(f"{text}\n€")[:-2]


@given(text=texts, chinese=st.booleans())
def test_every_folded_character_leads_back_to_what_it_came_from(text: str, *, chinese: bool) -> None:
    folded = Folded(text, chinese=chinese)
    last = 0
    for at in range(len(folded.text)):
        start, end = folded.span(at, at + 1)
        assert 0 <= start < end <= len(text)
        assert start >= last or fold(text[start:end]) != folded.text[at]
        assert folded.text[at] in fold(text[start:end], chinese=chinese) or folded.text[at] in " \n"
        last = start


@given(texts)
def test_the_whole_leads_back_to_the_whole_without_invisible_ends(text: str) -> None:
    folded = Folded(text)
    if folded.text:
        start, end = folded.span(0, len(folded.text))
        assert fold(text[start:end]).strip() == folded.text.strip()
        assert fold(text[:start]).strip() == ""
        assert fold(text[end:]).strip() == ""


def test_positions_behind_characters_that_change_their_length() -> None:
    text = "\u00adSie weiß – „ﬁnanziell“ … ½ von Gru\u0308nder\u00ad, H₂O"
    folded = Folded(text)
    for term, surface in (("weiss", "weiß"), ("finanziell", "ﬁnanziell"), ("gründer", "Gru\u0308nder"), ("h2o", "H₂O")):
        at = folded.text.index(term)
        start, end = folded.span(at, at + len(term))
        assert text[start:end] == surface


@given(st.text(st.sampled_from("a -_\t\u00a0–\u00ad¨¯¸´…½ßöª²’“·\n"), max_size=8))
def test_positions_behind_whatever_a_european_line_holds(before: str) -> None:
    folded = Folded(f"{before}Katze")
    at = folded.text.index("katze")
    assert folded.span(at, at + 5) == (len(before), len(before) + 5)


def test_positions_in_later_paragraphs_and_across_breaks() -> None:
    folded = Folded("eins\r\nzwei\u2028drei\n…vier")
    at = folded.text.index("vier")
    assert folded.span(at, at + 4) == (17, 21)
    assert folded.span(0, len(folded.text)) == (0, 21)


def test_an_original_passage_is_found_in_the_folded_text() -> None:
    folded = Folded("Die \u00adStraße – hier")
    start, end = folded.original.index("Stra"), folded.original.index(" –")
    assert folded.folded_span(start, end) == (4, 11)
    assert Folded("\u00adStraße").folded_span(0, 1) is None


def test_exact_terms_compare_composed_and_visible() -> None:
    assert without_invisible("Gru\u0308n\u00addung") == "Gründung"
    assert without_invisible("Die \u00a0 Zeit") == "Die Zeit"
    assert without_invisible(" plain  text ") == "plain text"


def test_half_a_character_does_no_harm() -> None:
    assert fold("a\ud800b") == "a\ud800b"
    assert Folded("x\ud800…y").span(4, 6) == (2, 4)


@given(many=st.lists(texts, max_size=8), chinese=st.booleans())
def test_many_texts_fold_at_once_as_each_does_alone(*, many: list[str], chinese: bool) -> None:
    some = [*many, "Straße", "國會", "A-B", "", *many]
    assert fold_all(some, chinese=chinese) == [fold(text, chinese=chinese) for text in some]
