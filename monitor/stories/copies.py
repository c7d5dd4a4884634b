"""Whether two articles are the same text: wire copies, edits, cuts. FracMinHash over shingles of three tokens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from zlib import crc32

from monitor.stories.tokens import widen

SHINGLE = 3
SAMPLE = 16
LOW_HALF = 0xFFFF_FFFF
SMALL = 40
"""Texts of fewer words keep every shingle, longer ones those whose hash is a multiple of ``SAMPLE``."""

LONG = 60
LONG_CONTAINMENT = 0.3
SHORT_CONTAINMENT = 0.5
MIN_SHARED = 4


def shingles(cut: Sequence[str], word_count: int) -> tuple[int, ...]:
    """Hash the runs of three tokens, each once, sorted; longer texts are sampled by hash, so that any two samples agree.

    A run is chosen by the cheap low half of its hash; only what is kept, one in sixteen, is hashed in full.
    """
    if len(cut) < SHINGLE:
        return (widen(" ".join(cut).encode("utf-8", "surrogatepass"), 0),) if cut else ()
    step = 1 if word_count < SMALL else SAMPLE
    by_token = {token: crc32(token.encode("utf-8", "surrogatepass")) for token in set(cut)}
    low = [by_token[token] for token in cut]
    mixed = [(a + 31 * b + 961 * c) & LOW_HALF for a, b, c in zip(low, low[1:], low[2:], strict=False)]
    chosen = {half: at for at, half in enumerate(mixed) if half % step == 0}
    return tuple(sorted(widen(" ".join(cut[at : at + SHINGLE]).encode("utf-8", "surrogatepass"), half) for half, at in chosen.items()))


def containment(
    one: Sequence[int], other: Sequence[int], one_words: int, other_words: int, boilerplate: Collection[int] = ()
) -> tuple[float, int]:
    """How much of the smaller text stands in the larger, and how many shingles they share. Symmetric.

    A short text keeps all its shingles; against a sampled one only those count that the sample would have kept.
    """
    a, b = set(one), set(other)
    if (one_words < SMALL) != (other_words < SMALL):
        a = {h for h in a if h % SAMPLE == 0}
        b = {h for h in b if h % SAMPLE == 0}
    if boilerplate:
        a.difference_update(boilerplate)
        b.difference_update(boilerplate)
    if not a or not b:
        return 0.0, 0
    shared = len(a & b)
    return shared / min(len(a), len(b)), shared


def are_long(one_words: int, other_words: int) -> bool:
    """Whether both texts are long enough for the shingles alone to decide."""
    return one_words >= LONG and other_words >= LONG
