"""Everything that is asked of the archive; each function takes the transaction first and changes nothing."""

from __future__ import annotations

from monitor.archive.reads.articles import article, article_by_key, articles, articles_by_id, mentions
from monitor.archive.reads.deliveries import brief, delivery, outbox, recent, silent_sources
from monitor.archive.reads.due import due_deliveries, due_entries, due_sources, next_due
from monitor.archive.reads.stories import family, mutes, past, story, story_candidates, story_of, told

__all__ = [
    "article",
    "article_by_key",
    "articles",
    "articles_by_id",
    "brief",
    "delivery",
    "due_deliveries",
    "due_entries",
    "due_sources",
    "family",
    "mentions",
    "mutes",
    "next_due",
    "outbox",
    "past",
    "recent",
    "silent_sources",
    "story",
    "story_candidates",
    "story_of",
    "told",
]
