"""Writes what became of entries."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from crawler.model import Entry
from monitor.archive import tables as t
from monitor.archive.shapes import fit_key
from monitor.archive.tx import Tx


def finish_entry(
    tx: Tx, entry: Entry, *, state: str, reason: str = "", article_id: int | None = None, next_at: datetime | None = None, now: datetime
) -> None:
    """Note how the fetch of an entry ended.

    ``state`` is done, failed, refused, or new for another try; with ``next_at`` it is due again then, whatever its state.
    Once an entry is done for good its own text goes: the article holds it.
    """
    is_over = state == "done" and next_at is None
    values = {
        "state": state,
        "reason": reason,
        "tries": entry.tries + 1 if state in {"new", "failed"} else 0,
        "next_at": next_at,
        "finished_at": None if state == "new" else now,
        **({"article_id": article_id} if article_id is not None else {}),
        **({"text": "", "summary": ""} if is_over and article_id is not None else {}),
    }
    chosen = t.entries.c.entry_id == entry.entry_id if entry.entry_id is not None else t.entries.c.key == fit_key(entry.key)
    tx.run(sa.update(t.entries).where(chosen).values(values))


def recheck_article(tx: Tx, article_id: int, at: datetime) -> None:
    """Have the article's page fetched once more at ``at``: for corrections and withdrawals."""
    tx.run(sa.update(t.entries).where(t.entries.c.article_id == article_id).values(next_at=at, tries=0))
