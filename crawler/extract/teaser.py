"""What an article is without its page: the entry's title and summary; and what every article has in common."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta

from crawler.clean import clean_text, one_line
from crawler.model import Arrival, Article, Completeness, ExtractStatus, Failure, FailureReason, Outlet, Page, Paywall
from crawler.urls import canonical_url

_EARLIEST_YEAR = 1990
_SLACK = timedelta(minutes=10)  # clocks of outlets and ours differ a little
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
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


def sane_time(at: datetime | None, *, before: datetime | None) -> datetime | None:
    """Return a time an outlet told if it can be true: not before 1990, and never after ``before``.

    A few minutes ahead are a wrong clock and become ``before``; anything later is no date at all.
    """
    if at is None or at.year < _EARLIEST_YEAR:
        return None
    if before is not None and at > before:
        return before if at <= before + _SLACK else None
    return at


def without_headline(text: str, headline: str) -> str:
    """Take the first line off where it only repeats the headline."""
    first, _, rest = text.partition("\n")
    return rest.lstrip("\n") if headline and bare(first) == bare(headline) else text


def bare(text: str) -> str:
    """Letters and digits alone, case folded: what two spellings of one headline share."""
    return "".join(filter(str.isalnum, text.casefold()))


def text_hash(headline: str, text: str) -> str:
    """Return the SHA-256 hex digest of headline and text."""
    return hashlib.sha256(f"{headline}\n{text}".encode()).hexdigest()


def word_count(text: str) -> int:
    """Count words; in scripts that write no spaces each character is one."""
    unspaced = len(_UNSPACED.findall(text))
    return unspaced + len(_WORD.findall(_UNSPACED.sub(" ", text) if unspaced else text))


def weight(text: str) -> float:
    """Return a text's length in characters, those of scripts without spaces counting thrice, for they say as much."""
    return len(text) if text.isascii() else len(text) + 2.0 * len(_UNSPACED.findall(text))


def primary(tag: str) -> str:
    """Return the language of a BCP 47 tag: ``de`` of ``de-AT``."""
    return tag.replace("_", "-").partition("-")[0].lower()


def safe_canonical(url: str, base: str) -> str | None:
    """Return the canonical form of a link found on a page, None where it is no link."""
    try:
        return canonical_url(url, base)
    except ValueError:
        return None


def outlet_country(outlet: Outlet) -> str:
    """Return the country by whose clock an outlet's undated zones are read."""
    return outlet.country.upper()
