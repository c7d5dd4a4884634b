"""Looks for all anchors of a rule set in one pass over an article."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation

from monitor.rules.evaluate import Anchor
from monitor.rules.nodes import Pattern, Term
from monitor.rules.reading import Reading
from monitor.rules.terms import TermSearch
from monitor.rules.vocabulary import Name
from monitor.text.boundaries import KINDS, Kind
from monitor.text.fold import fold
from monitor.text.languages import GENITIVE

_MOST_FOR_TABLE: Final = 4_000
"""Up to so many anchors a full transition table is twice as fast and takes a few megabytes; beyond, the compact form wins."""

_NOT_AFTER_WORD, _NOT_AFTER_HANGUL, _NOT_BEFORE_WORD, _MAY_TAKE_S, _NOT_IN_CHINESE, _ONLY_IN_CHINESE = (1 << bit for bit in range(6))
_HALVES: Final = re.compile("[\ud800-\udfff]")


class Scanner:
    """An automaton of all anchors. What it says was seen may still turn out not to stand there; what it does not say does not."""

    def __init__(self, anchors: Iterable[Anchor]) -> None:
        self._literals: dict[tuple[str, int], int] = {}
        self._anchors: list[tuple[Anchor, ...]] = []
        for anchor in anchors:
            if isinstance(anchor, Term):
                self._add_term(TermSearch(anchor), 0, anchor)
            elif isinstance(anchor, Name):
                self._add_term(anchor.search, _MAY_TAKE_S if anchor.search.takes_genitive else 0, anchor)
            else:
                for literal in anchor.literals:
                    self._add_literal(literal, anchor)
        self._checks = [check for _, check in self._literals]
        implementation = Implementation.DFA if len(self._checks) <= _MOST_FOR_TABLE else Implementation.ContiguousNFA
        self._automaton = AhoCorasick([literal for literal, _ in self._literals], store_patterns=False, implementation=implementation)
        self._literals.clear()

    def _add_term(self, term: TermSearch, check: int, anchor: Anchor) -> None:
        plain, chinese = term.plain, term.chinese
        if plain is chinese:
            self._add(plain.anchor, check | _edges(plain.anchor, starts=plain.starts_so, ends=plain.ends_so), anchor)
        else:
            for form, only in ((plain, _NOT_IN_CHINESE), (chinese, _ONLY_IN_CHINESE)):
                self._add(form.anchor, check | only | _edges(form.anchor, starts=form.starts_so, ends=form.ends_so), anchor)

    def _add_literal(self, literal: str, pattern: Pattern) -> None:
        # Without its last letter: in the text a mark may follow that melts into it.
        plain, chinese = fold(literal)[:-1], fold(literal, chinese=True)[:-1]
        if plain == chinese:
            self._add(plain, 0, pattern)
        else:
            self._add(plain, _NOT_IN_CHINESE, pattern)
            self._add(chinese, _ONLY_IN_CHINESE, pattern)

    def _add(self, literal: str, check: int, anchor: Anchor) -> None:
        index = self._literals.setdefault((literal, check), len(self._literals))
        if index == len(self._anchors):
            self._anchors.append((anchor,))
        else:
            self._anchors[index] += (anchor,)

    def seen(self, reading: Reading) -> set[Anchor]:
        """Return the anchors that may stand in an article; all others do not."""
        text, checks, anchors = reading.text, self._checks, self._anchors
        seen: set[Anchor] = set()
        done: set[int] = set()
        forbidden = _NOT_IN_CHINESE if reading.is_chinese else _ONLY_IN_CHINESE
        takes_genitive = reading.language in GENITIVE
        for index, start, end in self._raw(text):
            if index in done:
                continue
            check = checks[index]
            if check and (check & forbidden or not _stands_free(text, start, end, check, takes_genitive=takes_genitive)):
                continue
            done.add(index)
            seen.update(anchors[index])
        return seen

    def _raw(self, text: str) -> list[tuple[int, int, int]]:
        try:
            found: list[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(text, overlapping=True)
        except UnicodeEncodeError:  # half a character in the text, which no anchor holds
            found = self._automaton.find_matches_as_indexes(_HALVES.sub("�", text), overlapping=True)
        return found


def _edges(literal: str, *, starts: bool, ends: bool) -> int:
    """Return what must not stand around a literal."""
    check = 0
    if starts:
        check |= {Kind.WORD: _NOT_AFTER_WORD, Kind.HANGUL: _NOT_AFTER_HANGUL}.get(KINDS[literal[0]], 0)
    if ends and KINDS[literal[-1]] is Kind.WORD:
        check |= _NOT_BEFORE_WORD
    return check


def _stands_free(text: str, start: int, end: int, check: int, *, takes_genitive: bool) -> bool:
    if start:
        before = KINDS[text[start - 1]]
        if (check & _NOT_AFTER_WORD and before is Kind.WORD) or (check & _NOT_AFTER_HANGUL and before is Kind.HANGUL):
            return False
    if not check & _NOT_BEFORE_WORD or end == len(text) or KINDS[text[end]] is not Kind.WORD:
        return True
    if not (takes_genitive and check & _MAY_TAKE_S and text[end] == "s"):
        return False
    return end + 1 == len(text) or KINDS[text[end + 1]] is not Kind.WORD
