"""Writes what became of entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from crawler.model import Entry, Validators
from monitor.archive import tables as t
from monitor.archive.ready import Ready
from monitor.archive.shapes import chunks, fit_key
from monitor.archive.tx import Tx


def finish_entry(
    tx: Tx,
    entry: Entry,
    *,
    state: str,
    reason: str = "",
    article_id: int | None = None,
    next_at: datetime | None = None,
    validators: Validators | None = None,
    is_try: bool = True,
    now: datetime,
) -> None:
    """Note how the fetch of an entry ended.

    ``state`` is done, failed, refused, or new for another try, which this one counts against unless not ``is_try``; with ``next_at`` it is due again then, whatever its state, and
    ``validators`` make that fetch conditional and tell an unchanged page. Once an entry is done for good its own text goes: the article holds it.
    """
    values = {
        "is_over": int(state == "done" and next_at is None and article_id is not None),
        "new_state": state,
        "new_reason": reason,
        "new_tries": entry.tries + is_try if state in {"new", "failed"} else 0,
        "due_at": next_at,
        "over_at": None if state == "new" else now,
        "made_id": article_id,
        "new_etag": validators.etag if validators else None,
        "new_last_modified": validators.last_modified if validators else None,
        "new_body_hash": validators.body_hash if validators else None,
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
            etag=sa.bindparam("new_etag"),
            last_modified=sa.bindparam("new_last_modified"),
            body_hash=sa.bindparam("new_body_hash"),
            article_id=sa.func.coalesce(sa.bindparam("made_id", type_=e.article_id.type), e.article_id),
            text=sa.case((is_over, ""), else_=e.text),
            summary=sa.case((is_over, ""), else_=e.summary),
        )
    )


_FINISH = Ready(lambda _: _finish(t.entries.c.entry_id == sa.bindparam("id")))
_FINISH_BY_KEY = Ready(lambda _: _finish(t.entries.c.key == sa.bindparam("by_key")))


def postpone(tx: Tx, entry_ids: Sequence[int], until: datetime, reason: str) -> None:
    """Let entries that are due wait; a second look keeps no reason, since it has an article already."""
    e = t.entries.c
    for part in chunks(entry_ids):
        said = sa.case((e.state == "new", reason), else_=e.reason)
        tx.run(sa.update(t.entries).where(e.entry_id.in_(part)).values(next_at=until, reason=said))


def put_look(
    tx: Tx, entry: Entry, *, next_at: datetime | None, tries: int = 0, forget_validators: bool = False, forget_body: bool = False
) -> None:
    """Note that another look at an article's page brought nothing to read, and when the next one is, ``None`` for never again.

    ``tries`` counts the failures of the look under way; without validators the next look asks for the whole page, and without its
    body's hash reads it whatever it is.
    """
    values: dict[str, object] = {"next_at": next_at, "tries": tries}
    if forget_validators:
        values |= {"etag": None, "last_modified": None}
    if forget_body or next_at is None:
        values["body_hash"] = None
    if next_at is None:
        values |= {"text": "", "summary": ""}
    tx.run(sa.update(t.entries).where(t.entries.c.entry_id == entry.entry_id).values(values))
