"""When the page of an article that matters is looked at again, and what makes that request conditional: pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from crawler.extract import body_hash
from crawler.model import Entry, Page, Validators

_LONGEST = 500


def next_look(seen_at: datetime, now: datetime, after_s: Sequence[float]) -> datetime | None:
    """Return the next of the times that lie ``after_s`` seconds after the first sight; None once all have passed.

    Looks that were slept through are not made up for: after a long pause one look tells as much as three.
    """
    return min((at for s in after_s if (at := seen_at + timedelta(seconds=s)) > now), default=None)


def validators(page: Page) -> Validators:
    """Return by what an unchanged page is known: what of its headers can be sent back, and its bytes' hash."""
    etag, last_modified = page.headers.get("etag"), page.headers.get("last-modified")
    return Validators(etag=sendable(etag), last_modified=sendable(last_modified), body_hash=body_hash(page.body))


def is_unchanged(entry: Entry, page: Page) -> bool:
    """Whether a second look brought the bytes that were read before, as it does at servers that answer no conditional request."""
    known = entry.validators.body_hash if entry.is_recheck and entry.validators else None
    return known is not None and known == body_hash(page.body)


def conditions(known: Validators) -> dict[str, str]:
    """Return the headers that ask for a document only where it changed."""
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in headers.items() if value}


def sendable(value: str | None) -> str | None:
    """A validator that can be sent back as it came; others (control characters, novels) are worth nothing."""
    return value if value and len(value) <= _LONGEST and value.isascii() and value.isprintable() else None
