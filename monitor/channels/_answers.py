"""What the answer of a service over HTTP means for a message."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from monitor.errors import ChannelBusy, ChannelError, ChannelRefused

_US = frozenset({401, 402, 403, 404, 407})
"""Answers about the channel, not about the message: a token that ran out, an address that moved. Mended in time, nothing is lost."""

_LATER = frozenset({408, 409, 423, 425, 429})
"""409 says that the same Idempotency-Key is being worked on (draft-ietf-httpapi-idempotency-key-header)."""

_LONGEST_WAIT_S = 24 * 3600.0
_SHORT_WAIT_S = 1.0


def judged(status: int, *, detail: str = "", retry_after_s: float | None = None) -> ChannelError | None:
    """Return None for a message that was taken, else the error to raise."""
    if 200 <= status < 300:
        return None
    said = f"answered {status} ({phrase(status)})" + (f": {detail}" if detail else "")
    if 300 <= status < 400:
        return ChannelBusy(f"{said}; redirects are not followed, write the final address into the settings")
    if status in _US:
        return ChannelBusy(f"{said}; check the address and the token of the channel")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ChannelBusy(said, retry_after_s=retry_after_s if retry_after_s is not None else _SHORT_WAIT_S)
    if status in _LATER or status >= 500 or status < 200:
        return ChannelBusy(said, retry_after_s=retry_after_s)
    return ChannelRefused(said)


def phrase(status: int) -> str:
    """Return a status in words."""
    try:
        return HTTPStatus(status).phrase.lower()
    except ValueError:
        return "no such status"


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Read a Retry-After header: seconds from ``now``, at most a day, None where it says nothing."""
    if not value:
        return None
    try:
        seconds = float(int(value.strip()))
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT_S)
