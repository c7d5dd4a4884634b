"""Looks after an archive: its size, its health, a new index."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from monitor.archive import migrate, months, search, seen
from monitor.archive import tables as t
from monitor.archive.archive import Archive
from monitor.archive.health import damage, unsound
from monitor.archive.tx import Tx

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is in all."""


def _say_nothing(_done: int, _all: int) -> None:
    """Report no progress."""


# ---- size


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """``rows`` by table; sizes in bytes; ``free`` is the space left beside a SQLite file, None where the server would know.

    ``months`` are those that articles lie in, with their size; None on SQLite, which has none.
    """

    shown: str
    engine: str
    revision: str | None
    size: int
    wal: int
    free: int | None
    rows: dict[str, int]
    months: dict[str, int] | None = None


def size(archive: Archive) -> Size:
    """Measure an archive: exact on SQLite, by the server's own estimate of rows on PostgreSQL."""
    where = archive.where
    rows = archive.read_now(_estimated_rows if not where.is_sqlite else _counted_rows)
    return Size(
        shown=where.shown,
        engine=archive.read_now(_engine),
        revision=migrate.current(where),
        size=archive_bytes(archive),
        wal=_bytes(where.path.with_name(where.path.name + "-wal")) if where.is_sqlite else 0,
        free=shutil.disk_usage(where.path.parent).free if where.is_sqlite else None,
        rows=rows,
        months=None if where.is_sqlite else archive.read_now(months.sizes),
    )


def archive_bytes(archive: Archive) -> int:
    """How much space the archive takes."""
    where = archive.where
    if where.is_sqlite:
        return sum(_bytes(where.path.with_name(where.path.name + end)) for end in ("", "-wal"))
    return archive.read_now(lambda tx: int(tx.value(sa.text("SELECT pg_database_size(current_database())"))))


def free_bytes(archive: Archive) -> int | None:
    """How much space is left beside a SQLite file; None on PostgreSQL."""
    return shutil.disk_usage(archive.where.path.parent).free if archive.where.is_sqlite else None


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _counted_rows(tx: Tx) -> dict[str, int]:
    return {table.name: int(tx.value(sa.select(sa.func.count()).select_from(table))) for table in t.metadata.sorted_tables}


def _estimated_rows(tx: Tx) -> dict[str, int]:
    """The rows of a table's months are counted as its own."""
    names = {table.name for table in t.metadata.sorted_tables}
    rows = tx.rows(
        sa.text(
            "SELECT coalesce(p.relname, s.relname) AS name, sum(greatest(s.n_live_tup, 0)) AS n FROM pg_stat_user_tables s"
            " LEFT JOIN pg_inherits i ON i.inhrelid = s.relid LEFT JOIN pg_class p ON p.oid = i.inhparent GROUP BY 1 ORDER BY 1"
        )
    )
    return {row["name"]: int(row["n"]) for row in rows if row["name"] in names}


def _engine(tx: Tx) -> str:
    if tx.is_postgres:
        return f"PostgreSQL {tx.value(sa.text('SHOW server_version'))}"
    return f"SQLite {tx.value(sa.text('SELECT sqlite_version()'))}, {tx.value(sa.text('PRAGMA journal_mode'))}"


# ---- health


def verify(archive: Archive, *, is_quick: bool = False) -> list[str]:
    """Check the archive through and through and return what is wrong, one line each; quick leaves out the indexes of SQLite."""
    found = damage(archive.where, "PRAGMA quick_check(20)" if is_quick else "PRAGMA integrity_check(20)")
    if found or archive.where.is_sqlite:
        return found or archive.read_now(unsound)
    now = archive.clock.now()
    return archive.read_now(lambda tx: unsound(tx) + seen.unsound(tx) + months.unready(tx, now))


def checkpoint(archive: Archive) -> int:
    """Bring SQLite's log back into its file and refresh the planner's statistics; return the log's bytes left."""
    if archive.where.is_sqlite:
        archive.outside("PRAGMA optimize=0x10002")  # of all tables: this connection has asked none yet
        archive.outside("PRAGMA wal_checkpoint(PASSIVE)")
        return _bytes(archive.where.path.with_name(archive.where.path.name + "-wal"))
    archive.outside("ANALYZE")
    return 0


# ---- a new index


def reindex(archive: Archive, *, progress: Progress = _say_nothing) -> int:
    """Make the full-text index anew beside a running daemon; return how many articles it holds. Until then searches read the articles."""
    total = archive.read_now(lambda tx: int(tx.value(sa.select(sa.func.count()).select_from(t.articles))))
    archive.write_now(search.clear_index)
    done, last = 0, 0
    while (more := archive.write_now(lambda tx, after=last: search.index_after(tx, after))) is not None:  # type: ignore[misc]
        done, last = done + more.count, more.last
        progress(done, max(total, done))
    archive.write_now(search.finish_index)
    return done
