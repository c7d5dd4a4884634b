"""Writes articles: one row per key for ever, an earlier state as a revision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crawler.model import Article, Completeness, FailureReason
from monitor.archive import search, seen
from monitor.archive import tables as t
from monitor.archive.ready import Ready
from monitor.archive.shapes import article_of, article_row, fit_key
from monitor.archive.tx import Row, Tx
from monitor.text.changes import changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What changed. ``number`` counts an article's states from 1; ``earlier`` is the state before this one."""

    number: int
    earlier: Article
    is_headline_changed: bool = False
    is_text_changed: bool = False
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where an article was put. ``revision`` is None for a new article and for one that says what it said before.

    ``is_worse`` says that this reading was worse than the earlier one, whose text therefore stays.
    """

    article_id: int
    is_new: bool
    revision: Revision | None = None
    is_worse: bool = False


_WHOLE = sa.select(t.articles, t.article_texts.c.text).join(t.article_texts, t.article_texts.c.article_id == t.articles.c.article_id)
_BY_KEY = Ready(lambda _: _WHOLE.where(t.articles.c.key == sa.bindparam("by_key")))
_BY_ID = Ready(lambda _: _WHOLE.where(t.articles.c.article_id == sa.bindparam("id")))
_INSERT = Ready(lambda make: make.insert(t.articles).on_conflict_do_nothing(index_elements=["key"]).returning(t.articles.c.article_id))
_INSERT_TEXT = Ready(lambda make: make.insert(t.article_texts))
_REVISED = (
    *("headline", "language", "modified_at", "fetched_at", "canonical_url", "rest", "section", "agency", "genre"),
    *("is_paywalled", "completeness", "extract_status", "http_status", "robots", "tdm", "text_hash", "word_count", "how"),
)
_RANK = {Completeness.TEASER: 0, Completeness.PARTIAL: 1, Completeness.FULL: 2}


def put_article(tx: Tx, article: Article, now: datetime) -> Stored:
    """Archive an article by its key; a changed headline or text makes the earlier state a revision.

    A worse reading never replaces a better one: where only a teaser came of a page that was read before, the text stays and
    only the headline is taken over; of a page that is gone nothing is.
    """
    key = fit_key(article.key)
    old = _old(tx, key)
    while not old:
        article_id = _insert(tx, {**article_row(article), "archived_at": now, "revision": 1})
        if article_id is not None:
            _insert_text(tx, article_id, article)
            return Stored(article_id=article_id, is_new=True)
        old = _old(tx, key)  # another node was first
        if not old:
            seen.forget_gone(tx, key)
    return _revise(tx, old[0], article, now)


def _old(tx: Tx, key: str) -> list[dict[str, Any]]:
    """What is archived under a key."""
    if not tx.is_postgres:
        return tx.get(_BY_KEY, by_key=key)
    article_id = seen.article_id_of(tx, key)
    return [] if article_id is None else tx.get(_BY_ID, id=article_id)


def _insert(tx: Tx, row: Row) -> int | None:
    """Put a new article; None where its key is known."""
    if tx.is_postgres:
        return seen.insert(tx, row)
    made = tx.get(_INSERT, **row)
    return int(made[0]["article_id"]) if made else None


def _revise(tx: Tx, row: Row, article: Article, now: datetime) -> Stored:
    earlier, number = article_of(row), int(row["revision"])
    is_gone = article.failure is FailureReason.GONE
    is_worse = is_gone or _RANK[article.completeness] < _RANK[earlier.completeness]
    headline = earlier.headline if is_gone else article.headline or earlier.headline
    later = replace(article, headline=headline, text=earlier.text if is_worse else article.text)
    is_changed = later.headline != earlier.headline or later.text != earlier.text
    revision = Revision(
        number=number + is_changed,
        earlier=earlier,
        is_headline_changed=later.headline != earlier.headline,
        is_text_changed=later.text != earlier.text,
        is_withdrawn=is_gone and earlier.failure is not FailureReason.GONE,
    )
    assert earlier.article_id is not None
    _touch(tx, earlier.article_id, article, now, is_worse=is_worse)
    if is_changed:
        _keep(tx, revision, later, now)
        _replace(tx, later, revision, is_worse=is_worse)
    elif not revision.is_withdrawn:
        return Stored(article_id=earlier.article_id, is_new=False)
    return Stored(article_id=earlier.article_id, is_new=False, revision=revision, is_worse=is_worse)


def _touch(tx: Tx, article_id: int, article: Article, now: datetime, *, is_worse: bool) -> None:
    """Keep what a second look learned beside the text."""
    values: dict[str, Any] = {}
    if not is_worse:
        names = ("fetched_at", "http_status", "robots", "tdm", "completeness", "extract_status", "failure", "is_paywalled", "how")
        row = article_row(article)
        values = {name: row[name] for name in names} | {"withdrawn_at": None}
    if article.failure is FailureReason.GONE:
        values |= {"failure": FailureReason.GONE.value, "http_status": article.http_status, "withdrawn_at": now}
    if values:
        tx.run(sa.update(t.articles).where(t.articles.c.article_id == article_id).values(values))


def _keep(tx: Tx, revision: Revision, later: Article, now: datetime) -> None:
    """Keep the earlier state, and what the later one changed of it."""
    earlier = revision.earlier
    values = {
        "article_id": earlier.article_id,
        "number": revision.number - 1,
        "replaced_at": now,
        "headline": earlier.headline,
        "text": earlier.text if revision.is_text_changed else "",
        "text_hash": earlier.text_hash,
        "modified_at": earlier.modified_at,
        "is_headline_changed": revision.is_headline_changed,
        "is_text_changed": revision.is_text_changed,
        "diff": changes(f"{earlier.headline}\n{earlier.text}", f"{later.headline}\n{later.text}"),
    }
    tx.run(sa.insert(t.revisions), values)


def _replace(tx: Tx, later: Article, revision: Revision, *, is_worse: bool) -> None:
    article_id = revision.earlier.article_id
    assert article_id is not None
    names = ("headline", "modified_at") if is_worse else _REVISED
    row = article_row(later)
    values = {name: row[name] for name in names if row[name] is not None}
    tx.run(sa.update(t.articles).where(t.articles.c.article_id == article_id).values({**values, "revision": revision.number}))
    tx.run(sa.update(t.article_texts).where(t.article_texts.c.article_id == article_id).values(text=later.text))
    search.put_index(tx, article_id, revision.number, later)


def _insert_text(tx: Tx, article_id: int, article: Article) -> None:
    tx.do(_INSERT_TEXT, article_id=article_id, text=article.text)
    search.put_index(tx, article_id, 1, article)
