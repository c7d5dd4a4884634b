"""Reads what rules are tried on: archived articles with the stories they joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from crawler.model import Article
from monitor.archive import tables as t
from monitor.archive.ready import Ready
from monitor.archive.shapes import article_of, day_of
from monitor.archive.tx import Tx

BATCH = 500

_a = t.articles.c
_SEEN = Ready(
    lambda _: (
        sa.select(t.articles, t.article_texts.c.text, t.entries.c.is_first_pass)
        .join(t.article_texts, t.article_texts.c.article_id == _a.article_id)
        .outerjoin(t.entries, t.entries.c.entry_id == _a.entry_id)
        .where(_a.article_id.between(sa.bindparam("first"), sa.bindparam("last")), _a.day >= sa.bindparam("since_day"))
        .order_by(_a.article_id)
        .limit(BATCH)
    )
)
_BOUNDS = sa.select(sa.func.min(_a.article_id), sa.func.max(_a.article_id), sa.func.count())


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An archived article as the straight line met it: ``at`` is when it was archived, ``story_id`` where it belongs by now."""

    article: Article
    story_id: int
    at: datetime
    is_first_pass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The articles of the days since a time: the first and the last id, and how many there are."""

    first: int
    last: int
    count: int
    since_day: str


def stretch(tx: Tx, since: datetime) -> Stretch:
    """Measure how much there is since a time, by the articles' own days."""
    day = day_of(since)
    first, last, count = tuple(tx.run(_BOUNDS.where(_a.day >= day)).one())
    return Stretch(first=first or 1, last=last or 0, count=count, since_day=day)


def newest(tx: Tx, count: int) -> Stretch:
    """Measure the newest articles, so many or all there are."""
    first = tx.value(sa.select(_a.article_id).order_by(_a.article_id.desc()).offset(count - 1).limit(1))
    bounds = _BOUNDS if first is None else _BOUNDS.where(_a.article_id >= first)
    low, high, found = tuple(tx.run(bounds).one())
    return Stretch(first=low or 1, last=high or 0, count=found, since_day="")


def seen(tx: Tx, over: Stretch) -> Iterator[Seen]:
    """Stream a stretch in the order it was archived; memory stays flat."""
    first = over.first
    while rows := tx.get(_SEEN, first=first, last=over.last, since_day=over.since_day):
        for row in rows:
            yield Seen(
                article=article_of(row),
                story_id=row["story_id"] or -row["article_id"],  # an article between archive and story stands alone
                at=row["archived_at"],
                is_first_pass=bool(row["is_first_pass"]),
            )
        first = int(rows[-1]["article_id"]) + 1
