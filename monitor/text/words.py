"""Measures the distance between two places of a text: words between them, sentence ends, paragraph ends."""

from __future__ import annotations

import re
from typing import Final

from monitor.text.boundaries import KINDS, Kind, token_pattern
from monitor.text.languages import ORDINAL_DOT, primary

_SHORTENED: Final = """
    abb abs approx apr art aug av bd bspw bzw ca capt cf col dec dept dez dr etc evtl feb fig gen geb ggf gov hr inkl jan jh jr jul jun lt
    maj mio mlle mme mr mrd mrs ms nov nr oct okt pp prof rep resp rev sen sep sept sgt sog sr st str tel tsd usw vgl vol vs zb
"""
_ABBREVIATIONS: Final = frozenset(_SHORTENED.split())
_BEFORE_NUMBERS: Final = _ABBREVIATIONS | {"no", "nos", "kap", "ziff", "bzgl"}
_END: Final = re.compile(r"\n|[。！？｡‼⁇⁈⁉।॥。]+|[.!?．؟۔…]+")
_CLOSING: Final = re.compile(r"[\"'’”“»«›‹)\]}]*")
_NEXT: Final = re.compile(r"[\s\"'„“”‚‘«»‹›(\[{¿¡–—-]*")
_ALWAYS: Final = frozenset("\n。！？｡‼⁇⁈⁉।॥")
_BEFORE_DOT: Final = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*$|(?<![\w.])\d{1,2}$")
_LONGEST_WORD_BEFORE: Final = 24
_LONGEST_REST: Final = 100
"""Characters a word may go on beside a span; nothing but rubbish is longer."""


def halves_between(text: str, end: int, start: int, most: int) -> int | None:
    """Return how many half words stand between a span's ``end`` and the next one's ``start``; None when more than ``most``.

    A word is two halves, a character of a script without spaces one. What is left of a word a span lies in (the particle behind a
    Korean name, the ``'s`` behind an English one) stands between nothing.
    """
    end, start = _word_end(text, end), _word_start(text, start)
    halves = 0
    for token in token_pattern().finditer(text, end, max(end, start)):
        halves += 1 if token.lastgroup else 2
        if halves > most:
            return None
    return halves


def _word_end(text: str, end: int) -> int:
    """Return where the word ends in which a span ends."""
    last = min(len(text), end + _LONGEST_REST)
    while True:
        kind = KINDS[text[end - 1]]
        if kind is Kind.WORD or kind is Kind.HANGUL:
            while end < last and KINDS[text[end]] is kind:
                end += 1
        if end >= last or kind is not Kind.WORD or text[end] != "'" or KINDS[text[end + 1 : end + 2] or " "] is not Kind.WORD:
            return end
        end += 2


def _word_start(text: str, start: int) -> int:
    """Return where the word starts in which a span starts."""
    first = max(0, start - _LONGEST_REST)
    while True:
        kind = KINDS[text[start]]
        if kind is Kind.WORD or kind is Kind.HANGUL:
            while start > first and KINDS[text[start - 1]] is kind:
                start -= 1
        if start <= first + 1 or kind is not Kind.WORD or text[start - 1] != "'" or KINDS[text[start - 2]] is not Kind.WORD:
            return start
        start -= 2


def sentence_ends(text: str, language: str) -> list[int]:
    """Return where in an original text sentences end, in order: at line breaks, at 。！？, at a dot that ends neither an abbreviation nor a number."""
    return [found.start() for found in _END.finditer(text) if found[0][0] in _ALWAYS or _ends_sentence(text, found, language)]


def _ends_sentence(text: str, found: re.Match[str], language: str) -> bool:
    closed = _CLOSING.match(text, found.end())
    behind = closed.end() if closed else found.end()
    upcoming = _NEXT.match(text, behind)
    following = text[upcoming.end() : upcoming.end() + 1] if upcoming else ""
    if following.islower() or (behind < len(text) and not text[behind].isspace() and KINDS[text[behind]] is not Kind.SPACELESS):
        return False
    before = text[max(0, found.start() - _LONGEST_WORD_BEFORE) : found.start()]
    return found[0] != "." or not _is_abbreviation(before, language, is_before_number=following.isdigit())


def _is_abbreviation(before: str, language: str, *, is_before_number: bool) -> bool:
    """Whether the dot behind ``before`` belongs to the word: an initial, a known abbreviation, an ordinal number where those are written so."""
    word = _BEFORE_DOT.search(before)
    if word is None:
        return False
    if word[0][0].isdigit():
        return primary(language) in ORDINAL_DOT
    last = word[0].rpartition(".")[2]
    return (len(last) == 1 and KINDS[last] is Kind.WORD) or word[0].lower() in (_BEFORE_NUMBERS if is_before_number else _ABBREVIATIONS)
