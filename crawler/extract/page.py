"""One page to one article: the straight line through tree, metadata, text and language."""

from __future__ import annotations

import logging
from dataclasses import replace

from crawler.clean import clean_text
from crawler.extract import language, metadata, text
from crawler.extract.metadata import Metadata
from crawler.extract.teaser import primary, sane_time, teaser, text_hash, without_headline, word_count
from crawler.extract.text import Reading
from crawler.extract.tree import parse
from crawler.model import Arrival, Article, Completeness, ExtractStatus, Page

_MIN_CHARS = 140
_MIN_CHARS_HAN = 50


def read(arrival: Arrival) -> Article:
    """Return what the page says, completed by what the entry says; without a page or without text, the teaser."""
    page = arrival.result
    if not isinstance(page, Page):
        return teaser(arrival)
    tree = parse(page.body, content_type=page.headers.get("content-type", ""), language=arrival.outlet.language)
    if tree is None:
        return teaser(arrival, status=ExtractStatus.EMPTY)
    known = metadata.read(tree.root, arrival)
    reading = text.read(tree, known, arrival.outlet.selectors)
    return _compose(arrival, page, known, reading)


def warm() -> None:
    """Read one page of nothing, so that what is loaded late is loaded now."""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    language.detect("Warm", "The quick brown fox jumps over the lazy dog.")


def _compose(arrival: Arrival, page: Page, known: Metadata, reading: Reading) -> Article:
    entry = teaser(arrival, status=ExtractStatus.EMPTY)
    headline = known.title or entry.headline
    body = without_headline(clean_text(reading.text).strip(), headline)
    article = replace(
        entry,
        headline=headline,
        published_at=known.published_at or entry.published_at,
        modified_at=known.modified_at or entry.modified_at,
        canonical_url=known.canonical_url,
        authors=known.authors or entry.authors,
        site_name=known.site_name,
        section=known.section or entry.section,
        tags=known.tags or entry.tags,
        image_url=known.image_url or entry.image_url,
        is_paywalled=known.is_paywalled,
    )
    if len(body) > len(entry.text):
        article = replace(article, text=body, completeness=Completeness.FULL, extract_status=ExtractStatus.OK, how=reading.how)
    elif body:
        article = replace(article, extract_status=ExtractStatus.OK)
    published = sane_time(article.published_at, before=page.fetched_at)
    hint = primary(known.language or arrival.outlet.language)
    return replace(
        article,
        published_at=published,
        modified_at=sane_time(article.modified_at, before=page.fetched_at),
        language=language.detect(article.headline, article.text, hint=hint),
        text_hash=text_hash(article.headline, article.text),
        word_count=word_count(article.text),
    )
