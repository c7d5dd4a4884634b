"""Writes stories: fingerprints and features for later candidates, and where an article belongs."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crawler.model import Article
from monitor.archive import tables as t
from monitor.archive.shapes import chunks, day_of, title_hash
from monitor.archive.tx import Tx
from monitor.model import Fingerprint, StoryAssignment

STORY_KEY = 0x50_72_65_73_75
"""Of the transaction-level advisory lock that lets one node at a time assign stories."""
BOILERPLATE_TITLES = 4
"""A shingle seen under so many titles of one source is no text of its articles."""
SHINGLE_DAYS = 7
FEATURE_HOURS = 72
ALL_ARTICLES = 0
"""The feature under which ``feature_df`` counts the articles themselves."""


def lock_stories(tx: Tx) -> None:
    """Let no other node assign stories until this transaction ends, so that two copies never both become the first report."""
    if tx.is_postgres:
        tx.run(sa.select(sa.func.pg_advisory_xact_lock(STORY_KEY)))


# ---- what is kept of an article


def put_fingerprint(tx: Tx, article_id: int, fingerprint: Fingerprint, article: Article) -> None:
    """Keep what later articles are compared with; boilerplate shingles are not indexed, a revised text replaces its own."""
    forget_prints(tx, [article_id])
    shingles = sorted(set(fingerprint.shingles))
    worn = _worn_out(tx, shingles, article)
    hashes = sorted({f.hash for f in fingerprint.features})
    at = article.fetched_at or article.seen_at
    tx.run(
        sa.insert(t.prints),
        {
            "article_id": article_id,
            "at": at,
            "source_id": article.source_id,
            "title_hash": title_hash(article.headline),
            "word_count": fingerprint.word_count,
            "shingles": struct.pack(f"<{len(fingerprint.shingles)}q", *fingerprint.shingles),
            "features": [[f.kind, f.value, int(f.in_title), f.hash] for f in fingerprint.features],
        },
    )
    tx.run_many(_INSERT_HASH, [{"hash": h, "article_id": article_id} for h in shingles if h not in worn])
    tx.run_many(_INSERT_FEATURE, [{"feature": h, "article_id": article_id} for h in hashes])
    _count(tx, [*hashes, ALL_ARTICLES], day_of(at), article.language)


_INSERT_HASH = sa.insert(t.fingerprints)
_INSERT_FEATURE = sa.insert(t.features)


def _worn_out(tx: Tx, hashes: Sequence[int], article: Article) -> set[int]:
    """The shingles that stand in the index under four other titles of this source: one more would tell nothing."""
    h, p = t.fingerprints.c.hash, t.prints.c
    worn: set[int] = set()
    for part in chunks(hashes):
        titles = (
            sa.select(h)
            .join(t.prints, p.article_id == t.fingerprints.c.article_id)
            .where(h.in_(part), p.source_id == article.source_id, p.title_hash != title_hash(article.headline))
            .group_by(h)
            .having(sa.func.count(p.title_hash.distinct()) >= BOILERPLATE_TITLES)
        )
        worn |= {row["hash"] for row in tx.rows(titles)}
    return worn


def _count(tx: Tx, hashes: Sequence[int], day: str, language: str) -> None:
    insert = tx.insert(t.feature_df)
    more = insert.on_conflict_do_update(index_elements=["feature", "day", "language"], set_={"n": t.feature_df.c.n + 1})
    tx.run_many(more, [{"feature": h, "day": day, "language": language, "n": 1} for h in sorted(hashes)])


def forget_prints(tx: Tx, article_ids: Sequence[int]) -> None:
    """Take articles out of the candidates, by what was kept of them: no index over article ids is needed."""
    for part in chunks(article_ids):
        kept = tx.rows(sa.select(t.prints).where(t.prints.c.article_id.in_(part)))
        for row in kept:
            _delete_postings(tx, row["article_id"], unpack(row["shingles"]), {f[3] for f in row["features"]})
        if kept:
            tx.run(sa.delete(t.prints).where(t.prints.c.article_id.in_(part)))


def _delete_postings(tx: Tx, article_id: int, shingles: Sequence[int], features: Iterable[int]) -> None:
    tx.run_many(_DELETE_HASH, [{"h": h, "id": article_id} for h in sorted(set(shingles))])
    tx.run_many(_DELETE_FEATURE, [{"h": h, "id": article_id} for h in sorted(features)])


_DELETE_HASH = sa.delete(t.fingerprints).where(
    t.fingerprints.c.hash == sa.bindparam("h"), t.fingerprints.c.article_id == sa.bindparam("id")
)
_DELETE_FEATURE = sa.delete(t.features).where(t.features.c.feature == sa.bindparam("h"), t.features.c.article_id == sa.bindparam("id"))


def unpack(packed: bytes) -> tuple[int, ...]:
    """Signed 64-bit numbers from their bytes."""
    return struct.unpack(f"<{len(packed) // 8}q", packed)


# ---- where an article belongs


def assign_story(tx: Tx, article_id: int, assignment: StoryAssignment, article: Article, now: datetime) -> int:
    """Put an article into its story and return the story's id; what it ties together is merged, and the oldest id lives on."""
    lock_stories(tx)
    at = article.seen_at
    if assignment.story_id is None:
        story_id = _open_story(tx, article_id, at)
    else:
        story_id = _merge(tx, {living(tx, s) for s in (assignment.story_id, *assignment.merged)}, now)
    tx.run(
        sa.update(t.articles)
        .where(t.articles.c.article_id == article_id)
        .values(
            story_id=story_id,
            assigned=assignment.how.value,
            assigned_score=assignment.score,
            assigned_to_article_id=assignment.matched_article_id,
        )
    )
    if assignment.story_id is not None:
        recount(tx, story_id)
    _link(tx, story_id, assignment.related, now)
    return story_id


def living(tx: Tx, story_id: int) -> int:
    """The story that a story has become."""
    into = tx.value(sa.select(t.stories.c.merged_into).where(t.stories.c.story_id == story_id))
    return story_id if into is None else int(into)


def _open_story(tx: Tx, article_id: int, at: datetime) -> int:
    values = {
        "first_at": at,
        "last_at": at,
        "first_day": day_of(at),
        "last_day": day_of(at),
        "first_epoch": int(at.timestamp()),
        "first_article_id": article_id,
        "article_count": 1,
        "outlet_count": 1,
        "language_count": 1,
        "country_count": 1,
    }
    return int(tx.value(sa.insert(t.stories).returning(t.stories.c.story_id), values))


def _merge(tx: Tx, story_ids: set[int], now: datetime) -> int:
    """Join stories into the oldest: articles are re-pointed, alerts never move, and no chain of merges is longer than one step."""
    winner, *losers = sorted(story_ids)
    for loser in losers:
        tx.run(sa.update(t.articles).where(t.articles.c.story_id == loser).values(story_id=winner))
        tx.run(
            sa.update(t.stories)
            .where(sa.or_(t.stories.c.story_id == loser, t.stories.c.merged_into == loser))
            .values(
                merged_into=winner, merged_at=sa.func.coalesce(t.stories.c.merged_at, sa.bindparam("at", now, t.stories.c.merged_at.type))
            )
        )
    return winner


def recount(tx: Tx, story_id: int) -> None:
    """Bring a story's times and counts in line with its articles."""
    a, o = t.articles.c, t.outlets.c
    rows = tx.rows(
        sa.select(a.article_id, a.seen_at, a.outlet_id, a.language, o.country)
        .select_from(t.articles.outerjoin(t.outlets, o.outlet_id == a.outlet_id))
        .where(a.story_id == story_id)
        .order_by(a.seen_at, a.article_id)
    )
    if not rows:
        return
    distinct = Counter[str]()
    for name in ("outlet_id", "language", "country"):
        distinct[name] = len({row[name] for row in rows if row[name]})
    first, last = rows[0], rows[-1]
    values: dict[str, Any] = {
        "first_at": first["seen_at"],
        "last_at": last["seen_at"],
        "first_day": day_of(first["seen_at"]),
        "last_day": day_of(last["seen_at"]),
        "first_epoch": int(first["seen_at"].timestamp()),
        "first_article_id": first["article_id"],
        "article_count": len(rows),
        "outlet_count": distinct["outlet_id"],
        "language_count": distinct["language"],
        "country_count": distinct["country"],
    }
    tx.run(sa.update(t.stories).where(t.stories.c.story_id == story_id).values(values))


def _link(tx: Tx, story_id: int, related: Sequence[tuple[int, float]], now: datetime) -> None:
    """Note stories that are perhaps the same: shown, never silencing."""
    best: dict[tuple[int, int], float] = {}
    for other, score in related:
        pair = living(tx, other)
        if pair != story_id:
            key = (min(pair, story_id), max(pair, story_id))
            best[key] = max(score, best.get(key, score))
    insert = tx.insert(t.story_links)
    higher = sa.case((insert.excluded.score > t.story_links.c.score, insert.excluded.score), else_=t.story_links.c.score)
    upsert = insert.on_conflict_do_update(index_elements=["story_a", "story_b"], set_={"score": higher})
    tx.run_many(upsert, [{"story_a": a, "story_b": b, "score": score, "linked_at": now} for (a, b), score in best.items()])


# ---- forgetting


def forget_old(tx: Tx, now: datetime, *, limit: int = 2_000) -> int:
    """Drop what is too old to be a candidate, at most ``limit`` articles at a time; return how many were dropped."""
    old = tx.rows(
        sa.select(t.prints.c.article_id).where(t.prints.c.at < now - timedelta(days=SHINGLE_DAYS)).order_by(t.prints.c.at).limit(limit)
    )
    forget_prints(tx, [row["article_id"] for row in old])
    tx.run(sa.delete(t.feature_df).where(t.feature_df.c.day < day_of(now - timedelta(hours=FEATURE_HOURS + 24))))
    return len(old)
