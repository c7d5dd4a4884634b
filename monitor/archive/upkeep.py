"""Looks after an archive: its size, its health, what it may forget, a new index."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from monitor.archive import migrate, search
from monitor.archive import tables as t
from monitor.archive.archive import Archive
from monitor.archive.health import damage, unsound
from monitor.archive.shapes import article_of, day_of
from monitor.archive.tx import Tx

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is in all."""

BATCH = 500


def _say_nothing(_done: int, _all: int) -> None:
    """Report no progress."""


# ---- size


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """``rows`` by table; sizes in bytes; ``free`` is the space left beside a SQLite file, None where the server would know."""

    shown: str
    engine: str
    revision: str | None
    size: int
    wal: int
    free: int | None
    rows: dict[str, int]


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
    names = {table.name for table in t.metadata.sorted_tables}
    rows = tx.rows(sa.text("SELECT relname, greatest(n_live_tup, 0) AS n FROM pg_stat_user_tables ORDER BY relname"))
    return {row["relname"]: int(row["n"]) for row in rows if row["relname"] in names}


def _engine(tx: Tx) -> str:
    if tx.is_postgres:
        return f"PostgreSQL {tx.value(sa.text('SHOW server_version'))}"
    return f"SQLite {tx.value(sa.text('SELECT sqlite_version()'))}, {tx.value(sa.text('PRAGMA journal_mode'))}"


# ---- health


def verify(archive: Archive, *, is_quick: bool = False) -> list[str]:
    """Check the archive through and through and return what is wrong, one line each; quick leaves out the indexes of SQLite."""
    found = damage(archive.where, "PRAGMA quick_check(20)" if is_quick else "PRAGMA integrity_check(20)")
    return found or archive.read_now(unsound)


def checkpoint(archive: Archive) -> int:
    """Bring SQLite's log back into its file and refresh the planner's statistics; return the log's bytes left."""
    if archive.where.is_sqlite:
        archive.outside("PRAGMA optimize")
        archive.outside("PRAGMA wal_checkpoint(PASSIVE)")
        return _bytes(archive.where.path.with_name(archive.where.path.name + "-wal"))
    archive.outside("ANALYZE")
    return 0


# ---- forgetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long what is kept, in seconds; None is for ever. Headlines, matches, stories, alerts and deliveries always stay."""

    texts_s: float | None = None
    polls_s: float | None = None
    entries_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many rows lost their text, and how many are gone."""

    texts: int = 0
    polls: int = 0
    entries: int = 0


def forgettable(archive: Archive, keep: Keep, now: datetime) -> Forgotten:
    """Count what ``forget`` would take, and take nothing."""
    queries = {name: _old(name, since) for name, since in _limits(keep, now).items()}
    return archive.read_now(
        lambda tx: Forgotten(**{name: int(tx.value(sa.select(sa.func.count()).select_from(q.subquery()))) for name, q in queries.items()})
    )


def forget(archive: Archive, keep: Keep, now: datetime, *, progress: Progress = _say_nothing) -> Forgotten:
    """Take what is older than it is kept, in small transactions beside a running daemon; broken off it goes on where it was."""
    todo = forgettable(archive, keep, now)
    total, done = todo.texts + todo.polls + todo.entries, 0
    taken = dict.fromkeys(("texts", "polls", "entries"), 0)
    for name, since in _limits(keep, now).items():
        while n := archive.write_now(lambda tx, name=name, since=since: _TAKERS[name](tx, _ids(tx, name, since))):  # type: ignore[misc]
            taken[name] += n
            done += n
            progress(done, max(total, done))
    return Forgotten(**taken)


def _limits(keep: Keep, now: datetime) -> dict[str, datetime]:
    kept = {"texts": keep.texts_s, "polls": keep.polls_s, "entries": keep.entries_s}
    return {name: now - timedelta(seconds=s) for name, s in kept.items() if s is not None}


def _old(name: str, since: datetime) -> sa.Select[int]:
    match name:
        case "texts":
            a, x = t.articles.c, t.article_texts.c
            return sa.select(x.article_id).join(t.articles, a.article_id == x.article_id).where(a.archived_at < since, x.text != "")
        case "polls":
            return sa.select(t.polls.c.poll_id).where(t.polls.c.at < since)
        case _:
            e = t.entries.c
            return sa.select(e.entry_id).where(e.day < day_of(since), e.article_id.is_(None), e.next_at.is_(None))


def _ids(tx: Tx, name: str, since: datetime) -> list[int]:
    return [int(row[0]) for row in tx.connection.execute(_old(name, since).limit(BATCH))]


def _take_texts(tx: Tx, ids: list[int]) -> int:
    """Empty texts; the index forgets them too, as long as it was made by today's tokenizer and so can be told what to forget."""
    is_current = search.is_current(tx)
    whole = sa.select(t.articles, t.article_texts.c.text).join(t.article_texts, t.article_texts.c.article_id == t.articles.c.article_id)
    for row in tx.rows(whole.where(t.articles.c.article_id.in_(ids))):
        if is_current:
            search.take_out(tx, row["article_id"], row["revision"], article_of(row))
            search.put_headline(tx, row["article_id"], row["revision"], row["headline"])
    tx.run(sa.update(t.article_texts).where(t.article_texts.c.article_id.in_(ids)).values(text=""))
    tx.run(sa.update(t.revisions).where(t.revisions.c.article_id.in_(ids)).values(text="", diff=None))
    return len(ids)


def _take_polls(tx: Tx, ids: list[int]) -> int:
    tx.run(sa.delete(t.polls).where(t.polls.c.poll_id.in_(ids)))
    return len(ids)


def _take_entries(tx: Tx, ids: list[int]) -> int:
    tx.run(sa.delete(t.entries).where(t.entries.c.entry_id.in_(ids)))
    return len(ids)


_TAKERS = {"texts": _take_texts, "polls": _take_polls, "entries": _take_entries}


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
