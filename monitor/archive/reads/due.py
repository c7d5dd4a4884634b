"""Reads what is due: sources to poll, entries to fetch, deliveries to send."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crawler.model import Entry, Validators
from monitor.archive import tables as t
from monitor.archive.columns import is_so
from monitor.archive.ready import Make, Ready
from monitor.archive.shapes import delivery_of, entry_of
from monitor.archive.tx import Row, Tx
from monitor.model import Delivery

PER_OUTLET = 50
"""Of one outlet at most so many entries at a time: the flood of one must not hide the news of the others."""

_s, _e, _d = t.sources.c, t.entries.c, t.deliveries.c
_now = sa.bindparam("now", type_=_s.next_at.type)
_OPEN = sa.text("deliveries.status IN ('pending', 'held', 'retry')")  # as the partial index says it
_SOURCES = Ready(
    lambda _: (
        sa.select(_s.source_id, _s.etag, _s.last_modified, _s.body_hash, _s.unconditional_at)
        .where(_s.next_at <= _now, _s.retired_at.is_(None))
        .order_by(_s.next_at, _s.source_id)
        .limit(sa.bindparam("most"))
    )
)
_SOURCE = Ready(
    lambda _: sa.select(_s.outlet_id, _s.next_at, _s.retired_at, _s.etag, _s.last_modified, _s.body_hash, _s.unconditional_at).where(
        _s.source_id == sa.bindparam("id")
    )
)
_OF_SOURCE = Ready(
    lambda _: (
        sa.select(t.entries)
        .where(_e.outlet_id == sa.bindparam("outlet"), _e.next_at <= _now, _e.source_id == sa.bindparam("id"))
        .order_by(_e.next_at, _e.entry_id)
        .limit(sa.bindparam("most"))
    )
)


def _outlets_with_waiting() -> sa.CTE:
    """The outlets that have any entry waiting, hopping from one to the next in the index: of ten thousand few do at a time."""
    other = t.entries.alias("other")
    first = sa.select(sa.func.min(_e.outlet_id).label("outlet_id")).where(_e.next_at.is_not(None)).cte("waiting", recursive=True)
    after = sa.select(sa.func.min(other.c.outlet_id)).where(other.c.next_at.is_not(None), other.c.outlet_id > first.c.outlet_id)
    return first.union_all(sa.select(after.correlate(first).scalar_subquery()).where(first.c.outlet_id.is_not(None)))


def _entries(make: Make) -> sa.Select[Any]:
    """Of each outlet the longest waiting, found by its own stretch of the index; outlets take turns, so that many floods hide no news."""
    waiting = _outlets_with_waiting()
    due = t.entries.alias("due")
    of_outlet = (
        sa.select(due.c.entry_id)
        .where(due.c.outlet_id == t.outlets.c.outlet_id, due.c.next_at <= _now, sa.not_(make.among(due.c.entry_id, "excluded")))
        .order_by(due.c.next_at)
        .limit(PER_OUTLET)
        .correlate(t.outlets)
    )
    turn = sa.func.row_number().over(partition_by=_e.outlet_id, order_by=(_e.next_at, _e.entry_id))
    return (
        sa.select(t.entries)
        .select_from(
            waiting.join(t.outlets, t.outlets.c.outlet_id == waiting.c.outlet_id).join(
                t.entries, _e.entry_id.in_(of_outlet.scalar_subquery())
            )
        )
        .where(t.outlets.c.retired_at.is_(None))
        .order_by(turn, _e.next_at, _e.entry_id)
        .limit(sa.bindparam("most"))
    )


_ENTRIES = Ready(_entries)
_DELIVERIES = Ready(
    lambda make: (
        sa.select(t.deliveries)
        .where(_OPEN, _d.next_at <= _now, sa.not_(make.among(_d.channel, "excluded")))
        .order_by(_d.severity.desc(), _d.next_at, _d.delivery_id)
        .limit(sa.bindparam("most"))
    )
)
_DELIVERIES_OVER = Ready(
    lambda make: (
        sa.select(t.deliveries)
        .where(_OPEN, _d.next_at <= _now, make.among(_d.channel, "chosen"))
        .order_by(_d.severity.desc(), _d.next_at, _d.delivery_id)
        .limit(sa.bindparam("most"))
    )
)
_CARRIED = Ready(
    lambda make: (
        sa.select(t.delivery_alerts.c.delivery_id, t.delivery_alerts.c.alert_id)
        .where(make.among(t.delivery_alerts.c.delivery_id, "ids"))
        .order_by(t.delivery_alerts.c.alert_id)
    )
)


def due_sources(tx: Tx, now: datetime, limit: int) -> list[tuple[str, Validators]]:
    """The sources whose poll is due, the longest overdue first, with what makes the poll conditional."""
    return [(row["source_id"], _validators(row)) for row in tx.get(_SOURCES, now=now, most=limit)]


def _validators(row: Row) -> Validators:
    return Validators(
        etag=row["etag"], last_modified=row["last_modified"], body_hash=row["body_hash"], unconditional_at=row["unconditional_at"]
    )


def due_entries(tx: Tx, now: datetime, limit: int, exclude: Collection[int] = ()) -> list[Entry]:
    """The entries whose fetch is due, outlets by turns and of each the longest waiting first, at most ``PER_OUTLET`` of one outlet beside those in ``exclude``."""
    return [entry_of(row) for row in tx.get(_ENTRIES, now=now, most=limit, excluded=sorted(exclude))]


def last_backfill_due(tx: Tx, outlet_id: str) -> datetime | None:
    """When the last waiting entry of an outlet's backfill is due; None where none waits."""
    waiting = (_e.outlet_id == outlet_id, _e.next_at.is_not(None), is_so(_e.is_backfill), _e.state == "new")
    found = tx.row(sa.select(_e.next_at).where(*waiting).order_by(_e.next_at.desc()).limit(1))
    return found["next_at"] if found else None


def waiting_backfill(tx: Tx, outlet_id: str) -> int:
    """How many entries of an outlet's backfill are not fetched yet."""
    waiting = (_e.outlet_id == outlet_id, _e.next_at.is_not(None), is_so(_e.is_backfill), _e.state == "new")
    return int(tx.value(sa.select(sa.func.count()).select_from(t.entries).where(*waiting)))


@dataclass(frozen=True, slots=True, kw_only=True)
class DueOfSource:
    """What one source has due: its poll, where ``validators`` are, and entries that wait for their fetch."""

    validators: Validators | None
    entries: tuple[Entry, ...]


def due_of_source(tx: Tx, source_id: str, now: datetime, limit: int) -> DueOfSource:
    """All that is due of one source, its longest waiting entries first."""
    rows = tx.get(_SOURCE, id=source_id)
    is_due = bool(rows) and rows[0]["retired_at"] is None and rows[0]["next_at"] is not None and rows[0]["next_at"] <= now
    waiting = tx.get(_OF_SOURCE, outlet=rows[0]["outlet_id"], id=source_id, now=now, most=limit) if rows else ()
    return DueOfSource(validators=_validators(rows[0]) if is_due else None, entries=tuple(entry_of(row) for row in waiting))


def next_due(tx: Tx) -> datetime | None:
    """When the next poll is due; None where nothing is watched."""
    found = tx.row(sa.select(_s.next_at).where(_s.next_at.is_not(None), _s.retired_at.is_(None)).order_by(_s.next_at).limit(1))
    return found["next_at"] if found else None


def due_deliveries(
    tx: Tx, now: datetime, limit: int, exclude_channels: Collection[str] = (), *, only: Collection[str] | None = None
) -> list[Delivery]:
    """The messages whose time has come, grave ones first, then the longest waiting, each with the alerts it carries."""
    if only is None:
        rows = tx.get(_DELIVERIES, now=now, most=limit, excluded=sorted(exclude_channels))
    else:
        rows = tx.get(_DELIVERIES_OVER, now=now, most=limit, chosen=sorted(set(only) - set(exclude_channels)))
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


def alerts_of(tx: Tx, delivery_ids: Collection[int]) -> dict[int, list[int]]:
    """The alerts that deliveries carry, in the order they were decided."""
    carried: dict[int, list[int]] = {}
    for row in tx.get(_CARRIED, ids=list(delivery_ids)) if delivery_ids else ():
        carried.setdefault(row["delivery_id"], []).append(row["alert_id"])
    return carried
