"""The months that articles lie in on PostgreSQL: partitions by id, because ids grow with the time of archiving.

A month is one partition each of ``articles``, ``article_texts``, ``mentions`` and ``article_index``. Its ids begin at a round number; the
sequence is put there once the month has begun. So every row that names an article is found in one partition, whatever day it states.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from monitor.archive.search import STATES
from monitor.archive.tx import Tx
from monitor.errors import ArchiveError

if TYPE_CHECKING:
    from monitor.archive.archive import Archive

BLOCK: Final = 1_000_000_000
"""So many ids a month has; one that needs more goes on in the next one's partition."""
AHEAD: Final = 2
"""So many months are ready before they begin."""
PARTED: Final = {"articles": 1, "article_texts": 1, "mentions": 1, "article_index": STATES}
"""The tables in months, and by what their partition key counts article ids."""
DATED: Final = ("articles", "mentions")
"""Those of them that are asked by day."""
PATIENCE: Final = "SET LOCAL lock_timeout = '3s'"
"""A change that has to wait for a long question would let all who write wait behind it."""
_OTHERS_FIRST: Final = ("55P03", "40P01")
"""They did not let go in time, or each waited for the other and the server chose us to give up."""
Work = Callable[[Tx], bool]
_KEY: Final = 0x50_72_65_73_6D
"""Of the advisory lock under which months change."""
_BOUND: Final = re.compile(r"FROM \((MINVALUE|'-?\d+')\) TO \('(\d+)'\)")
_MONTHS = sa.text(
    "SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound,"
    " EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conname = c.relname || '_days' AND k.convalidated) AS is_sealed"
    " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass('articles')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One partition: article ids from ``first`` (None is from the beginning) to below ``end``.

    ``suffix`` is ``2026_12``, or ``until_2026_12`` for what was there before months were. ``is_sealed`` says that the planner knows its days.
    """

    suffix: str
    first: int | None
    end: int
    is_sealed: bool = False

    @property
    def label(self) -> str:
        """The month, or the last one of several, so that labels sort: ``2026_12``."""
        return self.suffix[-7:]

    @property
    def shown(self) -> str:
        """For people: ``2026-12``, or ``until 2026-12``."""
        return self.label.replace("_", "-") if self.suffix == self.label else f"until {self.label.replace('_', '-')}"

    def of(self, table: str) -> str:
        """Its partition of a table."""
        return f"{table}_{self.suffix}"


def label(at: datetime) -> str:
    """The UTC month of a time: ``2026_12``."""
    return f"{at.astimezone(UTC):%Y_%m}"


def begin_after(at: datetime) -> datetime:
    """When the month after a time begins."""
    year, month = at.astimezone(UTC).year, at.astimezone(UTC).month
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def months(tx: Tx) -> tuple[Month, ...]:
    """Every month there is, the oldest first."""
    found = []
    for row in tx.rows(_MONTHS):
        bound = _BOUND.search(row["bound"])
        if bound is None:
            raise ArchiveError(f"{row['name']} is no partition that Presswatch made ({row['bound']}); detach it from articles")
        first = None if bound[1] == "MINVALUE" else int(bound[1].strip("'"))
        found.append(Month(suffix=row["name"].removeprefix("articles_"), first=first, end=int(bound[2]), is_sealed=bool(row["is_sealed"])))
    return tuple(sorted(found, key=lambda month: month.end))


def past(tx: Tx) -> tuple[Month, ...]:
    """The months that no article is put into any more."""
    next_id = _next_id(tx)
    found = months(tx)
    current = next((month for month in found if next_id < month.end), None)
    return found[: found.index(current)] if current is not None else found


def keep(archive: Archive, now: datetime) -> None:
    """Have this month and the next ones ready, begin this one, and tell the planner the days of those that are over.

    What has to wait for others is left for the next time. Raises ArchiveError where the login may not change the tables.
    """
    if archive.where.is_sqlite:
        return
    try:
        patient(archive, lambda tx: ready(tx, now))
        for month in archive.read_now(past):
            if not month.is_sealed and patient(archive, lambda tx, m=month: _claim_days(tx, m)):  # type: ignore[misc]
                patient(archive, lambda tx, m=month: _prove_days(tx, m))  # type: ignore[misc]
    except sa.exc.ProgrammingError as error:
        said = str(error.orig).splitlines()[0]
        raise ArchiveError(
            f"the archive {archive.where.shown} got no new month: {said}; run the daemon with the login that ran presswatch db upgrade"
        ) from error


def patient(archive: Archive, work: Work) -> bool:
    """Do what needs a table to itself; False where others did not let go of it in time, or it found nothing to do."""

    def tried(tx: Tx) -> bool:
        try:
            with tx.connection.begin_nested():
                tx.run(sa.text(PATIENCE))
                alone(tx)
                return work(tx)
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in _OTHERS_FIRST:
                raise
            return False

    return archive.write_now(tried)


def alone(tx: Tx) -> None:
    """Let nobody else change months until the transaction ends."""
    tx.run(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _KEY})


def is_there(tx: Tx, name: str) -> bool:
    """Whether a table is there still; another node may have been faster."""
    return tx.value(sa.text("SELECT to_regclass(:name)::text"), {"name": name}) is not None


def stop_all(tx: Tx) -> None:
    """Let nobody use the tables in months until the transaction ends; asked for before a month is dropped.

    Everybody else takes the whole table before its month: who holds one and comes for the other would wait for us while we wait for him.
    """
    tx.connection.exec_driver_sql(f"LOCK TABLE {', '.join(f'ONLY {table}' for table in PARTED)} IN ACCESS EXCLUSIVE MODE")


def ready(tx: Tx, now: datetime) -> bool:
    """Make the months that are missing from now on, and let new articles be numbered in this one."""
    found = list(months(tx))
    for wanted in _labels(now, 1 + AHEAD):
        if found[-1].label < wanted:
            found.append(make(tx, Month(suffix=wanted, first=found[-1].end, end=found[-1].end + BLOCK)))
    begun = [month for month in found if month.label <= label(now)]
    first = begun[-1].first if begun else None
    if first is not None and _next_id(tx) < first:
        tx.run(sa.text("SELECT setval(pg_get_serial_sequence('articles', 'article_id'), :first, false)"), {"first": first})
    return True


def make(tx: Tx, month: Month) -> Month:
    """Make a month; attaching stops nobody, as making it in its place would."""
    for table, factor in PARTED.items():
        name, first = month.of(table), "MINVALUE" if month.first is None else str(month.first * factor)
        for statement in (
            f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)",
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({month.end * factor})",
        ):
            tx.connection.exec_driver_sql(statement)
    return month


def lay_out(tx: Tx, starts: Sequence[tuple[str, int]], last_id: int) -> None:
    """Cut an empty archive into the months of another one: (label, first id) each, the oldest first, and the newest id of all."""
    for month in months(tx):
        for table in PARTED:
            tx.connection.exec_driver_sql(f"DROP TABLE {month.of(table)}")
    for number, (name, first) in enumerate(starts):
        end = starts[number + 1][1] if number + 1 < len(starts) else (last_id // BLOCK + 1) * BLOCK
        make(tx, Month(suffix=name, first=first if number else None, end=end))


def sizes(tx: Tx) -> dict[str, int]:
    """How many bytes each month takes, with its indexes; one that is dropped meanwhile takes none."""
    size = " + ".join(f"coalesce(pg_total_relation_size(to_regclass('{table}_' || :suffix)), 0)" for table in PARTED)
    return {month.shown: int(tx.value(sa.text(f"SELECT {size}"), {"suffix": month.suffix})) for month in months(tx)}


def unready(tx: Tx, now: datetime) -> list[str]:
    """What is wrong with the months, one line each."""
    found = months(tx)
    if found and found[-1].label <= label(now):
        return [f"no month is ready after {found[-1].shown}: articles go on into it; the daemon makes the next ones every night"]
    return []


def _labels(now: datetime, count: int) -> Iterator[str]:
    at = now
    for _ in range(count):
        yield label(at)
        at = begin_after(at)


def _next_id(tx: Tx) -> int:
    """The id that the next article gets."""
    sequence = tx.value(sa.text("SELECT pg_get_serial_sequence('articles', 'article_id')"))
    row = tx.run(sa.text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608 - the server's own word
    return int(row.last_value) + bool(row.is_called)


# ---- what the planner knows of a month that is over


def _claim_days(tx: Tx, month: Month) -> bool:
    """Say in which days its articles lie, so that questions about others pass it by; one that nothing was put into goes.

    Days are those of publication, so they begin before the month: a backfill brings old ones.
    """
    articles = month.of("articles")
    if not is_there(tx, articles):
        return False
    if tx.value(sa.text(f"SELECT 1 FROM {articles} LIMIT 1")) is None:  # noqa: S608 - a name of our own
        stop_all(tx)
    for table in DATED:
        tx.connection.exec_driver_sql(f"LOCK TABLE {month.of(table)} IN ACCESS EXCLUSIVE MODE")
    ends = "min(day) AS d1, max(day) AS d2, min(archived_at) AS t1, max(archived_at) AS t2"
    row = tx.run(sa.text(f"SELECT {ends} FROM {articles}")).one()  # noqa: S608 - a name of our own
    if row.d1 is None:
        for table in PARTED:
            tx.connection.exec_driver_sql(f"DROP TABLE {month.of(table)}")
        return False
    days = f"day >= '{row.d1}' AND day <= '{row.d2}'"
    times = f"archived_at >= '{row.t1.isoformat()}' AND archived_at <= '{row.t2.isoformat()}'"
    for table, said in zip(DATED, (f"{days} AND {times}", days), strict=True):
        name = month.of(table)
        tx.connection.exec_driver_sql(f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {name}_days")
        tx.connection.exec_driver_sql(f"ALTER TABLE {name} ADD CONSTRAINT {name}_days CHECK ({said}) NOT VALID")
    return True


def _prove_days(tx: Tx, month: Month) -> bool:
    """Let the server read it through, beside whoever writes: only what is proved the planner believes. Articles come last and tell it is done."""
    for table in reversed(DATED if is_there(tx, month.of("articles")) else ()):
        tx.connection.exec_driver_sql(f"ALTER TABLE {month.of(table)} VALIDATE CONSTRAINT {month.of(table)}_days")
    return True
