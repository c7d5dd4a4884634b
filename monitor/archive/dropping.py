"""Whole months that are past what is kept: dropped on PostgreSQL, where deleting their rows one by one would cost a vacuum."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from monitor.archive import months
from monitor.archive import tables as t
from monitor.archive.months import PARTED, Month
from monitor.archive.tx import Tx
from monitor.archive.writes.stories import forget_prints, tidy

if TYPE_CHECKING:
    from monitor.archive.archive import Archive

BATCH: Final = 1_000
TRIES: Final = 5
_GONE: Final = "gone_"
"""What a month is called between leaving the archive and being dropped; a stop in between leaves it to the next time."""
_LEFT = sa.text(
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('articles'))"
    " AND c.relkind = 'r' AND c.relname LIKE 'gone\\_articles\\_%' ORDER BY c.relname"
)
_TIED: Final = (t.matches, t.alerts, t.decisions)
"""What keeps an article: something was found in it, told of it, or decided."""


def drop_months(archive: Archive, since: datetime, *, told: Callable[[int], None] = lambda _done: None) -> int:
    """Drop every month that is over, was archived before ``since`` and holds no article that stays; return how many articles went."""
    if archive.where.is_sqlite:
        return 0
    for month in archive.read_now(lambda tx: droppable(tx, since)):
        for _ in range(TRIES):
            if months.patient(archive, lambda tx, m=month: _take_off(tx, m, since)):  # type: ignore[misc]
                break
    count = 0
    for name in archive.read_now(lambda tx: [row["relname"] for row in tx.rows(_LEFT)]):
        after: int | None = 0
        while after is not None:
            after = archive.write_now(lambda tx, n=name, a=after: _clean(tx, n, a))  # type: ignore[misc]
        count += archive.write_now(lambda tx, n=name: _drop(tx, n))  # type: ignore[misc]
        told(count)
    return count


def droppable(tx: Tx, since: datetime) -> list[Month]:
    """The months of which every article is past its time; a few steps into indexes, however large they are."""
    return [month for month in months.past(tx) if _goes(tx, month, since)]


def _goes(tx: Tx, month: Month, since: datetime) -> bool:
    """Asked by ids, as the month itself may be dropped by somebody else between two questions."""
    newest = tx.value(sa.select(sa.func.max(t.articles.c.archived_at)).where(*_within(month, t.articles)))
    if newest is not None and newest >= since:
        return False
    return not any(tx.value(sa.select(1).where(sa.exists().where(*_within(month, table)))) for table in _TIED)


def _within(month: Month, table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.article_id >= (month.first or 0), table.c.article_id < month.end


def _take_off(tx: Tx, month: Month, since: datetime) -> bool:
    """Take a month out of the archive in a moment; what hung on its articles follows in batches."""
    if not months.is_there(tx, month.of("articles")):
        return True
    months.stop_all(tx)
    tx.connection.exec_driver_sql(f"LOCK TABLE {', '.join(month.of(table) for table in PARTED)} IN ACCESS EXCLUSIVE MODE")
    if not _goes(tx, month, since):
        return False  # a replay found something in it meanwhile
    articles, *others = (month.of(table) for table in PARTED)
    for name in others:
        tx.connection.exec_driver_sql(f"DROP TABLE {name}")
    tx.connection.exec_driver_sql(f"ALTER TABLE articles DETACH PARTITION {articles}")
    tx.connection.exec_driver_sql(f"ALTER TABLE {articles} RENAME TO {_GONE}{articles}")  # their keys and stories are still to be forgotten
    return True


def _clean(tx: Tx, name: str, after: int) -> int | None:
    """Forget what hung on the next articles of a month that is off; return the last of them, None at the end."""
    months.alone(tx)
    if not months.is_there(tx, name):
        return None
    batch = f"SELECT article_id, story_id FROM {name} WHERE article_id > :after ORDER BY article_id LIMIT :n"  # noqa: S608 - a name of our own
    rows = tx.rows(sa.text(batch), {"after": after, "n": BATCH})
    if not rows:
        return None
    ids, last = [row["article_id"] for row in rows], int(rows[-1]["article_id"])
    tx.run(
        sa.text(
            f"DELETE FROM url_seen u USING {name} g WHERE g.article_id > :after AND g.article_id <= :last"  # noqa: S608 - a name of our own
            " AND u.key = g.key AND u.article_id = g.article_id"
        ),
        {"after": after, "last": last},
    )
    forget_prints(tx, ids)
    tx.run(sa.delete(t.revisions).where(t.revisions.c.article_id.in_(ids)))
    tidy(tx, {row["story_id"] for row in rows if row["story_id"] is not None})
    return last


def _drop(tx: Tx, name: str) -> int:
    months.alone(tx)
    if not months.is_there(tx, name):
        return 0
    number = int(tx.value(sa.text(f"SELECT count(*) FROM {name}")))  # noqa: S608 - a name of our own
    tx.connection.exec_driver_sql(f"DROP TABLE {name}")
    return number
