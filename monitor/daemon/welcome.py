"""New subscriptions: each begins with one digest of the last 24 hours, so that nobody starts before an empty page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from monitor import routing
from monitor.archive import Tx, reads, writes
from monitor.model import Subscription

_KNOWN: Final = "subscriptions"
_BACK: Final = timedelta(hours=24)


def welcome(tx: Tx, subscriptions: Sequence[Subscription], now: datetime) -> int:
    """Remember who subscribes, and book the first digest of those who did not before; return how many were booked.

    What the channel carried already for another subscription is left out. An archive that remembers nobody yet greets nobody.
    """
    known = reads.meta(tx, _KNOWN)
    wanted = [s.subscription_id for s in subscriptions]
    if known is not None and json.loads(known) == wanted:
        return 0
    writes.put_meta(tx, _KNOWN, json.dumps(wanted))
    fresh = [s for s in subscriptions if s.themes and s.subscription_id not in json.loads(known)] if known is not None else []
    if not fresh:
        return 0
    alerts, mutes = reads.alerts_since(tx, now - _BACK), reads.mutes(tx, now)
    return sum(writes.put_deliveries(tx, routing.welcome(alerts, s, mutes, now), now) for s in fresh)
