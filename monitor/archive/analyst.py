"""Questions in SQL by people: answered from a connection that can read and do nothing else, for so long and no longer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from monitor.archive.engine import Address, reader_engine, sqlite_module, told
from monitor.archive.reads.listings import ListedRow
from monitor.errors import ArchiveError

TIMEOUT_S = 60.0
MAX_MEMORY = 512 * 1024 * 1024
"""So much SQLite may take for a question; sorting and blobs stay in memory, so that no question fills the disk either."""
_STEPS = 20_000
"""SQLite's virtual machine asks about the time every so many steps."""
_FETCH = 500
_NOT_TO_CALL = frozenset({"load_extension", "fts3_tokenizer"})
_UNKNOWN = ("no such table", "no such column", "does not exist")
"""How the databases say that a name is none of theirs."""
_LEAST_ROLE = sa.text("""
SELECT CASE WHEN EXISTS (
         SELECT FROM pg_roles WHERE rolname = 'presswatch_analysts' AND has_table_privilege(oid, 'v_articles', 'SELECT')
         AND pg_has_role(oid, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)
       ) THEN 'presswatch_analysts'
       WHEN current_setting('is_superuser') = 'on' THEN 'pg_read_all_data' END
""")
"""The least a login may become: the group of deploy/postgresql/analysts.sql where it has rights here; of an administrator at least one
who can read no files, run no programs and end nobody's session."""


def ask(where: Address, sql: str, *, timeout_s: float = TIMEOUT_S) -> Iterator[ListedRow]:
    """Yield the rows of one SELECT; raise ArchiveError for anything else, for a mistake in it, and when the time is up."""
    return _sqlite(where, sql, timeout_s) if where.is_sqlite else _postgres(where, sql, timeout_s)


def _sqlite(where: Address, sql: str, timeout_s: float) -> Iterator[ListedRow]:
    module = sqlite_module()
    if not where.path.exists():
        raise ArchiveError(f"there is no archive at {where.shown}")
    connection = module.connect(f"{where.path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    end = time.monotonic() + timeout_s
    with closing(connection):
        connection.execute("PRAGMA query_only=ON")
        for pragma in ("busy_timeout=5000", "temp_store=MEMORY", f"hard_heap_limit={MAX_MEMORY}"):  # the limit is the process's
            connection.execute(f"PRAGMA {pragma}")
        connection.set_authorizer(_only_reads(module))
        connection.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
        try:
            cursor = connection.execute(sql)
            if cursor.description is None:
                raise _refused("not authorized: this is no SELECT", timeout_s)
            names = _names([column[0] for column in cursor.description])
            for row in cursor:
                yield _row(names, row)
        except (module.Error, module.Warning, MemoryError) as error:
            raise _refused(str(error), timeout_s) from error


def _only_reads(module: Any) -> Any:
    """An authorizer that knows three harmless actions and the dangerous functions."""
    allowed = {module.SQLITE_SELECT, module.SQLITE_READ, module.SQLITE_RECURSIVE}

    def authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
        if action in allowed or (action == module.SQLITE_FUNCTION and second not in _NOT_TO_CALL):
            return int(module.SQLITE_OK)
        return int(module.SQLITE_OK if action == module.SQLITE_PRAGMA and first == "data_version" else module.SQLITE_DENY)

    return authorize


def _postgres(where: Address, sql: str, timeout_s: float) -> Iterator[ListedRow]:
    """A cursor of the server's takes one SELECT and nothing after it; the session may not write, and is the least its login can become."""
    engine, end = reader_engine(where, size=1), time.monotonic() + timeout_s
    try:
        with engine.connect() as connection, connection.begin():
            raw: Any = connection.connection.driver_connection
            _give_time(connection, end)
            if role := connection.execute(_LEAST_ROLE).scalar():
                connection.execute(sa.text("SELECT set_config('role', :role, true)"), {"role": role})
            with raw.cursor(name="presswatch_ask") as cursor:
                cursor.execute(sql)
                names = _names([column.name for column in cursor.description or ()])
                while rows := cursor.fetchmany(_FETCH):
                    yield from (_row(names, row) for row in rows)
                    _give_time(connection, end)  # also where the question itself gave itself more
    except sa.exc.DBAPIError as error:
        raise told(error, where) from error
    except engine.dialect.loaded_dbapi.Error as error:
        raise _refused(str(error).splitlines()[0], timeout_s) from error
    finally:
        engine.dispose()


def _give_time(connection: sa.Connection, end: float) -> None:
    """Let the server's next step take what is left."""
    left_ms = max(int((end - time.monotonic()) * 1000), 1)
    connection.execute(sa.text("SELECT set_config('statement_timeout', :ms, true)"), {"ms": str(left_ms)})


def _names(given: Sequence[str]) -> list[str]:
    """Column names as keys: of two alike the second gets a number."""
    names: list[str] = []
    for name in given:
        number = sum(1 for other in given[: len(names)] if other == name)
        names.append(f"{name}_{number + 1}" if number else name)
    return names


def _row(names: Sequence[str], values: Sequence[Any]) -> ListedRow:
    return {name: _value(name, value) for name, value in zip(names, values, strict=True)}


def _value(name: str, value: Any) -> Any:
    """A value as every form of output takes it: times aware, numbers as numbers, bytes as hex, the rest as text."""
    match value:
        case None | int() | float() | datetime():
            return value
        case str():
            return _time(value) if name.endswith("_at") else value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case bytes() | memoryview():
            return bytes(value).hex()
        case list() | dict():
            return value
        case _:
            return str(value)


def _time(text: str) -> datetime | str:
    """A time of ours as one; what an analyst calls so may be any text."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def _refused(reason: str, timeout_s: float) -> ArchiveError:
    if "interrupted" in reason or "statement timeout" in reason:
        return ArchiveError(f"no answer within {timeout_s:g} s; ask for fewer days, or give it more time")
    if "permission denied for table" in reason:
        return ArchiveError(f"{reason}; the public views begin with v_ (presswatch db views)")
    if "not authorized" in reason or "read-only" in reason or "readonly" in reason:
        return ArchiveError(f"only SELECT is answered here ({reason})")
    if "out of memory" in reason or not reason:
        return ArchiveError(f"the answer takes more than {MAX_MEMORY // 1024**2} MB; ask for fewer rows or shorter columns")
    hint = "; presswatch db views prints the public views and their columns" if any(sign in reason for sign in _UNKNOWN) else ""
    return ArchiveError(f"the question cannot be answered: {reason}{hint}")
