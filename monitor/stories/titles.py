"""Headlines side by side: how alike they are, and whether one is only the next of a series."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from monitor.stories.meanings import stem, stopwords
from monitor.stories.tokens import fold, tokens

SERIAL_SHARED = 0.6
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Title:
    """A headline's telling words, and its numbers."""

    outlet_id: str
    words: frozenset[str]
    numbers: frozenset[str]

    def cosine(self, other: Title) -> float:
        """How alike two headlines are by their words, 0 to 1."""
        if not self.words or not other.words:
            return 0.0
        return len(self.words & other.words) / math.sqrt(len(self.words) * len(other.words))


@lru_cache(maxsize=50_000)
def read_title(headline: str, outlet_id: str) -> Title:
    """Cut a headline."""
    cut = tokens(fold(headline))
    numbers = frozenset(number for token in cut for number in _DIGITS.findall(token))
    words = frozenset(stem(t) for t in cut if not t.isdigit() and t not in stopwords())
    return Title(outlet_id, words, numbers)


def is_serial(one: Title, other: Title) -> bool:
    """Whether one outlet prints a headline again with other numbers or names: rates, results, previews; never one event."""
    if one.outlet_id != other.outlet_id or not one.words or not other.words:
        return False
    shared = len(one.words & other.words)
    if shared / min(len(one.words), len(other.words)) < SERIAL_SHARED:
        return False
    return one.numbers != other.numbers or min(len(one.words), len(other.words)) - shared >= SERIAL_OTHER


SERIAL_OTHER = 2
"""So many words of its own in each headline make another part of a series, not a polished headline."""
