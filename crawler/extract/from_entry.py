"""What an article is without its page: the entry's title, and its text or summary."""

from __future__ import annotations

from datetime import datetime

from crawler.clean import clean_text, one_line
from crawler.extract.measures import primary, sane_time, text_hash, without_headline, word_count
from crawler.model import Arrival, Article, Completeness, ExtractStatus, Failure, FailureReason, Page, Paywall

_FULL_TEXT_CHARS = 1_000


def teaser(arrival: Arrival, *, status: ExtractStatus | None = None) -> Article:
    """Return the article that the entry alone makes; its text is the feed's full text where there is one, else the summary.

    ``status`` says how reading the page ended; left out, an arrival without a page says ``no page``, or ``refused``.
    """
    entry, result = arrival.entry, arrival.result
    page = result if isinstance(result, Page) else None
    failure = result if isinstance(result, Failure) else None
    at = page.fetched_at if page else failure.at if failure else None
    headline = one_line(entry.title)
    body = clean_text(entry.text if len(entry.text) > len(entry.summary) else entry.summary).strip()
    text = without_headline(body, headline)
    return Article(
        key=entry.key,
        url=result.final_url if isinstance(result, Page) else entry.url or result.url,
        outlet_id=entry.outlet_id,
        source_id=entry.source_id,
        headline=headline,
        text=text,
        language=entry.language or primary(arrival.outlet.language) or "und",
        published_at=sane_time(entry.published_at, before=at),
        modified_at=sane_time(entry.modified_at, before=at),
        seen_at=entry.seen_at or result_time(arrival),
        fetched_at=page.fetched_at if page else None,
        authors=tuple(filter(None, map(one_line, entry.authors))),
        section=one_line(entry.section) or None if entry.section else None,
        tags=tuple(filter(None, map(one_line, entry.tags))),
        image_url=entry.image_url,
        is_paywalled=arrival.outlet.paywall is Paywall.HARD and not entry.text,
        completeness=Completeness.PARTIAL if len(entry.text) >= _FULL_TEXT_CHARS else Completeness.TEASER,
        extract_status=status or _status(failure),
        failure=failure.reason if failure else None,
        http_status=result.http_status,
        robots=result.robots,
        tdm=result.tdm,
        text_hash=text_hash(headline, text),
        word_count=word_count(text),
        how="entry",
        is_backfill=entry.is_backfill,
        entry_id=entry.entry_id,
    )


def _status(failure: Failure | None) -> ExtractStatus:
    if failure and (failure.reason.is_refusal or failure.reason is FailureReason.TDM_TEASER):
        return ExtractStatus.REFUSED
    return ExtractStatus.NO_PAGE if failure else ExtractStatus.EMPTY


def result_time(arrival: Arrival) -> datetime:
    """When the page came, or failed to come."""
    result = arrival.result
    return result.fetched_at if isinstance(result, Page) else result.at
