"""What changed between two states of a text, word by word: the places where words came or went, with a few around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise
from typing import Final

from monitor.render.clean import line
from monitor.text.boundaries import token_pattern

AROUND: Final = 8
"""Words shown on each side of a change."""
PLACES: Final = 6
WORDS: Final = 60
"""Words shown of one stretch that came or went."""
_COMPARED: Final = 1_500
"""Words compared at most; a text that changed over more is shown by its beginning."""
_SPACES: Final = re.compile(r"\s+")


class How(StrEnum):
    """What became of a stretch of words; the last one stands for words that are left out."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A stretch of words and what became of it."""

    how: How
    text: str


_LEFT_OUT: Final = Change(how=How.LEFT_OUT, text=" … ")


def changes(before: str, after: str) -> tuple[Change, ...]:
    """Return the stretches that differ and what stands around them; nothing where the words are the same."""
    old, new = words(before), words(after)
    start = _same(old, new)
    end = _same(old[start:][::-1], new[start:][::-1])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if not middle_old and not middle_new:
        return ()
    matcher = SequenceMatcher(None, _compared(middle_old), _compared(middle_new))
    found: list[Change] = []
    kept, places = new[:start], 0
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            kept = [*kept, *middle_new[j1:j2]]
        elif places == PLACES:
            return (*found, *_behind(kept), _LEFT_OUT)
        else:
            found += _between(kept) if found else _before(kept)
            found += _stretch(How.REMOVED, middle_old[i1:i2]) + _stretch(How.ADDED, middle_new[j1:j2])
            kept, places = [], places + 1
    rest = [*kept, *new[len(new) - end :]]
    is_cut = len(rest) > AROUND or max(len(middle_old), len(middle_new)) > _COMPARED
    return (*found, *_behind(rest), *([_LEFT_OUT] if is_cut else []))


def limited(found: Sequence[Change], *, before: int, after: int) -> tuple[Change, ...]:
    """Return the first stretches, of each of the two states at most so many characters."""
    left = {How.REMOVED: before, How.ADDED: after}
    shown: list[Change] = []
    for change in found:
        states = [state for state in left if change.how in {state, How.KEPT}]
        room = min((left[state] for state in states), default=len(change.text))
        for state in states:
            left[state] -= len(change.text)
        if len(change.text) <= room:
            shown.append(change)
            continue
        if room > 0:
            shown.append(Change(how=change.how, text=change.text[: room - 1].rstrip() + "…"))
        if change.how is How.KEPT:
            break
    return tuple(shown)


def words(text: str) -> list[str]:
    """Cut a text so that joining gives it back as one line: a word with what follows it, of scripts without spaces each character."""
    text = line(text)
    edges = sorted({0, len(text), *(found.start() for found in token_pattern().finditer(text))})
    return [text[i:j] for i, j in pairwise(edges)]


def _same(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one.rstrip() != other.rstrip():
            break
        count += 1
    return count


def _compared(stretch: Sequence[str]) -> list[str]:
    return [word.rstrip() for word in stretch[:_COMPARED]]


def _before(kept: Sequence[str]) -> list[Change]:
    return [*([_LEFT_OUT] if len(kept) > AROUND else []), *_kept(kept[-AROUND:])]


def _between(kept: Sequence[str]) -> list[Change]:
    return _kept(kept) if len(kept) <= 2 * AROUND else [*_behind(kept), _LEFT_OUT, *_kept(kept[-AROUND:])]


def _behind(kept: Sequence[str]) -> list[Change]:
    return _kept(kept[:AROUND])


def _kept(stretch: Sequence[str]) -> list[Change]:
    return [Change(how=How.KEPT, text="".join(stretch))] if stretch else []


def _stretch(how: How, stretch: Sequence[str]) -> list[Change]:
    if not stretch:
        return []
    said = "".join(stretch[:WORDS])
    return [Change(how=how, text=said.rstrip() + " … " if len(stretch) > WORDS else said)]
