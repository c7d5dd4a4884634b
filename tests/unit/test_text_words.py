from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.boundaries import KINDS, Kind, is_bounded, kind_of, run_pattern, token_pattern
from monitor.text.fold import fold
from monitor.text.languages import applies, primary
from monitor.text.tokens import TOKENIZER_VERSION, search_tokens
from monitor.text.words import halves_between, sentence_ends


@pytest.mark.parametrize(
    ("characters", "kind"),
    [
        ("aZß9жλאحनकடԾაéſ𐐷", Kind.WORD),
        ("\u0301\u093f\u09be\u0bcd\u20e3", Kind.WORD),  # marks and vowel signs
        ("가힣ᄀᆨㄱﾡ", Kind.HANGUL),
        ("中々〇ぁアー゙ｱㄅกะ่ລာខ្𠮷", Kind.SPACELESS),
        (" _-#@.,·'🚀€™\n", Kind.OTHER),
    ],
)
def test_characters_have_their_class(characters: str, kind: Kind) -> None:
    assert {c: kind_of(c) for c in characters} == dict.fromkeys(characters, kind)


@pytest.mark.parametrize(
    ("text", "term", "stands"),
    [
        ("ozeane", "ozean", False),
        ("weltozean", "ozean", False),
        ("中ozean国", "ozean", True),
        ("앞바다", "바다", False),
        ("바다는", "바다", True),
        ("x바다", "바다", True),
        ("黄海和", "海", True),
        ("c++17", "c++", True),
        ("(ozean)", "ozean", True),
        ("नदी", "नद", False),
    ],
)
def test_a_term_stands_alone_or_not(text: str, term: str, *, stands: bool) -> None:
    at = text.index(term)
    assert is_bounded(text, at, at + len(term)) is stands


@given(st.characters(exclude_categories=["Cs"], max_codepoint=0x3FFFF))
def test_the_patterns_see_the_classes_as_they_are(character: str) -> None:
    kind = KINDS[character]
    for pattern in (token_pattern(), run_pattern()):
        found = pattern.fullmatch(character)
        assert (found is not None) == (kind is not Kind.OTHER)
        assert (found is not None and found.lastgroup == "spaceless") == (kind is Kind.SPACELESS)


@pytest.mark.parametrize(
    ("text", "halves"),
    [
        ("katze hund", 0),
        ("katze, (hund", 0),
        ("katze eins hund", 2),
        ("katze's eins hund", 2),
        ("katze l'hund", 0),
        ("katze 3.5 hund", 2),
        ("katze 1,000,000 hund", 2),
        ("katze u.s. hund", 4),
        ("katze一hund", 1),
        ("katze一二ai三hund", 5),
        ("katze한국 말hund", 4),
        ("katze 𐐷𐐷 hund", 2),
    ],
)
def test_words_between_two_places(text: str, halves: int) -> None:
    assert halves_between(text, text.index("katze") + 5, text.index("hund"), 100) == halves
    if halves:
        assert halves_between(text, text.index("katze") + 5, text.index("hund"), halves - 1) is None


def test_the_rest_of_a_korean_word_is_no_word_between() -> None:
    text = "고양이는 개가"
    assert halves_between(text, 3, 5, 10) == 0


def test_a_passage_that_ends_or_begins_inside_a_word_takes_the_whole() -> None:
    assert halves_between("katzenhaus undhund", 5, 14, 10) == 0


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("Eins. Zwei", ["."]),
        ("Eins! Zwei? Drei", ["!", "?"]),
        ("一。二！三", ["。", "！"]),
        ("Eins.“ Zwei", ["."]),
        ("Eins\nZwei", ["\n"]),
        ("Am 3. Mai", []),
        ("Dr. Weber", []),
        ("z. B. Weber", []),
        ("The U.S. Army", []),
        ("Rund 3.5 Mio. Franken", []),
        ("Siehe No. 7", []),
        ("Er sagt no. Danach", ["."]),
        ("„Wirklich?“ fragte er", []),
        ("Yahoo!Leute", []),
        ("Eins... Zwei", ["..."]),
        ("Ende.中文", ["."]),
        ("Ende.", ["."]),
        ("(Ende.) Neu", ["."]),
        ("...", ["..."]),
    ],
)
def test_where_sentences_end(text: str, ends: list[str]) -> None:
    found = sentence_ends(text, "de")
    assert [re.match(r"[.!?。！\n]+", text[at:])[0] for at in found] == ends  # type: ignore[index]  # every end has a mark


def test_a_number_with_a_dot_ends_a_sentence_where_ordinals_are_written_otherwise() -> None:
    assert sentence_ends("In group 7. The rest", "en") == [10]
    assert sentence_ends("In Gruppe 7. Der Rest", "de") == []


def test_search_tokens_are_words_and_pairs() -> None:
    assert search_tokens("Nvidia’s KI-Chips") == ["nvidia", "s", "ki", "chips"]
    assert search_tokens("英偉達面臨") == ["英伟", "伟达", "达面", "面临", "临"]
    assert search_tokens("엔비디아는 미국") == ["엔비디아는", "미국"]
    assert search_tokens(" … ") == []
    assert TOKENIZER_VERSION >= 1


@given(st.text(max_size=30))
def test_search_tokens_of_folded_text_are_the_same(text: str) -> None:
    assert search_tokens(fold(text, chinese=True)) == search_tokens(text)


@pytest.mark.parametrize(
    ("tag", "found"), [("de-CH", "de"), ("DE", "de"), ("zh_Hans", "zh"), ("", "und"), (None, "und"), ("und", "und"), (" en", "en")]
)
def test_the_primary_language(tag: str | None, found: str) -> None:
    assert primary(tag) == found


@pytest.mark.parametrize(
    ("key", "tag", "counts"),
    [("*", "de", True), ("zh", "zh-TW", True), ("zh", "de", False), ("zh", "und", True), ("de-CH", "de-ch", True), ("de-CH", "de", False)],
)
def test_names_count_by_language(key: str, tag: str, *, counts: bool) -> None:
    assert applies(key, tag) is counts
