"""Copies a whole archive into another database, goes on where it was broken off, and proves that nothing was lost on the way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from monitor.archive import months, seen, upkeep
from monitor.archive import tables as t
from monitor.archive.archive import Archive
from monitor.archive.tx import Tx
from monitor.archive.writes import put_meta
from monitor.errors import ArchiveError

Progress = Callable[[int, int], None]

BATCH: Final = 1_000
KEY: Final = "copy"
"""The word in the target's ``meta`` that tells how far an unfinished copy is."""
_OWN: Final = frozenset({KEY, "views", "view_names", "index_version", "queue_schema"})
"""Words of ``meta`` that each database has of its own."""
_LEFT: Final = frozenset({t.nodes.name})
"""What is about running daemons, and about none of them here."""
_WORD: Final = 2**64


def _say_nothing(_done: int, _all: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What a table holds: its rows, and the sum of their hashes, whatever their order."""

    rows: int
    checksum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursor:
    """How far the copy is: the last row of a table that is there already, by its key."""

    source: str
    table: str
    after: tuple[Any, ...] | None


def tables() -> tuple[sa.Table, ...]:
    """The tables that are copied, each after those it refers to."""
    return tuple(table for table in t.metadata.sorted_tables if table.name not in _LEFT)


def copy(source: Archive, target: Archive, *, progress: Progress = _say_nothing) -> int:
    """Copy every row, in batches that each are durable; return how many were copied now. Raises ArchiveError on a target in use."""
    counts = source.read_now(_counts)
    cursor = target.read_now(lambda tx: _begun(tx, source.where.shown))
    if cursor is None and not target.where.is_sqlite:
        starts, last_id = source.read_now(lambda tx: (_months(tx), tx.value(sa.select(sa.func.max(t.articles.c.article_id)))))
        target.write_now(lambda tx: _lay_out(tx, starts, last_id, target.clock.now()))
    names = [table.name for table in tables()]
    skipped = names.index(cursor.table) if cursor is not None else 0
    done = sum(counts[name] for name in names[:skipped])
    if cursor is not None and cursor.after is not None:
        done += source.read_now(lambda tx: _passed(tx, t.metadata.tables[cursor.table], cursor.after or ()))
    total, before = sum(counts.values()), done
    for table in tables()[skipped:]:
        after = cursor.after if cursor is not None and cursor.table == table.name else None
        while rows := source.read_now(lambda tx, table=table, after=after: _after(tx, table, after)):  # type: ignore[misc]
            after = _key(table, rows[-1])
            at = _Cursor(source=source.where.shown, table=table.name, after=after)
            target.write_now(lambda tx, table=table, rows=rows, at=at: _put(tx, table, rows, at))  # type: ignore[misc]
            done += len(rows)
            progress(done, max(total, done))
    target.write_now(_finish)
    months.keep(target, target.clock.now())
    return done - before


def index(target: Archive, *, progress: Progress = _say_nothing) -> int:
    """Make the full-text index of a copy: each database keeps its own."""
    return upkeep.reindex(target, progress=progress)


def differences(source: Archive, target: Archive, *, progress: Progress = _say_nothing) -> list[str]:
    """Read both through and return the tables that do not hold the same, one line each."""
    total, done, found = 2 * sum(source.read_now(_counts).values()), 0, []
    for table in tables():
        sums = []
        for archive in (source, target):
            with archive.snapshot() as tx:
                sums.append(_sum(tx, table))
            done += sums[-1].rows
            progress(done, max(total, done))
        if sums[0] != sums[1]:
            what = f"{sums[0].rows:,} rows there, {sums[1].rows:,} here" if sums[0].rows != sums[1].rows else "rows that differ"
            found.append(f"{table.name}: {what}")
    return found + (target.read_now(seen.unsound) if not target.where.is_sqlite else [])


# ---- reading


def _counts(tx: Tx) -> dict[str, int]:
    return {table.name: int(tx.value(sa.select(sa.func.count()).select_from(_ours(table).subquery()))) for table in tables()}


def _ours(table: sa.Table) -> sa.Select[Any]:
    chosen = sa.select(table)
    return chosen.where(t.meta.c.key.not_in(sorted(_OWN))) if table is t.meta else chosen


def _after(tx: Tx, table: sa.Table, after: tuple[Any, ...] | None) -> Sequence[Mapping[str, Any]]:
    keys = list(table.primary_key)
    chosen = _ours(table) if after is None else _ours(table).where(_beyond(keys, after))
    return [dict(row) for row in tx.rows(chosen.order_by(*keys).limit(BATCH))]


def _passed(tx: Tx, table: sa.Table, after: tuple[Any, ...]) -> int:
    chosen = _ours(table).where(sa.not_(_beyond(list(table.primary_key), after)))
    return int(tx.value(sa.select(sa.func.count()).select_from(chosen.subquery())))


def _beyond(keys: Sequence[sa.Column[Any]], after: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    return sa.tuple_(*keys) > sa.tuple_(*(sa.literal(value, key.type) for key, value in zip(keys, after, strict=True)))


def _key(table: sa.Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[key.name] for key in table.primary_key)


def _months(tx: Tx) -> list[tuple[str, int]]:
    """The months in which articles were archived, each with its first article."""
    a, found = t.articles.c, list[tuple[str, int]]()
    since: datetime | None = datetime.min.replace(tzinfo=UTC)
    while since is not None:
        first = tx.row(sa.select(a.article_id, a.archived_at).where(a.archived_at >= since).order_by(a.archived_at, a.article_id).limit(1))
        if first is not None and (not found or first["article_id"] > found[-1][1]):
            found.append((months.label(first["archived_at"]), int(first["article_id"])))
        since = months.begin_after(first["archived_at"]) if first is not None else None
    return found


# ---- writing


def _lay_out(tx: Tx, starts: Sequence[tuple[str, int]], last_id: int | None, now: datetime) -> None:
    """Have a month for each of the source's; one without articles takes what is there."""
    if last_id is not None:
        months.lay_out(tx, starts, last_id)
        months.ready(tx, now)


def _begun(tx: Tx, source: str) -> _Cursor | None:
    """Where an unfinished copy goes on; None at the very beginning. Refuses a target that holds something else."""
    said = tx.value(sa.select(t.meta.c.value).where(t.meta.c.key == KEY))
    if said is not None:
        found = json.loads(said)
        if found["source"] != source:
            raise ArchiveError(f"the target holds an unfinished copy of {found['source']}; go on with that one, or empty the target first")
        return _Cursor(source=source, table=found["table"], after=tuple(found["after"]) if found["after"] else None)
    full = [name for name, n in _counts(tx).items() if n]
    if full:
        raise ArchiveError(
            f"the target is no empty archive ({', '.join(full[:3])} hold rows); nothing was changed. Copy into a new database"
        )
    return None


def _put(tx: Tx, table: sa.Table, rows: Sequence[Mapping[str, Any]], at: _Cursor) -> None:
    tx.run_many(sa.insert(table), rows)
    if table is t.articles and tx.is_postgres:
        seen.put(tx, rows)
    put_meta(tx, KEY, json.dumps({"source": at.source, "table": at.table, "after": at.after}))


def _finish(tx: Tx) -> None:
    """Let new rows be numbered after the copied ones, and forget how far the copy was."""
    for table in tables() if tx.is_postgres else ():
        key = next(iter(table.primary_key))
        sequence = tx.value(sa.text("SELECT pg_get_serial_sequence(:table, :key)"), {"table": table.name, "key": key.name})
        last = tx.value(sa.select(sa.func.max(key))) if sequence else None
        if last is not None:
            tx.value(sa.text("SELECT setval(CAST(:sequence AS regclass), :last)"), {"sequence": sequence, "last": last})
    tx.run(sa.delete(t.meta).where(t.meta.c.key == KEY))


# ---- proof


def _sum(tx: Tx, table: sa.Table) -> Sum:
    rows, checksum = 0, 0
    for row in _streamed(tx, table):
        rows += 1
        checksum = (checksum + _hash(row)) % _WORD
    return Sum(rows=rows, checksum=checksum)


def _streamed(tx: Tx, table: sa.Table) -> Iterator[Sequence[Any]]:
    result = tx.connection.execution_options(yield_per=BATCH).execute(_ours(table))
    yield from result


def _hash(row: Iterable[Any]) -> int:
    """The same for the same values, whichever database they come from."""
    text = json.dumps([_plain(value) for value in row], ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value.isoformat() if hasattr(value, "isoformat") else value
