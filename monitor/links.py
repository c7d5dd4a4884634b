"""Addresses of an alert's page, and the signed links on it and in messages that mute or mark without logging in.

A link is opened by people and by mail scanners alike: opening it shows what it would do, and only a POST to the same address does it.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from monitor.model import Verdicts

MUTE_FOR: Final = timedelta(hours=24)
VALID_FOR: Final = timedelta(days=30)
KEY_BYTES: Final = 32
PARAMETER: Final = "k"
"""The query parameter that holds the signature: ``/alerts/812/mute?k=DAY.SIGNATURE``."""

_PURPOSE: Final = b"presswatch link 1"
_SIGNATURE_BYTES: Final = 16


class Act(StrEnum):
    """What a link does; the value is the last part of its path."""

    MUTE = "mute"
    USEFUL = "useful"
    NOISE = "noise"
    DUPLICATE = "duplicate"

    @property
    def verdict(self) -> Verdicts | None:
        """The mark it leaves, None where it mutes the story for ``MUTE_FOR``."""
        return None if self is Act.MUTE else Verdicts(self.value)


class Standing(StrEnum):
    """What a signature is worth."""

    GOOD = "good"
    EXPIRED = "expired"
    FORGED = "forged"


def page(public_url: str, alert_id: int) -> str:
    """Return where people read all about an alert."""
    return f"{public_url.rstrip('/')}/alerts/{alert_id}"


def signed(public_url: str, key: bytes, act: Act, alert_id: int, since: datetime) -> str:
    """Return a link that does one thing to one alert, until ``VALID_FOR`` after ``since``; the same arguments give the same link."""
    return f"{page(public_url, alert_id)}/{act.value}?{PARAMETER}={signature(key, act, alert_id, since)}"


def of_story(public_url: str, key: bytes | None, story_id: int, alert_id: int, since: datetime) -> dict[str, str]:
    """Return the links of a story in a message, by name and story: ``page:7``, and with a key ``mute:7``, ``useful:7`` and so on."""
    found = {f"page:{story_id}": page(public_url, alert_id)}
    if key is not None:
        found |= {f"{act.value}:{story_id}": signed(public_url, key, act, alert_id, since) for act in Act}
    return found


def signature(key: bytes, act: Act, alert_id: int, since: datetime) -> str:
    """Return the last day of a link and what proves it ours."""
    last = (since.astimezone(UTC) + VALID_FOR).date().toordinal()
    return f"{last}.{_proof(key, act, alert_id, last)}"


def check(key: bytes, act: Act, alert_id: int, given: str, now: datetime) -> Standing:
    """Say what a signature that came with a request is worth; takes the same time whether it is nearly right or not at all."""
    last, _, proof = given.partition(".")
    if not (last.isascii() and last.isdigit() and len(last) <= len(str(date.max.toordinal()))):
        return Standing.FORGED
    if not hmac.compare_digest(proof.encode("utf-8", "surrogatepass"), _proof(key, act, alert_id, int(last)).encode()):
        return Standing.FORGED
    return Standing.EXPIRED if now.astimezone(UTC).date().toordinal() > int(last) else Standing.GOOD


def _proof(key: bytes, act: Act, alert_id: int, last: int) -> str:
    """Return 128 bits of HMAC-SHA256 over what the link does, to what, and until when."""
    said = b"\0".join((_PURPOSE, act.value.encode(), str(alert_id).encode(), str(last).encode()))
    return urlsafe_b64encode(hmac.new(key, said, hashlib.sha256).digest()[:_SIGNATURE_BYTES]).rstrip(b"=").decode()
