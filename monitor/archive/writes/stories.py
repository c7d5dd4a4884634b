"""Writes stories: fingerprints and features for later candidates, and where an article belongs."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crawler.model import Article
from monitor.archive import tables as t
from monitor.archive.ready import Insert, Make, Ready
from monitor.archive.shapes import chunks, day_of, title_hash
from monitor.archive.tx import Tx
from monitor.model import Fingerprint, StoryAssignment
from monitor.text.languages import primary

STORY_KEY = 0x50_72_65_73_75
"""Of the transaction-level advisory lock that lets one node at a time assign stories."""
BOILERPLATE_TITLES = 4
"""A shingle seen under so many titles of one source is no text of its articles."""
SHINGLE_DAYS = 7
FEATURE_HOURS = 72
MAX_HOLDERS = 64
"""A shingle is remembered of so many articles within the seven days: of text copied further the first ones are enough to find it."""
ALL_ARTICLES = 0
"""The feature under which ``feature_df`` counts the articles themselves."""


def lock_stories(tx: Tx) -> None:
    """Let no other node assign stories until this transaction ends, so that two copies never both become the first report."""
    if tx.is_postgres:
        tx.get(_LOCK)


_LOCK = Ready(lambda _: sa.select(sa.func.pg_advisory_xact_lock(STORY_KEY)))


# ---- what is kept of an article


def put_fingerprint(tx: Tx, article_id: int, fingerprint: Fingerprint, article: Article) -> None:
    """Keep what later articles are compared with; boilerplate shingles are not indexed, a revised text replaces its own."""
    values = print_row(article_id, fingerprint, article)
    if not tx.do(_INSERT_PRINTS, **values):
        forget_prints(tx, [article_id])
        tx.do(_INSERT_PRINTS, **values)
    hashes = sorted(fingerprint.features.by_hash)
    tx.do(_INSERT_HASHES, id=article_id, hashes=sorted(set(fingerprint.shingles)))
    tx.do(_INSERT_FEATURES, id=article_id, hashes=hashes)
    tx.do(_COUNT, hashes=sorted((*hashes, ALL_ARTICLES)), on_day=day_of(values["at"]), spoken=primary(article.language))


def print_row(article_id: int, fingerprint: Fingerprint, article: Article) -> dict[str, Any]:
    """What is kept of an article whole, as columns."""
    return {
        "article_id": article_id,
        "at": article.fetched_at or article.seen_at,
        "source_id": article.source_id,
        "title_hash": title_hash(article.headline),
        "word_count": fingerprint.word_count,
        "shingles": struct.pack(f"<{len(fingerprint.shingles)}q", *fingerprint.shingles),
        "features": [[f.kind, f.value, int(f.in_title), f.hash] for f in fingerprint.features],
    }


def _insert_hashes(make: Make) -> Insert:
    """A shingle that so many articles hold already says nothing of one more."""
    f, one = t.fingerprints.c, make.each("hashes")
    held = sa.select(sa.func.count()).where(f.hash == one).scalar_subquery()
    return make.insert(t.fingerprints).from_select(["hash", "article_id"], sa.select(one, _id(f.article_id)).where(held < MAX_HOLDERS))


def _insert_features(make: Make) -> Insert:
    one = make.each("hashes")
    rows = sa.select(one, _id(t.features.c.article_id)).where(_ALWAYS)
    return make.insert(t.features).from_select(["feature", "article_id"], rows).on_conflict_do_nothing()


def _count(make: Make) -> Insert:
    one, n = make.each("hashes"), t.feature_df.c.n
    rows: Any = sa.select(
        one, sa.bindparam("on_day", type_=sa.Text()), sa.bindparam("spoken", type_=sa.Text()), sa.literal_column("1")
    ).where(_ALWAYS)
    insert = make.insert(t.feature_df).from_select(["feature", "day", "language", "n"], rows)
    return insert.on_conflict_do_update(index_elements=["feature", "day", "language"], set_={"n": n + 1})


def _id(column: sa.Column[int]) -> sa.BindParameter[int]:
    return sa.bindparam("id", type_=column.type)


_ALWAYS = sa.text("1 = 1")
"""Without a WHERE, SQLite takes ON CONFLICT for a join."""
_INSERT_PRINTS = Ready(lambda make: make.insert(t.prints).on_conflict_do_nothing(index_elements=["article_id"]))
_INSERT_HASHES = Ready(_insert_hashes)
_INSERT_FEATURES = Ready(_insert_features)
_COUNT = Ready(_count)


def forget_prints(tx: Tx, article_ids: Sequence[int]) -> None:
    """Take articles out of the candidates, by what was kept of them: no index over article ids is needed."""
    for part in chunks(article_ids):
        kept = tx.rows(sa.select(t.prints).where(t.prints.c.article_id.in_(part)))
        for row in kept:
            _delete_postings(tx, row["article_id"], unpack(row["shingles"]), {f[3] for f in row["features"]})
        if kept:
            tx.run(sa.delete(t.prints).where(t.prints.c.article_id.in_(part)))


def _delete_postings(tx: Tx, article_id: int, shingles: Sequence[int], features: Iterable[int]) -> None:
    tx.do_many(_DELETE_HASH, [{"h": h, "id": article_id} for h in sorted(set(shingles))])
    tx.do_many(_DELETE_FEATURE, [{"h": h, "id": article_id} for h in sorted(features)])


_DELETE_HASH = Ready(
    lambda _: sa.delete(t.fingerprints).where(t.fingerprints.c.hash == sa.bindparam("h"), t.fingerprints.c.article_id == sa.bindparam("id"))
)
_DELETE_FEATURE = Ready(
    lambda _: sa.delete(t.features).where(t.features.c.feature == sa.bindparam("h"), t.features.c.article_id == sa.bindparam("id"))
)


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
    tx.do(
        _ASSIGN,
        id=article_id,
        joined=story_id,
        how=assignment.how.value,
        score=assignment.score,
        to_id=assignment.matched_article_id,
    )
    if assignment.story_id is not None:
        recount(tx, story_id)
    _link(tx, story_id, assignment.related, now)
    return story_id


def living(tx: Tx, story_id: int) -> int:
    """The story that a story has become."""
    found = tx.get(_MERGED_INTO, id=story_id)
    return story_id if not found or found[0]["merged_into"] is None else int(found[0]["merged_into"])


def _assign(_: Make) -> sa.Update:
    a = t.articles.c
    values = {a.story_id: "joined", a.assigned: "how", a.assigned_score: "score", a.assigned_to_article_id: "to_id"}
    return sa.update(t.articles).where(a.article_id == sa.bindparam("id")).values({c: sa.bindparam(n) for c, n in values.items()})


_ASSIGN = Ready(_assign)
_MERGED_INTO = Ready(lambda _: sa.select(t.stories.c.merged_into).where(t.stories.c.story_id == sa.bindparam("id")))
_OPEN_STORY = Ready(lambda _: sa.insert(t.stories).returning(t.stories.c.story_id))


def _open_story(tx: Tx, article_id: int, at: datetime) -> int:
    day, one = day_of(at), dict.fromkeys(("article_count", "outlet_count", "language_count", "country_count"), 1)
    times = {"first_at": at, "last_at": at, "first_day": day, "last_day": day, "first_epoch": int(at.timestamp())}
    return int(tx.get(_OPEN_STORY, **times, **one, first_article_id=article_id)[0]["story_id"])


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
    rows = tx.get(_MEMBERS, id=story_id)
    if not rows:
        return
    distinct = {name: len({row[name] for row in rows if row[name]}) for name in ("outlet_id", "language", "country")}
    first, last = rows[0], rows[-1]
    tx.do(
        _RECOUNT,
        id=story_id,
        new_first_at=first["seen_at"],
        new_last_at=last["seen_at"],
        new_first_day=day_of(first["seen_at"]),
        new_last_day=day_of(last["seen_at"]),
        new_first_epoch=int(first["seen_at"].timestamp()),
        new_first_article_id=first["article_id"],
        new_article_count=len(rows),
        new_outlet_count=distinct["outlet_id"],
        new_language_count=distinct["language"],
        new_country_count=distinct["country"],
    )


_COUNTED = (
    *("first_at", "last_at", "first_day", "last_day", "first_epoch", "first_article_id"),
    *("article_count", "outlet_count", "language_count", "country_count"),
)
_RECOUNT = Ready(
    lambda _: (
        sa.update(t.stories)
        .where(t.stories.c.story_id == sa.bindparam("id"))
        .values({name: sa.bindparam(f"new_{name}") for name in _COUNTED})
    )
)
_MEMBERS = Ready(
    lambda _: (
        sa.select(t.articles.c.article_id, t.articles.c.seen_at, t.articles.c.outlet_id, t.articles.c.language, t.outlets.c.country)
        .select_from(t.articles.outerjoin(t.outlets, t.outlets.c.outlet_id == t.articles.c.outlet_id))
        .where(t.articles.c.story_id == sa.bindparam("id"))
        .order_by(t.articles.c.seen_at, t.articles.c.article_id)
    )
)


def _link(tx: Tx, story_id: int, related: Sequence[tuple[int, float]], now: datetime) -> None:
    """Note stories that are perhaps the same: shown, never silencing."""
    best: dict[tuple[int, int], float] = {}
    for other, score in related:
        pair = living(tx, other)
        if pair != story_id:
            key = (min(pair, story_id), max(pair, story_id))
            best[key] = max(score, best.get(key, score))
    tx.do_many(_PUT_LINK, [{"story_a": a, "story_b": b, "score": score, "linked_at": now} for (a, b), score in best.items()])


def _put_link(make: Make) -> Insert:
    insert = make.insert(t.story_links)
    higher = sa.case((insert.excluded.score > t.story_links.c.score, insert.excluded.score), else_=t.story_links.c.score)
    return insert.on_conflict_do_update(index_elements=["story_a", "story_b"], set_={"score": higher})


_PUT_LINK = Ready(_put_link)


# ---- forgetting


def forget_old(tx: Tx, now: datetime, *, limit: int = 2_000) -> int:
    """Drop what is too old to be a candidate, at most ``limit`` articles at a time; return how many were dropped."""
    old = tx.rows(
        sa.select(t.prints.c.article_id).where(t.prints.c.at < now - timedelta(days=SHINGLE_DAYS)).order_by(t.prints.c.at).limit(limit)
    )
    forget_prints(tx, [row["article_id"] for row in old])
    tx.run(sa.delete(t.feature_df).where(t.feature_df.c.day < day_of(now - timedelta(hours=FEATURE_HOURS + 24))))
    return len(old)


def tidy(tx: Tx, story_ids: Collection[int]) -> None:
    """Count stories anew that lost articles, and take those out that lost their last."""
    s, link, a = t.stories.c, t.story_links.c, t.articles.c
    for part in chunks(sorted(story_ids)):
        alive = {int(row["story_id"]) for row in tx.rows(sa.select(a.story_id).where(a.story_id.in_(part)).distinct())}
        for story_id in sorted(alive):
            recount(tx, story_id)
        dead = [story_id for story_id in part if story_id not in alive]
        tx.run(sa.delete(t.story_links).where(sa.or_(link.story_a.in_(dead), link.story_b.in_(dead))))
        tx.run(sa.delete(t.stories).where(sa.or_(s.story_id.in_(dead), s.merged_into.in_(dead))))
