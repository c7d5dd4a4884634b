"""Whether two articles are the same text: wire copies, edits, cuts. FracMinHash over shingles of three tokens."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence

from monitor.stories.tokens import widen

SHINGLE = 3
SAMPLE = 16
SMALL = 40
"""Texts of fewer words keep every shingle, longer ones those whose hash is a multiple of ``SAMPLE``."""

LONG = 60
LONG_CONTAINMENT = 0.3
SHORT_CONTAINMENT = 0.5
MIN_SHARED = 4


def shingles(cut: Sequence[str], word_count: int) -> tuple[int, ...]:
    """Hash the runs of three tokens, each once, sorted; longer texts are sampled by hash, so that any two samples agree."""
    if not cut:
        return ()
    step = 1 if word_count < SMALL else SAMPLE
    runs = zip(cut, cut[1:], cut[2:], strict=False) if len(cut) >= SHINGLE else [tuple(cut)]
    kept: set[int] = set()
    for run in runs:
        raw = " ".join(run).encode("utf-8", "surrogatepass")
        low = zlib.crc32(raw)
        if low % step == 0:
            kept.add(widen(raw, low))
    return tuple(sorted(kept))


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
