"""Whether an outlet's pages are still read as they used to be: its last articles against its own history, pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

RECENT = 20
"""The last articles of an outlet that are judged."""
MIN_RECENT = 8
MIN_HISTORY = 30
_CHANCE = 0.001
_RISE = 0.25
"""Least rise of a share that is told: a change no reader would notice needs no notice, however sure it is."""
_SHORT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One page that was fetched, and what was read of it; ``words`` is the length of its text."""

    words: int
    has_text: bool = True
    has_date: bool = True
    has_title: bool = True


def failing(recent: Sequence[Reading], before: Sequence[Reading]) -> tuple[str, ...]:
    """Say what is read worse than before, in words for a person; nothing where too little is known.

    Each fault is judged as a share: it fails where the history gives so many in so few articles less than one chance in a thousand.
    """
    if len(recent) < MIN_RECENT or len(before) < MIN_HISTORY:
        return ()
    usual = median(r.words for r in before if r.has_text) if any(r.has_text for r in before) else 0.0
    faults: tuple[tuple[str, Callable[[Reading], bool]], ...] = (
        ("without text", lambda r: not r.has_text),
        ("without date", lambda r: not r.has_date),
        ("without title", lambda r: not r.has_title),
        (f"with less than half of the usual {usual:.0f} words", lambda r: r.has_text and r.words < _SHORT * usual),
    )
    said = []
    for what, is_faulty in faults:
        hits, known = sum(map(is_faulty, recent)), sum(map(is_faulty, before))
        share = (known + 1) / (len(before) + 2)
        if hits / len(recent) - share >= _RISE and chance_of(hits, len(recent), share) < _CHANCE:
            said.append(f"{hits} of {len(recent)} articles {what}, before {known} of {len(before)}")
    return tuple(said)


def chance_of(hits: int, tries: int, share: float) -> float:
    """Return the chance of at least so many hits."""
    return sum(math.comb(tries, k) * share**k * (1.0 - share) ** (tries - k) for k in range(hits, tries + 1))
