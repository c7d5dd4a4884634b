"""How the last pages of outlets were read, for their health."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from crawler.health import Reading
from monitor.archive import tables as t
from monitor.archive.columns import is_so, isnt
from monitor.archive.shapes import day_of
from monitor.archive.tx import Tx

SHORTEST_LIST = 5


def readings(tx: Tx, outlet_ids: Sequence[str], since: datetime, most: int) -> dict[str, list[Reading]]:
    """Of each outlet its last ``most`` pages since a day that were fetched and read, the newest first; teasers and backfills do not count."""
    a = t.articles.c
    number = sa.func.row_number().over(partition_by=a.outlet_id, order_by=a.article_id.desc()).label("number")
    pages = (
        sa.select(a.outlet_id, a.word_count, a.extract_status, a.published_at, a.headline, number)
        .where(a.outlet_id.in_(outlet_ids), a.day >= day_of(since), a.fetched_at.is_not(None), isnt(a.is_backfill))
        .subquery()
    )
    found: dict[str, list[Reading]] = {}
    for row in tx.rows(sa.select(pages).where(pages.c.number <= most).order_by(pages.c.outlet_id, pages.c.number)):
        read = Reading(
            words=row["word_count"],
            has_text=row["extract_status"] == "ok",
            has_date=row["published_at"] is not None,
            has_title=bool(row["headline"]),
        )
        found.setdefault(row["outlet_id"], []).append(read)
    return found


def archived_since(tx: Tx, at: datetime) -> dict[str, int]:
    """How many articles each outlet brought since then."""
    a = t.articles.c
    return {
        r["outlet_id"]: r["n"]
        for r in tx.rows(sa.select(a.outlet_id, sa.func.count().label("n")).where(a.archived_at >= at).group_by(a.outlet_id))
    }


def overflows(tx: Tx, since: datetime) -> dict[str, int]:
    """How many polls since then found a source's whole list new, which means that entries before it were lost.

    Lists of a few entries are new as a whole whenever something is; of them nothing can be said.
    """
    p = t.polls.c
    rows = tx.rows(
        sa.select(p.source_id, sa.func.count().label("n"))
        .where(p.at >= since, is_so(p.is_overflow), p.seen >= SHORTEST_LIST)
        .group_by(p.source_id)
    )
    return {row["source_id"]: row["n"] for row in rows}
