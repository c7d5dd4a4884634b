"""Makes a small archive large: its first days once more, as later days, by the database itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from monitor.archive import Tx
from monitor.archive import tables as t
from monitor.archive.columns import UtcMillis, UtcTime
from monitor.archive.ready import Ready
from monitor.archive.search import STATES, tokens_of

_IDS = {
    "poll_id": "polls",
    "entry_id": "entries",
    "article_id": "articles",
    "story_id": "stories",
    "alert_id": "alerts",
    "delivery_id": "deliveries",
    "first_article_id": "articles",
}
_COUNTED = frozenset({"match_id", "decision_id"})
_DAYS = frozenset({"day", "first_day", "last_day"})
_EPOCHS = frozenset({"seen_epoch", "first_epoch"})
_UNIQUE = frozenset({"key", "message_id"})
_INDEX = Ready(lambda _: sa.text("INSERT INTO article_index (rowid, tokens) VALUES (:id, :tokens)"))

Write = Callable[[Callable[[Tx], Any]], Any]


class Block:
    """The first articles of a SQLite archive, with everything that hangs on them, to be put in again and again."""

    def __init__(self, write: Write, articles: int, days: int, tables: tuple[sa.Table, ...]) -> None:
        self._write = write
        self._articles = articles
        self._days = days
        self._tables = tables
        self._marks: dict[str, int] = write(self._measured)
        self._tokens: list[tuple[int, str]] = write(self._tokenized)
        self._copies = 0

    def _measured(self, tx: Tx) -> dict[str, int]:
        """The last id of the block in each table."""
        inside = {"articles": self._articles}
        for name, query in (
            ("polls", "SELECT max(poll_id) FROM entries WHERE article_id <= :n"),
            ("entries", "SELECT max(entry_id) FROM entries WHERE article_id <= :n"),
            ("stories", "SELECT max(story_id) FROM articles WHERE article_id <= :n"),
            ("alerts", "SELECT max(alert_id) FROM alerts WHERE article_id <= :n"),
            ("deliveries", "SELECT max(c.delivery_id) FROM delivery_alerts c JOIN alerts l USING (alert_id) WHERE article_id <= :n"),
        ):
            inside[name] = int(tx.value(sa.text(query), {"n": self._articles}))
        return inside

    def _tokenized(self, tx: Tx) -> list[tuple[int, str]]:
        rows = tx.rows(
            sa.text("SELECT article_id, headline, text FROM articles JOIN article_texts USING (article_id) WHERE article_id <= :n"),
            {"n": self._articles},
        )
        return [(row["article_id"], " ".join(tokens_of(f"{row['headline']}\n{row['text']}"))) for row in rows]

    def skip(self, copies: int) -> None:
        """Leave out the days of so many copies: they are there."""
        self._copies = copies

    def put(self) -> None:
        """Put the block in once more, so many days later than the copy before."""
        self._copies += 1
        self._write(self._copy)

    def _copy(self, tx: Tx) -> None:
        above = {name: int(tx.value(sa.text(f"SELECT max({_key(name)}) FROM {name}"))) for name in self._marks}
        for table in self._tables:
            columns = [c for c in table.columns if c.name not in _COUNTED]
            values = ", ".join(self._later(c, above) for c in columns)
            tx.run(
                sa.text(
                    f"INSERT INTO {table.name} ({', '.join(c.name for c in columns)}) SELECT {values} FROM {table.name}"
                    f" WHERE {self._inside(table)}"
                )
            )
        tx.do_many(_INDEX, [{"id": (i + above["articles"]) * STATES, "tokens": tokens} for i, tokens in self._tokens])

    def _inside(self, table: sa.Table) -> str:
        name = next(name for name in ("article_id", "story_id", "poll_id", "delivery_id", "alert_id") if name in table.columns)
        if table.name in {"entries", "alerts", "polls", "stories"}:
            name = _key(table.name)
        return f"{name} <= {self._marks[_IDS[name]]}"

    def _later(self, column: sa.Column[Any], above: dict[str, int]) -> str:
        name, days = column.name, self._days * self._copies
        if name in _IDS:
            return f"{name} + {above[_IDS[name]]}"
        if isinstance(column.type, UtcMillis):
            return f"strftime('%Y-%m-%dT%H:%M:%fZ', {name}, '+{days} days')"
        if isinstance(column.type, UtcTime):
            return f"strftime('%Y-%m-%dT%H:%M:%SZ', {name}, '+{days} days')"
        if name in _DAYS:
            return f"date({name}, '+{days} days')"
        if name in _EPOCHS:
            return f"{name} + {int(timedelta(days=days).total_seconds())}"
        return f"{name} || '-{self._copies}'" if name in _UNIQUE else name


def _key(table: str) -> str:
    (column,) = t.metadata.tables[table].primary_key.columns
    return str(column.name)
