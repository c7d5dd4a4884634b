"""Writes what became of entries."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from crawler.model import Entry
from monitor.archive import tables as t
from monitor.archive.ready import Ready
from monitor.archive.shapes import fit_key
from monitor.archive.tx import Tx


def finish_entry(
    tx: Tx, entry: Entry, *, state: str, reason: str = "", article_id: int | None = None, next_at: datetime | None = None, now: datetime
) -> None:
    """Note how the fetch of an entry ended.

    ``state`` is done, failed, refused, or new for another try; with ``next_at`` it is due again then, whatever its state.
    Once an entry is done for good its own text goes: the article holds it.
    """
    values = {
        "is_over": int(state == "done" and next_at is None and article_id is not None),
        "new_state": state,
        "new_reason": reason,
        "new_tries": entry.tries + 1 if state in {"new", "failed"} else 0,
        "due_at": next_at,
        "over_at": None if state == "new" else now,
        "made_id": article_id,
    }
    if entry.entry_id is not None:
        tx.do(_FINISH, id=entry.entry_id, **values)
    else:
        tx.do(_FINISH_BY_KEY, by_key=fit_key(entry.key), **values)


def _finish(which: sa.ColumnElement[bool]) -> sa.Update:
    e = t.entries.c
    is_over = sa.bindparam("is_over", type_=sa.Integer()) == 1
    return (
        sa.update(t.entries)
        .where(which)
        .values(
            state=sa.bindparam("new_state"),
            reason=sa.bindparam("new_reason"),
            tries=sa.bindparam("new_tries"),
            next_at=sa.bindparam("due_at"),
            finished_at=sa.bindparam("over_at"),
            article_id=sa.func.coalesce(sa.bindparam("made_id", type_=e.article_id.type), e.article_id),
            text=sa.case((is_over, ""), else_=e.text),
            summary=sa.case((is_over, ""), else_=e.summary),
        )
    )


_FINISH = Ready(lambda _: _finish(t.entries.c.entry_id == sa.bindparam("id")))
_FINISH_BY_KEY = Ready(lambda _: _finish(t.entries.c.key == sa.bindparam("by_key")))


def recheck_article(tx: Tx, article_id: int, at: datetime) -> None:
    """Have the article's page fetched once more at ``at``: for corrections and withdrawals."""
    tx.run(sa.update(t.entries).where(t.entries.c.article_id == article_id).values(next_at=at, tries=0))
