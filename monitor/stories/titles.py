"""Headlines side by side: how alike they are, and whether one is only the next of a series."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from monitor.stories.meanings import stem, stopwords
from monitor.stories.tokens import fold, tokens

SERIAL_SHARED = 0.6
SERIAL_OTHER = 2
"""So many words of its own in each headline make another part of a series, not a polished headline."""
LIVE_ALIKE = 0.75
_DIGITS = re.compile(r"\d+")
_LIVE = re.compile(
    r"live-?\s?(?:blog|ticker|updates?)|(?:news|minuten)(?:blog|ticker)|\ben direct\b|minut[eo] (?:by|per|a|po) minut|na zywo|as it happened|直播"
)


@dataclass(frozen=True, slots=True)
class Title:
    """A headline's telling words, and its numbers."""

    outlet_id: str
    words: frozenset[str]
    numbers: frozenset[str]
    is_live: bool

    def cosine(self, other: Title) -> float:
        """How alike two headlines are by their words, 0 to 1."""
        if not self.words or not other.words:
            return 0.0
        return len(self.words & other.words) / math.sqrt(len(self.words) * len(other.words))


@lru_cache(maxsize=50_000)
def read_title(headline: str, outlet_id: str) -> Title:
    """Cut a headline."""
    folded = fold(headline)
    cut = tokens(folded)
    numbers = frozenset(number for token in cut for number in _DIGITS.findall(token))
    words = frozenset(stem(t) for t in cut if not t.isdigit() and t not in stopwords())
    return Title(outlet_id, words, numbers, _LIVE.search(folded) is not None)


def is_serial(one: Title, other: Title) -> bool:
    """Whether one outlet prints a headline again with other numbers or names: rates, results, previews; never one event."""
    if one.outlet_id != other.outlet_id or not one.words or not other.words or is_same_live_page(one, other):
        return False
    shared = len(one.words & other.words)
    least = min(len(one.words), len(other.words))
    if shared / least < SERIAL_SHARED:
        return False
    return one.numbers != other.numbers or least - shared >= SERIAL_OTHER


def is_same_live_page(one: Title, other: Title) -> bool:
    """Whether one outlet goes on with a live page at another address: the next part of one story."""
    return one.outlet_id == other.outlet_id and one.is_live and other.is_live and one.cosine(other) >= LIVE_ALIKE
