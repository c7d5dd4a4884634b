"""CPU time over real feeds, ours and feedparser's feed by feed in one process, so that the machine is the same for both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

import feedparser

from tests.benchmarks.feeds.material import read

ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Totals over all feeds, in CPU seconds; ``ratios`` are feedparser's time over ours, feed by feed."""

    feeds: int
    megabytes: float
    ours_s: float
    theirs_s: float
    bare_s: float
    ratios: tuple[float, ...]
    unread: tuple[str, ...]
    fewer: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """How many times feedparser's CPU time is ours."""
        return self.theirs_s / self.ours_s

    @property
    def median(self) -> float:
        """The same for the feed in the middle."""
        return statistics.median(self.ratios)


def measure(feeds: Mapping[str, bytes]) -> Speed:
    """Read every feed with both; the better of two rounds counts for each. ``bare`` is feedparser without sanitising."""
    ours_s = theirs_s = bare_s = 0.0
    ratios, unread, fewer = [], [], []
    for name, body in sorted(feeds.items()):
        ours, theirs, bare = (min(times) for times in zip(*(_one(body) for _ in range(ROUNDS)), strict=True))
        ours_s, theirs_s, bare_s = ours_s + ours, theirs_s + theirs, bare_s + bare
        ratios.append(theirs / ours)
        found, known = read(body), feedparser.parse(body)
        if found is None:
            unread.append(name)
        elif len(found.entries) < len(known.entries):
            fewer.append(f"{name}: {len(found.entries)} of {len(known.entries)} ({'; '.join(found.repairs)})")
    size = sum(map(len, feeds.values())) / 1e6
    return Speed(
        feeds=len(feeds),
        megabytes=size,
        ours_s=ours_s,
        theirs_s=theirs_s,
        bare_s=bare_s,
        ratios=tuple(ratios),
        unread=tuple(unread),
        fewer=tuple(fewer),
    )


def _one(body: bytes) -> tuple[float, float, float]:
    started = time.process_time()
    read(body)
    ours = time.process_time()
    feedparser.parse(body)
    theirs = time.process_time()
    feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    bare = time.process_time()
    return ours - started, theirs - ours, bare - theirs
