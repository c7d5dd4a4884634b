"""Whether two articles are the same text: wire copies, edits, cuts. FracMinHash over shingles of three tokens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import add, sub
from zlib import crc32

from monitor.stories.tokens import widen

SHINGLE = 3
SAMPLE = 16
MIDDLE_SAMPLE = 4
"""Powers of two up to 32, by which ``shingles`` reckons."""
LOW_HALF = 0xFFFF_FFFF
SMALL, MIDDLE = 40, 240
"""Texts of fewer words than ``SMALL`` keep every shingle, those under ``MIDDLE`` every fourth by its hash, longer ones every sixteenth: of
120 words a sixteenth is seven, and four shared ones are asked.
"""

LONG = 60
LONG_CONTAINMENT = 0.3
SHORT_CONTAINMENT = 0.5
MIN_SHARED = 4
MANY, WHOLE = 64, 0.8
"""Shingles that two texts share surely, as far as their samples tell; fewer prove a copy only where nearly all of one text is in the other."""


def shingles(cut: Sequence[str], word_count: int) -> tuple[int, ...]:
    """Hash the runs of three tokens, each once, sorted; longer texts are sampled by hash, so that any two samples agree.

    A run is chosen by the cheap low half of its hash; only what is kept, one in sixteen, is hashed in full.
    """
    if len(cut) < SHINGLE:
        return (widen(" ".join(cut).encode("utf-8", "surrogatepass"), 0),) if cut else ()
    step = _step(word_count)
    by_token = {token: crc32(token.encode("utf-8", "surrogatepass")) for token in set(cut)}
    low = [by_token[token] for token in cut]
    # 31 and 961 are -1 and 1 to any of the steps, and small sums cost half of long products
    kept = [at for at, mixed in enumerate(map(add, map(sub, low, low[1:]), low[2:])) if not mixed & (step - 1)]
    chosen = {(low[at] + 31 * low[at + 1] + 961 * low[at + 2]) & LOW_HALF: at for at in kept}
    return tuple(sorted(widen(" ".join(cut[at : at + SHINGLE]).encode("utf-8", "surrogatepass"), half) for half, at in chosen.items()))


def containment(
    one: Sequence[int], other: Sequence[int], one_words: int, other_words: int, boilerplate: Collection[int] = ()
) -> tuple[float, int]:
    """How much of the smaller text stands in the larger, and how many sampled shingles they share. Symmetric.

    Of two texts that were sampled more and less finely only those count that both would have kept.
    """
    a, b = set(one), set(other)
    step = max(_step(one_words), _step(other_words))
    if _step(one_words) != _step(other_words):
        a = {h for h in a if h % step == 0}
        b = {h for h in b if h % step == 0}
    if boilerplate:
        a.difference_update(boilerplate)
        b.difference_update(boilerplate)
    if not a or not b:
        return 0.0, 0
    shared = len(a & b)
    return shared / min(len(a), len(b)), shared


def _step(word_count: int) -> int:
    return 1 if word_count < SMALL else MIDDLE_SAMPLE if word_count < MIDDLE else SAMPLE


def are_copies(share: float, shared: int, one_words: int, other_words: int) -> bool:
    """Whether what `containment` found between two long texts makes one a copy of the other."""
    if shared < MIN_SHARED or share < LONG_CONTAINMENT:
        return False
    return share >= WHOLE or shared * max(_step(one_words), _step(other_words)) >= MANY


def are_long(one_words: int, other_words: int) -> bool:
    """Whether both texts are long enough for the shingles alone to decide."""
    return one_words >= LONG and other_words >= LONG
