"""One page to one article: the straight line through tree, blocks, metadata, text and language."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from htmldate import find_date
from trafilatura import bare_extraction

from crawler.clean import clean_text
from crawler.extract import flags, forest, language, metadata, text
from crawler.extract.blocks import Block, Walk
from crawler.extract.features import Hints
from crawler.extract.from_entry import teaser
from crawler.extract.measures import primary, text_hash, weight, without_headline, word_count
from crawler.extract.metadata import Metadata
from crawler.extract.text import Reading
from crawler.extract.tree import Tree, parse
from crawler.extract.when import Times
from crawler.model import Arrival, Article, ExtractStatus, Page

_LEAST_WEIGHT = 80.0
_MAX_CHARS = 200_000
_CUT_SHARE = 0.5
"""Below this share of the text the feed carries, the page is the one that was cut."""
_LINKED, _HEADLINE_CHARS = 0.5, 50
_TWO_DAYS = timedelta(days=2)


def read(arrival: Arrival) -> Article:
    """Return what the page says, completed by what the entry says; without a page or without text, the teaser."""
    page = arrival.result
    if not isinstance(page, Page):
        return teaser(arrival)
    tree = parse(page.body, content_type=page.headers.get("content-type", ""), language=arrival.outlet.language)
    if tree is None:
        return teaser(arrival, status=ExtractStatus.EMPTY)
    selectors = arrival.outlet.selectors
    if selectors:
        text.drop(tree.root, selectors.drop)
    walk = Walk(tree.root)
    known = metadata.read(tree.root, walk.blocks, arrival)
    if selectors and selectors.headline:
        known = replace(known, title=text.selected_line(tree.root, selectors.headline) or known.title)
    hints = Hints(title=known.title, description=known.description, body=flags.body(known.node))
    reading = text.read(tree, walk, hints, selectors.body if selectors else None)
    return _compose(arrival, page, tree, walk, known, reading)


def warm() -> None:
    """Load what a first page would wait for, and silence libraries that log every page they do not like."""
    for name in ("trafilatura", "htmldate", "courlan"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    forest.load()
    language.detect("Warm", "The quick brown fox jumps over the lazy dog.")
    _rehearse()


def _rehearse() -> None:
    """Read a page that needs every rung, and one that is too short, for some libraries load their tables at first use."""
    for words in (b"One of two sentences, long enough to be weighed. " * 20, b"Short."):
        tree = parse(b"<html><body><div><p>Posted in spring 2019 by nobody.</p><p>" + words + b"</p></div></body></html>")
        assert tree is not None
        bare_extraction(tree.root, fast=True, favor_precision=True, include_comments=False)
        find_date(tree.root, original_date=True, extensive_search=False)


def _compose(arrival: Arrival, page: Page, tree: Tree, walk: Walk, known: Metadata, reading: Reading) -> Article:
    entry = teaser(arrival, status=ExtractStatus.EMPTY)
    if flags.is_challenge(known.title):
        return entry
    described = _described(entry, known)
    body = without_headline(clean_text(reading.text).strip(), described.headline)
    is_paywalled = flags.is_paywalled(known, [block.text for block in walk.blocks if not _is_pointer(block)], body) or entry.is_paywalled
    article = replace(described, is_paywalled=is_paywalled, genre=flags.genre(known, page.final_url))
    if weight(body) >= _LEAST_WEIGHT and len(body) < _CUT_SHARE * len(entry.text):
        article = replace(article, extract_status=ExtractStatus.OK)
    elif weight(body) >= _LEAST_WEIGHT:
        is_cut = tree.is_cut or walk.is_cut or len(body) > _MAX_CHARS
        whole = flags.completeness(known, body, is_paywalled=is_paywalled, is_cut=is_cut)
        article = replace(article, text=body[:_MAX_CHARS], completeness=whole, extract_status=ExtractStatus.OK, how=reading.how)
    hint = primary(known.language or arrival.outlet.language)
    return replace(
        article,
        agency=flags.agency(article.authors, article.text, known.node, reading.asides),
        language=language.detect(article.headline, article.text, hint=hint),
        text_hash=text_hash(article.headline, article.text),
        word_count=word_count(article.text),
    )


def _is_pointer(block: Block) -> bool:
    """A link with a headline of its own: what it keeps for subscribers is another article."""
    return block.link > _LINKED and len(block.text) >= _HEADLINE_CHARS


def _described(entry: Article, known: Metadata) -> Article:
    """Complete what the page says of itself by what the entry says."""
    return replace(
        entry,
        headline=clean_text(known.title) or entry.headline,
        published_at=_published(entry, known.times),
        modified_at=known.times.modified_at or entry.modified_at,
        canonical_url=known.canonical_url,
        authors=known.authors or entry.authors,
        site_name=known.site_name,
        section=known.section or entry.section,
        tags=known.tags or entry.tags,
        image_url=known.image_url or entry.image_url,
    )


def _published(entry: Article, times: Times) -> datetime | None:
    """Take the page's word; but where it tells a day alone, the entry's minute of about that day."""
    told = times.published_at
    if told is None or (times.is_day and entry.published_at and abs(entry.published_at - told) < _TWO_DAYS):
        return entry.published_at
    return told
