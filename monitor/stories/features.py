"""What is kept of an article to find its story again: shingles of the text, typed features of title and lead."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.model import Article
from monitor.model import Feature, Fingerprint, Mention
from monitor.stories.copies import shingles
from monitor.stories.tokens import count_words, fold, stable_hash, tokens

LEAD = 320
"""Characters of the text that say what it is about."""
STEM = 6
MAX_TEXT = 20_000
"""Characters of a text that are shingled: beyond it nothing new is learnt and a page of a megabyte would cost seconds."""
MIN_BODY_WORDS = 20


def fingerprint(article: Article, mentions: Sequence[Mention]) -> Fingerprint:
    """Keep what finds the story again."""
    del mentions
    title = tokens(fold(article.headline))
    body = tokens(fold(article.text[:MAX_TEXT]))
    cut = body if count_words(body) >= MIN_BODY_WORDS else title + body
    word_count = count_words(cut)
    features = {w[:STEM]: Feature(kind="w", value=w[:STEM], in_title=True, hash=stable_hash(f"w:{w[:STEM]}")) for w in title}
    return Fingerprint(shingles=shingles(cut, word_count), features=tuple(features.values()), word_count=word_count)
