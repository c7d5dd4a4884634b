"""Where an article belongs: same text first, then the same event in other words; else it opens a story."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crawler.model import Article
from monitor.model import Candidate, Fingerprint, HowAssigned, StoryAssignment
from monitor.stories.copies import LONG_CONTAINMENT, MIN_SHARED, are_long, containment
from monitor.stories.frequencies import Frequencies


def assign(
    article: Article, fingerprint: Fingerprint, candidates: Sequence[Candidate], frequencies: Frequencies, now: datetime
) -> StoryAssignment:
    """Find the article's story among the candidates."""
    del article, now
    best: tuple[float, Candidate] | None = None
    for candidate in candidates:
        if not are_long(fingerprint.word_count, candidate.word_count):
            continue
        share, shared = containment(
            fingerprint.shingles, candidate.shingles, fingerprint.word_count, candidate.word_count, frequencies.boilerplate
        )
        if share >= LONG_CONTAINMENT and shared >= MIN_SHARED and (best is None or share > best[0]):
            best = share, candidate
    if best is None:
        return StoryAssignment(story_id=None, how=HowAssigned.NEW)
    return StoryAssignment(story_id=best[1].story_id, how=HowAssigned.SAME_TEXT, score=best[0], matched_article_id=best[1].article_id)
