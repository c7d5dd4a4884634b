"""When the page of an article that matters is looked at again, and what makes that request conditional: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from crawler.model import Validators

_LONGEST = 500


def next_look(seen_at: datetime, now: datetime, after_s: Sequence[float]) -> datetime | None:
    """Return the next of the times that lie ``after_s`` seconds after the first sight; None once all have passed.

    Looks that were slept through are not made up for: after a long pause one look tells as much as three.
    """
    return min((at for s in after_s if (at := seen_at + timedelta(seconds=s)) > now), default=None)


def validators(headers: Mapping[str, str]) -> Validators:
    """Return what of a page's headers (lower case) can be sent back to ask whether it changed."""
    return Validators(etag=sendable(headers.get("etag")), last_modified=sendable(headers.get("last-modified")))


def conditions(known: Validators) -> dict[str, str]:
    """Return the headers that ask for a document only where it changed."""
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in headers.items() if value}


def sendable(value: str | None) -> str | None:
    """A validator that can be sent back as it came; others (control characters, novels) are worth nothing."""
    return value if value and len(value) <= _LONGEST and value.isascii() and value.isprintable() else None
