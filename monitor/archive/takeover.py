"""How revision 0006 takes a PostgreSQL archive over into months: no row moves, the tables there are become the first month.

``prepare`` does what takes long, in steps that each are durable, beside daemons of the old version; ``switch`` does the rest in the
upgrade's transaction, in a moment however large the archive is. Used by that revision alone: change neither after a release.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

Progress = Callable[[int, int], None]

BATCH: Final = 20_000
BLOCK: Final = 1_000_000_000
SLACK: Final = 20_000
"""Ids this far below the newest known one were all committed: a minute of three hundred articles a second, and a session that is idle for longer is ended."""
TABLES: Final = {
    "articles": ("article_id", 1),
    "article_texts": ("article_id", 1),
    "mentions": ("article_id", 1),
    "article_index": ("index_id", 1024),
}
_SEEN = "CREATE TABLE IF NOT EXISTS url_seen (key text NOT NULL, article_id bigint NOT NULL, CONSTRAINT pk_url_seen PRIMARY KEY (key))"
_FILL = sa.text(
    "WITH batch AS MATERIALIZED (SELECT key, article_id FROM articles WHERE article_id > :after ORDER BY article_id LIMIT :batch),"
    " put AS (INSERT INTO url_seen (key, article_id) SELECT key, article_id FROM batch"
    " ON CONFLICT (key) DO UPDATE SET article_id = excluded.article_id WHERE url_seen.article_id <> excluded.article_id)"
    " SELECT max(article_id) FROM batch"
)
_PROVED = sa.text("SELECT 1 FROM pg_constraint WHERE conrelid = CAST(:table AS regclass) AND conname = 'ck_first_month' AND convalidated")
_NAMES = sa.text(
    "SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS made, i.indisprimary AS is_primary, k.conname IS NOT NULL AS is_constraint"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')"
    " WHERE i.indrelid = CAST(:table AS regclass) ORDER BY c.relname"
)


def prepare(engine: sa.Engine, *, progress: Progress = lambda _done, _all: None) -> None:
    """Write every article's key into ``url_seen`` and prove where ids end; broken off it goes on where it was."""
    with engine.begin() as connection:
        connection.exec_driver_sql(_SEEN)
        after = int(connection.scalar(sa.text("SELECT coalesce(max(article_id), 0) FROM url_seen")) or 0)
        after = max(after - SLACK, 0)
        end = _end(connection)
    while True:
        with engine.begin() as connection:
            last = connection.scalar(_FILL, {"after": after, "batch": BATCH})
            newest = int(connection.scalar(sa.text("SELECT coalesce(max(article_id), 0) FROM articles")) or 0)
        if last is None:
            break
        after = int(last)
        progress(after, max(newest, after))
    for table, (key, factor) in TABLES.items():
        with engine.begin() as connection:
            if connection.scalar(_PROVED, {"table": table}):
                continue
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_first_month")
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT ck_first_month CHECK ({key} < {end * factor}) NOT VALID")
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_first_month")


def switch(connection: sa.Connection) -> None:
    """Put each table under a partitioned one of its name; what ``prepare`` did not do is done here."""
    connection.exec_driver_sql(_SEEN)
    connection.exec_driver_sql(f"LOCK TABLE {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE")
    _fill_rest(connection)
    connection.exec_driver_sql("ALTER TABLE articles DROP CONSTRAINT uq_articles_key")
    suffix = connection.scalar(sa.text("SELECT to_char(now() AT TIME ZONE 'UTC', '\"until_\"YYYY_MM')"))
    end = _end(connection)
    for table, (key, factor) in TABLES.items():
        _put_under(connection, table, f"{table}_{suffix}", key, end * factor)
    connection.exec_driver_sql("ALTER SEQUENCE articles_article_id_seq OWNED BY articles.article_id")


def _fill_rest(connection: sa.Connection) -> None:
    after: int | None = max(int(connection.scalar(sa.text("SELECT coalesce(max(article_id), 0) FROM url_seen")) or 0) - SLACK, 0)
    while after is not None:
        after = connection.scalar(_FILL, {"after": after, "batch": BATCH})


def _end(connection: sa.Connection) -> int:
    newest = int(connection.scalar(sa.text("SELECT last_value FROM articles_article_id_seq")) or 0)
    return (newest // BLOCK + 1) * BLOCK


def _put_under(connection: sa.Connection, table: str, name: str, key: str, end: int) -> None:
    """Its indexes and constraints keep their names on the new table; those of the old one get the month's."""
    indexes = connection.execute(_NAMES, {"table": table}).all()
    connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")
    for index in indexes:
        new = index.name.replace(table, name)
        what = f"TABLE {name} RENAME CONSTRAINT {index.name}" if index.is_constraint else f"INDEX {index.name} RENAME"
        connection.exec_driver_sql(f"ALTER {what} TO {new}")
    connection.exec_driver_sql(
        f"CREATE TABLE {table} (LIKE {name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE) PARTITION BY RANGE ({key})"
    )
    connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_first_month")
    for index in indexes:
        columns = index.made.partition(" USING btree ")[2]
        connection.exec_driver_sql(
            f"ALTER TABLE {table} ADD CONSTRAINT {index.name} PRIMARY KEY {columns}" if index.is_primary else index.made
        )
    connection.exec_driver_sql(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM (MINVALUE) TO ({end})")
    connection.exec_driver_sql(f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS ck_first_month")
