"""Everything that is asked of the archive; each function takes the transaction first and changes nothing."""

from __future__ import annotations

from monitor.archive.filters import Filter
from monitor.archive.needs import Needs, Token, needs_of
from monitor.archive.reads.articles import article, article_by_key, articles, articles_by_id, mentions
from monitor.archive.reads.decided import alerts_since, has_spoken, last_poll, silent_sources, waiting_channels, watched_days, widest
from monitor.archive.reads.deliveries import brief, delivery, outbox, recent
from monitor.archive.reads.due import (
    DueOfSource,
    due_deliveries,
    due_entries,
    due_of_source,
    due_sources,
    last_backfill_due,
    next_due,
    next_unsent,
    waiting_backfill,
)
from monitor.archive.reads.fleet import nodes, polls_since, queue_states
from monitor.archive.reads.listings import (
    VIEWS,
    ListedRow,
    count,
    deaf_to,
    export,
    extraction_health,
    kind_of,
    listing,
    meta,
    open_notices,
    source_states,
    status,
    theme_days,
)
from monitor.archive.reads.readings import archived_since, overflows, readings
from monitor.archive.reads.stories import family, mutes, past, story, story_candidates, story_of, told
from monitor.archive.reads.why import Trail, about_alert, about_article, about_url
from monitor.archive.search import COUNTED, candidates, search, token_counts

__all__ = [
    "COUNTED",
    "VIEWS",
    "DueOfSource",
    "Filter",
    "ListedRow",
    "Needs",
    "Token",
    "Trail",
    "about_alert",
    "about_article",
    "about_url",
    "alerts_since",
    "archived_since",
    "article",
    "article_by_key",
    "articles",
    "articles_by_id",
    "brief",
    "candidates",
    "count",
    "deaf_to",
    "delivery",
    "due_deliveries",
    "due_entries",
    "due_of_source",
    "due_sources",
    "export",
    "extraction_health",
    "family",
    "has_spoken",
    "kind_of",
    "last_backfill_due",
    "last_poll",
    "listing",
    "mentions",
    "meta",
    "mutes",
    "needs_of",
    "next_due",
    "next_unsent",
    "nodes",
    "open_notices",
    "outbox",
    "overflows",
    "past",
    "polls_since",
    "queue_states",
    "readings",
    "recent",
    "search",
    "silent_sources",
    "source_states",
    "status",
    "story",
    "story_candidates",
    "story_of",
    "theme_days",
    "token_counts",
    "told",
    "waiting_backfill",
    "waiting_channels",
    "watched_days",
    "widest",
]
