"""Reads what is due: sources to poll, entries to fetch, deliveries to send."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from crawler.model import Entry, Validators
from monitor.archive import tables as t
from monitor.archive.shapes import chunks, delivery_of, entry_of
from monitor.archive.tx import Tx
from monitor.model import Delivery

PER_OUTLET = 50
"""Of one outlet at most so many entries at a time: the flood of one must not hide the news of the others."""

_s, _e, _d = t.sources.c, t.entries.c, t.deliveries.c
_SOURCES = (
    sa.select(_s.source_id, _s.etag, _s.last_modified, _s.body_hash, _s.unconditional_at)
    .where(_s.next_at <= sa.bindparam("now", type_=_s.next_at.type), _s.retired_at.is_(None))
    .order_by(_s.next_at, _s.source_id)
    .limit(sa.bindparam("limit"))
)
_inner = t.entries.alias("due")
_ENTRIES = (
    sa.select(t.entries)
    .select_from(
        t.outlets.join(
            t.entries,
            t.entries.c.entry_id.in_(
                sa.select(_inner.c.entry_id)
                .where(_inner.c.outlet_id == t.outlets.c.outlet_id, _inner.c.next_at <= sa.bindparam("now", type_=_e.next_at.type))
                .order_by(_inner.c.next_at)
                .limit(sa.bindparam("each"))
                .correlate(t.outlets)
                .scalar_subquery()
            ),
        )
    )
    .where(t.outlets.c.retired_at.is_(None))
    .order_by(_e.next_at, _e.entry_id)
    .limit(sa.bindparam("limit"))
)


def due_sources(tx: Tx, now: datetime, limit: int) -> list[tuple[str, Validators]]:
    """The sources whose poll is due, the longest overdue first, with what makes the poll conditional."""
    return [
        (
            row["source_id"],
            Validators(
                etag=row["etag"],
                last_modified=row["last_modified"],
                body_hash=row["body_hash"],
                unconditional_at=row["unconditional_at"],
            ),
        )
        for row in tx.rows(_SOURCES, {"now": now, "limit": limit})
    ]


def due_entries(tx: Tx, now: datetime, limit: int, exclude: Collection[int] = ()) -> list[Entry]:
    """The entries whose fetch is due, the longest waiting first, at most ``PER_OUTLET`` of one outlet beside those in ``exclude``."""
    excluded = set(exclude)
    rows = tx.rows(_ENTRIES, {"now": now, "each": PER_OUTLET + len(excluded), "limit": limit + len(excluded)})
    return [entry_of(row) for row in rows if row["entry_id"] not in excluded][:limit]


def next_due(tx: Tx) -> datetime | None:
    """When the next poll is due; None where nothing is watched."""
    found = tx.row(sa.select(_s.next_at).where(_s.next_at.is_not(None), _s.retired_at.is_(None)).order_by(_s.next_at).limit(1))
    return found["next_at"] if found else None


def due_deliveries(tx: Tx, now: datetime, limit: int, exclude_channels: Collection[str] = ()) -> list[Delivery]:
    """The messages whose time has come, grave ones first, then the longest waiting, each with the alerts it carries."""
    rows = tx.rows(
        sa.select(t.deliveries)
        .where(_OPEN, _d.next_at <= now, _d.channel.not_in(list(exclude_channels)))
        .order_by(_d.severity.desc(), _d.next_at, _d.delivery_id)
        .limit(limit)
    )
    carried = alerts_of(tx, [row["delivery_id"] for row in rows])
    return [delivery_of(row, carried.get(row["delivery_id"], ())) for row in rows]


def next_unsent(tx: Tx, channel: str, after: int, now: datetime) -> Delivery | None:
    """The channel's next unsent message by id after ``after``, from the lowest again past the highest: due, or waiting for a retry.

    What is held for its time is none of them: a probe must not wake anybody at night.
    """
    waiting = sa.or_(_d.status == "retry", _d.next_at <= now)
    chosen = sa.select(t.deliveries).where(_OPEN, _d.channel == channel, waiting)
    row = tx.row(chosen.order_by(_d.delivery_id <= after, _d.delivery_id).limit(1))
    return None if row is None else delivery_of(row, alerts_of(tx, [row["delivery_id"]]).get(row["delivery_id"], ()))


_OPEN = sa.text("deliveries.status IN ('pending', 'held', 'retry')")  # as the partial index says it


def alerts_of(tx: Tx, delivery_ids: Collection[int]) -> dict[int, list[int]]:
    """The alerts that deliveries carry, in the order they were decided."""
    a = t.delivery_alerts.c
    carried: dict[int, list[int]] = {}
    for part in chunks(list(delivery_ids)):
        for row in tx.rows(sa.select(a.delivery_id, a.alert_id).where(a.delivery_id.in_(part)).order_by(a.alert_id)):
            carried.setdefault(row["delivery_id"], []).append(row["alert_id"])
    return carried
