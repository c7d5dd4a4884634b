"""Which key belongs to which article on PostgreSQL: ``url_seen`` keeps keys unique over all months, where one table's index ends at its month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from monitor.archive import tables as t
from monitor.archive.columns import BigId, CleanText
from monitor.archive.ready import Make, Ready
from monitor.archive.tx import Tx

url_seen = sa.Table(
    "url_seen",
    sa.MetaData(),
    sa.Column("key", CleanText, primary_key=True),  # canonical URL, guid without a link, hash last: as in entries and articles
    sa.Column("article_id", BigId, nullable=False),
)
_u, _a = url_seen.c, t.articles.c
_NEXT = sa.func.nextval(sa.text("'articles_article_id_seq'"))
_FIND = Ready(lambda _: sa.select(_u.article_id).where(_u.key == sa.bindparam("by_key")))
_PUT = Ready(lambda make: make.insert(url_seen))


def _insert(_: Make) -> sa.Executable:
    """The key and its article in one statement: of two nodes with the same key the second waits for the first, and puts nothing."""
    claimed = (
        postgresql.insert(url_seen)
        .values(key=sa.bindparam("key", type_=_u.key.type), article_id=_NEXT)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(_u.article_id)
        .cte("claimed")
    )
    columns = [column for column in t.articles.columns if column.name in _GIVEN]
    values = [sa.bindparam(column.name, type_=column.type) for column in columns]
    row = sa.select(claimed.c.article_id, *(sa.cast(value, column.type) for value, column in zip(values, columns, strict=True)))
    return postgresql.insert(t.articles).from_select(["article_id", *(c.name for c in columns)], row).returning(_a.article_id)


_GIVEN = frozenset(_a.keys()) - {
    *("article_id", "withdrawn_at", "rules_version", "story_id", "assigned", "assigned_score", "assigned_to_article_id")
}
_INSERT = Ready(_insert)
_FORGET_GONE = Ready(
    lambda _: sa.delete(url_seen).where(
        _u.key == sa.bindparam("by_key"), ~sa.exists().where(_a.article_id == _u.article_id).correlate(url_seen)
    )
)


def article_id_of(tx: Tx, key: str) -> int | None:
    """The article of a key; it may be gone."""
    found = tx.tuples(_FIND, by_key=key)
    return int(found[0][0]) if found else None


def insert(tx: Tx, row: Mapping[str, Any]) -> int | None:
    """Put a new article with its key; None where the key is known."""
    made = tx.tuples(_INSERT, **row)
    return int(made[0][0]) if made else None


def forget_gone(tx: Tx, key: str) -> None:
    """Forget a key whose article retention took, so that it may come again."""
    tx.do(_FORGET_GONE, by_key=key)


def forget(tx: Tx, article_ids: Sequence[int]) -> None:
    """Forget the keys of articles that are taken out."""
    keys = sa.select(_a.key).where(_a.article_id.in_(article_ids))
    tx.run(sa.delete(url_seen).where(_u.key.in_(keys)))


def put(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note the keys of articles that came by another way than ``insert``."""
    tx.do_many(_PUT, [{"key": row["key"], "article_id": row["article_id"]} for row in rows])


def unsound(tx: Tx) -> list[str]:
    """What contradicts itself, one line each. A key may be without its article: until its month is cleaned up behind."""
    lost = tx.value(
        sa.text(
            "SELECT count(*) FROM articles a WHERE NOT EXISTS"
            " (SELECT 1 FROM url_seen u WHERE u.key = a.key AND u.article_id = a.article_id)"
        )
    )
    return [f"{lost} articles whose key url_seen does not know"] if lost else []


def is_of(tx: Tx, key: str) -> sa.ColumnElement[bool]:
    """The condition under which an article is the one of a key."""
    if not tx.is_postgres:
        return _a.key == key
    return _a.article_id == sa.select(_u.article_id).where(_u.key == key).scalar_subquery()
