"""Looks for all anchors of a rule set in one pass over an article."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
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
"""Up to so many literals a full transition table is twice as fast and takes a few megabytes; beyond, the compact form wins."""

_HEAD: Final = 10
"""Characters of a literal the automaton knows; the rest is compared where they stand. The automaton is built in one go, which holds up all
other threads: with whole literals 0.7 s for 100,000 rules, with these heads 0.3 s."""

_MOST_ON_A_HEAD: Final = 8
"""Literals with one head beyond which they are put in whole: comparing them one by one would be dear."""

_WINDOW: Final = 1 << 16
"""Characters looked at at a time, so that the hits of a long article need not all be held."""

_NOT_AFTER_WORD, _NOT_AFTER_HANGUL, _NOT_BEFORE_WORD, _MAY_TAKE_S, _NOT_IN_CHINESE, _ONLY_IN_CHINESE = (1 << bit for bit in range(6))
_HALVES: Final = re.compile("[\ud800-\udfff]")


class Scanner:
    """An automaton of all anchors. What it says was seen may still turn out not to stand there; what it does not say does not."""

    def __init__(self, anchors: Iterable[Anchor]) -> None:
        found: dict[tuple[str, int], list[Anchor]] = {}
        for anchor in anchors:
            for checked in _literals(anchor):
                found.setdefault(checked, []).append(anchor)
        self._anchors = [tuple(group) for group in found.values()]
        self._checks = [check for _, check in found]
        self._rests: list[str] = []
        shared = Counter(literal[:_HEAD] for literal, _ in found)
        heads: dict[str, list[int]] = {}
        for entry, (literal, _) in enumerate(found):
            head = literal[:_HEAD] if shared[literal[:_HEAD]] <= _MOST_ON_A_HEAD else literal
            heads.setdefault(head, []).append(entry)
            self._rests.append(literal[len(head) :])
        self._entries = [tuple(entries) for entries in heads.values()]
        self._longest_head = max(map(len, heads), default=0)
        implementation = Implementation.DFA if len(heads) <= _MOST_FOR_TABLE else Implementation.ContiguousNFA
        self._automaton = AhoCorasick(list(heads), store_patterns=False, implementation=implementation)

    def seen(self, reading: Reading) -> set[Anchor]:
        """Return the anchors that may stand in an article; all others do not."""
        text, checks, rests = reading.text, self._checks, self._rests
        seen: set[Anchor] = set()
        done: set[int] = set()
        forbidden = _NOT_IN_CHINESE if reading.is_chinese else _ONLY_IN_CHINESE
        takes_genitive = reading.language in GENITIVE
        for head, start, head_end in self._heads_in(text):
            for entry in self._entries[head]:
                if entry in done or not text.startswith(rests[entry], head_end):
                    continue
                check, end = checks[entry], head_end + len(rests[entry])
                if check and (check & forbidden or not _stands_free(text, start, end, check, takes_genitive=takes_genitive)):
                    continue
                done.add(entry)
                seen.update(self._anchors[entry])
        return seen

    def _heads_in(self, text: str) -> Iterable[tuple[int, int, int]]:
        return self._find(text) if len(text) <= _WINDOW else self._find_by_windows(text)

    def _find_by_windows(self, text: str) -> Iterator[tuple[int, int, int]]:
        for at in range(0, len(text), _WINDOW):
            for head, start, end in self._find(text[at : at + _WINDOW + self._longest_head]):
                if start < _WINDOW:
                    yield head, at + start, at + end

    def _find(self, text: str) -> list[tuple[int, int, int]]:
        try:
            found: list[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(text, overlapping=True)
        except UnicodeEncodeError:  # half a character in the text, which no anchor holds
            found = self._automaton.find_matches_as_indexes(_HALVES.sub("�", text), overlapping=True)
        return found


def _literals(anchor: Anchor) -> Iterator[tuple[str, int]]:
    """Yield the literals one of which stands wherever an anchor does, with what to check around them."""
    if isinstance(anchor, Pattern):
        for literal in anchor.literals:
            # Without its last letter: in the text a mark may follow that melts into it.
            yield from _in_both_forms(fold(literal)[:-1], fold(literal, chinese=True)[:-1], 0)
        return
    search = TermSearch(anchor) if isinstance(anchor, Term) else anchor.search
    check = _MAY_TAKE_S if isinstance(anchor, Name) and search.takes_genitive else 0
    check |= _edges(search.plain.anchor, starts=search.plain.starts_so, ends=search.plain.ends_so)
    yield from _in_both_forms(search.plain.anchor, search.chinese.anchor, check)


def _in_both_forms(plain: str, chinese: str, check: int) -> Iterator[tuple[str, int]]:
    """Yield a literal for articles in Chinese and for others; simplified characters are of the same class as traditional ones."""
    if plain == chinese:
        yield plain, check
    else:
        yield plain, check | _NOT_IN_CHINESE
        yield chinese, check | _ONLY_IN_CHINESE


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
