"""Questions in SQL by people: answered from a connection that can read and do nothing else, for so long and no longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import sqlalchemy as sa

from monitor.archive.engine import Address, reader_engine, sqlite_module, told
from monitor.archive.reads.listings import ListedRow, plain
from monitor.errors import ArchiveError

TIMEOUT_S = 60.0
_STEPS = 20_000
"""SQLite's virtual machine asks about the time every so many steps."""


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
        connection.execute("PRAGMA busy_timeout=5000")
        connection.set_authorizer(_only_reads(module))
        connection.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
        try:
            cursor = connection.execute(sql)
            if cursor.description is None:
                raise _refused("not authorized: this is no SELECT", timeout_s)
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield plain(dict(zip(names, row, strict=True)))
        except (module.Error, module.Warning) as error:
            raise _refused(str(error), timeout_s) from error


def _only_reads(module: Any) -> Any:
    """An authorizer that knows four harmless actions and one dangerous function."""
    allowed = {module.SQLITE_SELECT, module.SQLITE_READ, module.SQLITE_RECURSIVE}

    def authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
        if action in allowed or (action == module.SQLITE_FUNCTION and second != "load_extension"):
            return int(module.SQLITE_OK)
        return int(module.SQLITE_OK if action == module.SQLITE_PRAGMA and first == "data_version" else module.SQLITE_DENY)

    return authorize


def _postgres(where: Address, sql: str, timeout_s: float) -> Iterator[ListedRow]:
    """A cursor of the server's takes one SELECT and nothing after it; the session itself may not write."""
    engine = reader_engine(where, size=1)
    try:
        with engine.connect() as connection, connection.begin():
            connection.execute(sa.text("SELECT set_config('statement_timeout', :ms, true)"), {"ms": str(int(timeout_s * 1000))})
            raw: Any = connection.connection.driver_connection
            with raw.cursor(name="presswatch_ask") as cursor:
                cursor.execute(sql)
                names = [column.name for column in cursor.description or ()]
                for row in cursor:
                    yield plain(dict(zip(names, row, strict=True)))
    except sa.exc.DBAPIError as error:
        raise told(error, where) from error
    except engine.dialect.loaded_dbapi.Error as error:
        raise _refused(str(error).splitlines()[0], timeout_s) from error
    finally:
        engine.dispose()


def _refused(reason: str, timeout_s: float) -> ArchiveError:
    if "interrupted" in reason or "statement timeout" in reason:
        return ArchiveError(f"no answer within {timeout_s:g} s; ask for fewer days, or give it more time")
    if "not authorized" in reason or "read-only" in reason or "readonly" in reason:
        return ArchiveError(f"only SELECT is answered here ({reason})")
    return ArchiveError(f"the question cannot be answered: {reason}")
