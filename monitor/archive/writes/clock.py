"""What a clock that ran ahead left behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.tx import Tx

_SLACK: Final = timedelta(minutes=5)
"""So far two clocks may stand apart without either being wrong."""
_LONGEST: Final = timedelta(days=8)
"""Nothing but a poll is planned further ahead: a weekly digest, and a day to spare."""


def forgive_the_future(tx: Tx, now: datetime) -> int:
    """Make due now what was planned by a clock that ran ahead; return how many sources were.

    A poll that was made in the future is the proof. Without it nothing is touched: an outlet may have asked for a long rest.
    """
    s, h, e, d = t.sources.c, t.hosts.c, t.entries.c, t.deliveries.c
    ahead = int(tx.value(sa.select(sa.func.count()).select_from(t.sources).where(s.last_poll_at > now + _SLACK)) or 0)
    if not ahead:
        return 0
    tx.run(sa.update(t.sources).where(s.last_poll_at > now + _SLACK).values(next_at=now, last_poll_at=now))
    tx.run(sa.update(t.hosts).where(h.next_at > now + _LONGEST).values(next_at=None))
    tx.run(sa.update(t.hosts).where(h.held_until > now + _LONGEST).values(held_until=None, held_reason=None))
    tx.run(sa.update(t.entries).where(e.next_at > now + _LONGEST).values(next_at=now))
    tx.run(sa.update(t.deliveries).where(d.next_at > now + _LONGEST, d.status != "sent").values(next_at=now))
    return ahead
