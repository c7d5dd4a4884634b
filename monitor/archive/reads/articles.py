"""Reads articles: one by id or key, and many as a stream."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

import sqlalchemy as sa

from crawler.model import Article
from monitor.archive import seen
from monitor.archive import tables as t
from monitor.archive.shapes import article_of, chunks, day_of, fit_key
from monitor.archive.tx import Tx
from monitor.model import Mention, Span

STREAM = 500

WHOLE = sa.select(t.articles, t.article_texts.c.text).join(t.article_texts, t.article_texts.c.article_id == t.articles.c.article_id)
_ONE = WHOLE.where(t.articles.c.article_id == sa.bindparam("id"))


def article(tx: Tx, article_id: int) -> Article | None:
    """The article as it reads now; None where there is none."""
    row = tx.row(_ONE, {"id": article_id})
    return None if row is None else article_of(row)


def article_by_key(tx: Tx, key: str) -> Article | None:
    """The article of a key (its canonical URL)."""
    row = tx.row(WHOLE.where(seen.is_of(tx, fit_key(key))))
    return None if row is None else article_of(row)


def mentions(tx: Tx, article_id: int) -> tuple[Mention, ...]:
    """The entities an article mentions."""
    m = t.mentions.c
    rows = tx.rows(sa.select(m.entity_id, m.spans).where(m.article_id == article_id).order_by(m.entity_id))
    return tuple(
        Mention(entity_id=row["entity_id"], spans=tuple(Span(field=f, start=s, end=e, surface=text) for f, s, e, text in row["spans"]))
        for row in rows
    )


def articles(tx: Tx, *, since: datetime | None = None, until: datetime | None = None, after: int = 0) -> Iterator[Article]:
    """Stream articles in the order they were archived, those of the days from ``since`` to ``until``; memory stays flat."""
    a = t.articles.c
    chosen = WHOLE.order_by(a.article_id).limit(STREAM)
    if since is not None:
        chosen = chosen.where(a.day >= day_of(since))
    if until is not None:
        chosen = chosen.where(a.day <= day_of(until))
    while rows := tx.rows(chosen.where(a.article_id > after)):
        for row in rows:
            yield article_of(row)
        after = int(rows[-1]["article_id"])


def articles_by_id(tx: Tx, article_ids: Collection[int]) -> dict[int, Article]:
    """Several articles at once."""
    return {
        row["article_id"]: article_of(row)
        for part in chunks(list(article_ids))
        for row in tx.rows(WHOLE.where(t.articles.c.article_id.in_(part)))
    }
