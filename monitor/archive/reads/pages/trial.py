"""What a rule on trial needs of the archive: the stories its hits joined, and what another rule found there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.columns import isnt
from monitor.archive.reads.trials import Seen
from monitor.archive.shapes import article_of, chunks, day_of, evidence_of
from monitor.archive.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An article that a rule matched when it came."""

    article_id: int
    story_id: int
    outlet_id: str
    language: str
    headline: str
    snippet: str
    relevance: int
    found: tuple[str, ...]


def grown(tx: Tx, article_ids: Collection[int], *, first: int, most: int) -> list[Seen]:
    """Return all articles since the ``first`` of the stories that some belong to, without texts, in the order they were archived."""
    a, e = t.articles.c, t.entries.c
    stories = {
        row["story_id"]
        for part in chunks(sorted(article_ids))
        for row in tx.rows(sa.select(a.story_id).distinct().where(a.article_id.in_(part), a.story_id.is_not(None)))
    }
    query = sa.select(t.articles, e.is_first_pass).outerjoin(t.entries, e.entry_id == a.entry_id).where(a.article_id >= first)
    rows = [
        row for part in chunks(sorted(stories)) for row in tx.rows(query.where(a.story_id.in_(part)).order_by(a.article_id).limit(most))
    ]
    rows.sort(key=lambda row: row["article_id"])
    return [
        Seen(
            article=article_of({**row, "text": ""}),
            story_id=row["story_id"],
            at=row["archived_at"],
            is_first_pass=bool(row["is_first_pass"]),
        )
        for row in rows
    ]


def recorded(tx: Tx, rule_id: str, since: datetime, *, first: int) -> list[Recorded]:
    """Return what a rule found since a day in the articles from the ``first`` on, the newest first."""
    m, a = t.matches.c, t.articles.c
    rows = tx.rows(
        sa.select(*(m.article_id, m.relevance, m.snippet, m.evidence), *(a.story_id, a.outlet_id, a.language, a.headline))
        .join(t.articles, a.article_id == m.article_id)
        .where(m.rule_id == rule_id, m.day >= day_of(since), m.article_id >= first, isnt(m.is_below))
        .order_by(m.day.desc(), m.article_id.desc())
        .limit(5_000)
    )
    return [
        Recorded(
            article_id=row["article_id"],
            story_id=row["story_id"] or 0,
            outlet_id=row["outlet_id"],
            language=row["language"],
            headline=row["headline"],
            snippet=row["snippet"],
            relevance=row["relevance"],
            found=tuple(dict.fromkeys(e.surface for e in evidence_of(row["evidence"])))[:8],
        )
        for row in rows
    ]


def stories_of(tx: Tx, article_ids: Sequence[int]) -> dict[int, int]:
    """Return the story of each article."""
    a = t.articles.c
    return {
        row["article_id"]: row["story_id"]
        for part in chunks(article_ids)
        for row in tx.rows(sa.select(a.article_id, a.story_id).where(a.article_id.in_(part)))
    }


def outlet_names(tx: Tx) -> dict[str, str]:
    """Return the name of every outlet, retired ones too."""
    o = t.outlets.c
    return {row["outlet_id"]: row["name"] for row in tx.rows(sa.select(o.outlet_id, o.name))}
