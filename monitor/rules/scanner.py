"""Looks for all anchors of a rule set in one pass over an article."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation

from monitor.rules.evaluate import Anchor
from monitor.rules.nodes import Pattern, Term
from monitor.rules.reading import Reading, Spot
from monitor.rules.terms import TermSearch, is_wild
from monitor.rules.vocabulary import Name
from monitor.text.boundaries import KINDS, Kind
from monitor.text.fold import fold, fold_all
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
    """An automaton of all anchors. What it says was seen may still turn out not to stand there; what it does not say does not.

    Tables are flat: a list or tuple for each of 200,000 literals would double the memory, and miss the processor's cache at every hit.
    """

    def __init__(self, anchors: Sequence[Anchor]) -> None:
        literals, checks, owners = _literals(anchors)
        self._rests: list[str] = []
        self._first = array("I", [0])
        heads: list[str] = []
        order: list[int] = []
        for head, entries in _heads(literals):
            heads.append(head)
            order += entries
            self._rests += [literals[entry][len(head) :] for entry in entries]
            self._first.append(len(order))
        self._checks = bytes([checks[entry] for entry in order])
        self._owners = array("I", [owners[entry] for entry in order])
        self._longest_head = max(map(len, heads), default=0)
        implementation = Implementation.DFA if len(heads) <= _MOST_FOR_TABLE else Implementation.ContiguousNFA
        self._automaton = AhoCorasick(heads, store_patterns=False, implementation=implementation)

    def seen(self, reading: Reading) -> dict[int, list[Spot]]:
        """Return which of the anchors, by their place in the order given, may stand in an article; all others do not.

        Of terms without wildcards the spots are where they do stand in any case of letters, also where these overlap; of others hints.
        """
        text, first, checks, rests, owners = reading.text, self._first, self._checks, self._rests, self._owners
        seen: dict[int, list[Spot]] = {}
        forbidden = _NOT_IN_CHINESE if reading.is_chinese else _ONLY_IN_CHINESE
        takes_genitive = reading.language in GENITIVE
        for head, start, end in self._heads_in(text):
            for entry in range(first[head], first[head + 1]):
                rest, check = rests[entry], checks[entry]
                spot = (start, end + len(rest)) if rest else (start, end)
                if rest and not text.startswith(rest, end):
                    continue
                if check and (check & forbidden or not _stands_free(text, spot, check, takes_genitive=takes_genitive)):
                    continue
                owner = owners[entry]
                if owner in seen:
                    seen[owner].append(spot)
                else:
                    seen[owner] = [spot]
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


def _heads(literals: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    """Yield each head with the literals that go on from it, by their place."""
    order = sorted(range(len(literals)), key=literals.__getitem__)
    for head, sharing in groupby(order, key=lambda entry: literals[entry][:_HEAD]):
        entries = list(sharing)
        if len(entries) <= _MOST_ON_A_HEAD:
            yield head, entries
        else:
            yield from ((literal, list(same)) for literal, same in groupby(entries, key=literals.__getitem__))


def _literals(anchors: Sequence[Anchor]) -> tuple[list[str], Sequence[int], Sequence[int]]:
    """Return literals one of which stands wherever an anchor does, what to check around each, and the place of its anchor."""
    literals, checks, owners = list[str](), bytearray(), array("I")
    plain = [anchor.text for anchor in anchors if isinstance(anchor, Term) and not is_wild(anchor)]  # nearly all, so folded all at once
    forms = zip(fold_all(plain), fold_all(plain, chinese=True), strict=True)
    for place, anchor in enumerate(anchors):
        is_plain = isinstance(anchor, Term) and not is_wild(anchor)
        for literal, check in _literals_of_plain(*next(forms)) if is_plain else _literals_of(anchor):
            literals.append(literal)
            checks.append(check)
            owners.append(place)
    return literals, checks, owners


def _literals_of_plain(folded: str, chinese: str) -> list[tuple[str, int]]:
    literal = folded.strip()
    return _in_both_forms(literal, chinese.strip(), _edges(literal, starts=True, ends=True))


def _literals_of(anchor: Anchor) -> list[tuple[str, int]]:
    if isinstance(anchor, Pattern):
        # Without its last letter: in the text a mark may follow that melts into it.
        both = ((fold(literal)[:-1], fold(literal, chinese=True)[:-1]) for literal in anchor.literals)
        return [found for plain, chinese in both for found in _in_both_forms(plain, chinese, 0)]
    search = TermSearch(anchor) if isinstance(anchor, Term) else anchor.search
    check = _MAY_TAKE_S if isinstance(anchor, Name) and search.takes_genitive else 0
    check |= _edges(search.plain.anchor, starts=search.plain.starts_so, ends=search.plain.ends_so)
    return _in_both_forms(search.plain.anchor, search.chinese.anchor, check)


def _in_both_forms(plain: str, chinese: str, check: int) -> list[tuple[str, int]]:
    """Return a literal for articles in Chinese and for others; simplified characters are of the same class as traditional ones."""
    if plain == chinese:
        return [(plain, check)]
    return [(plain, check | _NOT_IN_CHINESE), (chinese, check | _ONLY_IN_CHINESE)]


def _edges(literal: str, *, starts: bool, ends: bool) -> int:
    """Return what must not stand around a literal."""
    check = 0
    if starts:
        check |= {Kind.WORD: _NOT_AFTER_WORD, Kind.HANGUL: _NOT_AFTER_HANGUL}.get(KINDS[literal[0]], 0)
    if ends and KINDS[literal[-1]] is Kind.WORD:
        check |= _NOT_BEFORE_WORD
    return check


def _stands_free(text: str, spot: Spot, check: int, *, takes_genitive: bool) -> bool:
    start, end = spot
    if start:
        before = KINDS[text[start - 1]]
        if (check & _NOT_AFTER_WORD and before is Kind.WORD) or (check & _NOT_AFTER_HANGUL and before is Kind.HANGUL):
            return False
    if not check & _NOT_BEFORE_WORD or end == len(text) or KINDS[text[end]] is not Kind.WORD:
        return True
    if not (takes_genitive and check & _MAY_TAKE_S and text[end] == "s"):
        return False
    return end + 1 == len(text) or KINDS[text[end + 1]] is not Kind.WORD
