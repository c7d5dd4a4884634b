"""How the databases are opened: drivers, pragmas, transactions, and what their errors mean to us."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool, QueuePool

from monitor.errors import ArchiveError, ArchiveFull

BUSY_MS = 10_000
SAFE_SQLITE = (3, 51, 3)
"""Before it, two connections in WAL mode may lose commits (the WAL-reset bug)."""

_PRAGMAS = (
    f"busy_timeout={BUSY_MS}",
    "foreign_keys=ON",
    "synchronous=FULL",  # a message that was sent must not be forgotten by a power cut
    "cache_size=-16384",
    "temp_store=MEMORY",
    "mmap_size=268435456",
    "journal_size_limit=67108864",
)
_SESSION = "-c timezone=UTC -c idle_in_transaction_session_timeout=60000"
_WRITER = " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
"""Prepared plans are kept: one made while a table was small would read it whole for ever. All that is written is found by an index."""
_READER = " -c default_transaction_read_only=on -c plan_cache_mode=force_custom_plan"
_FULL_STATES = frozenset({"53100"})
_SQLITE_ENDINGS = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_PASSING_STATES = frozenset({"40001", "40P01", "55P03"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an archive is: a SQLite file or a PostgreSQL database."""

    url: URL

    @classmethod
    def of_file(cls, path: Path) -> Address:
        """The address of a SQLite file."""
        return cls(url=URL.create("sqlite", database=str(path.expanduser())))

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return Path(self.url.database or "")

    @property
    def dsn(self) -> str:
        """The server's URL for its own driver, with the password."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def shown(self) -> str:
        """For messages: the path, or the URL without its password."""
        return str(self.path) if self.is_sqlite else self.url.set(drivername="postgresql").render_as_string(hide_password=True)


def address(url: str) -> Address:
    """Read a path, ``sqlite:///path`` or ``postgresql://…`` (psycopg 3 is always the driver)."""
    if "://" not in url:
        return Address.of_file(Path(url))
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise ArchiveError(f"{url!r} is no address of an archive; write a path or postgresql://user@host/name") from error
    match parsed.get_backend_name():
        case "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ArchiveError("an archive in memory would forget what it was told; write a path")
            return Address.of_file(Path(parsed.database))
        case "postgresql" | "postgres":
            return Address(url=parsed.set(drivername="postgresql+psycopg"))
        case other:
            raise ArchiveError(f"{other} is no archive Presswatch knows; write a path or postgresql://user@host/name")


def sqlite_module() -> ModuleType:
    """The newest SQLite at hand: the pysqlite3 wheel where there is one."""
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415 - absent on platforms without a wheel
    except ImportError:
        return sqlite3
    return dbapi2  # type: ignore[no-any-return]


def writer_engine(where: Address) -> sa.Engine:
    """An engine whose transactions may write; on SQLite they take the write lock at BEGIN, so that none fails half way."""
    return _sqlite(where, can_write=True) if where.is_sqlite else _postgres(where, can_write=True)


def reader_engine(where: Address, *, size: int) -> sa.Engine:
    """An engine whose transactions cannot write."""
    return _sqlite(where, can_write=False, size=size) if where.is_sqlite else _postgres(where, can_write=False, size=size)


def _sqlite(where: Address, *, can_write: bool, size: int = 1) -> sa.Engine:
    module = sqlite_module()

    def connect() -> Any:
        connection = module.connect(str(where.path), timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if not can_write:
            connection.execute("PRAGMA query_only=ON")
        return connection

    pool: dict[str, Any] = {"poolclass": NullPool} if can_write else {"poolclass": QueuePool, "pool_size": size, "max_overflow": 0}
    engine = sa.create_engine("sqlite://", module=module, creator=connect, **pool)
    begin = "BEGIN IMMEDIATE" if can_write else "BEGIN"
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _postgres(where: Address, *, can_write: bool, size: int = 1) -> sa.Engine:
    arguments: dict[str, Any] = {
        "connect_timeout": 5,
        "application_name": "presswatch",
        "options": _SESSION + (_WRITER if can_write else _READER),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    pool: dict[str, Any] = (
        {"poolclass": NullPool} if can_write else {"poolclass": QueuePool, "pool_size": size, "max_overflow": 0, "pool_pre_ping": True}
    )
    try:
        engine = sa.create_engine(where.url, connect_args=arguments, **pool)
    except ModuleNotFoundError as error:
        raise ArchiveError("PostgreSQL needs the driver: install presswatch[postgres]") from error
    return engine


def ends_transaction(error: sa.exc.DBAPIError) -> bool:
    """Whether the whole transaction is lost with this statement, and not only the rows it was about."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, _sqlite_errors()):
        return _sqlite_code(error) in _SQLITE_ENDINGS
    state = getattr(error.orig, "sqlstate", None)
    return _is_lost(error) or (state is not None and state.startswith(("40", "53", "58", "XX")))


def is_passing(error: sa.exc.DBAPIError) -> bool:
    """Whether the same transaction may succeed when it is run again at once: lost connection, deadlock, lock timeout."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, _sqlite_errors()):
        return _sqlite_code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return getattr(error.orig, "sqlstate", None) in _PASSING_STATES or _is_lost(error)


def _is_lost(error: sa.exc.DBAPIError) -> bool:
    """PostgreSQL is away: no SQLSTATE (the socket broke), class 08 (connection) or 57P (the server shuts down or starts)."""
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(error, sa.exc.OperationalError) and (state is None or state.startswith(("08", "57P")))


def _sqlite_errors() -> tuple[type[Exception], ...]:
    return (sqlite3.Error, sqlite_module().Error)


def _sqlite_code(error: BaseException) -> int:
    return int(getattr(_driver_error(error), "sqlite_errorcode", 0)) & 0xFF


def _driver_error(error: BaseException) -> BaseException:
    """What the driver itself raised, where SQLAlchemy wrapped it."""
    return error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error


def told(error: BaseException, where: Address) -> ArchiveError:
    """Say in our words what a database error means and what to do."""
    if isinstance(error, ArchiveError):
        return error
    reason = " ".join(str(_driver_error(error)).split())
    if _is_full(error):
        return ArchiveFull(
            f"no space left for the archive {where.shown} ({reason}); fetching pauses and goes on by itself once there is space"
        )
    code = _sqlite_code(error) if isinstance(_driver_error(error), _sqlite_errors()) else 0
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return ArchiveError(f"another process has locked the archive {where.shown} ({reason}); end it, or wait")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return ArchiveError(
            f"the archive {where.shown} is damaged ({reason}); nothing was changed. Restore the last backup: presswatch db restore FILE"
        )
    return ArchiveError(f"the archive {where.shown} cannot be used: {reason}")


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    if isinstance(_driver_error(error), _sqlite_errors()):
        return _sqlite_code(error) == sqlite3.SQLITE_FULL
    return getattr(_driver_error(error), "sqlstate", None) in _FULL_STATES


def check_database(where: Address) -> None:
    """Refuse what would fail later with a riddle: an old server, a folder that is not there."""
    if where.is_sqlite and not where.path.parent.is_dir():
        raise ArchiveError(
            f"there is no archive at {where.shown}, nor the folder it would be in; presswatch run makes the usual one, another has to be created"
        )


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite library in use."""
    return tuple(int(part) for part in sqlite_module().sqlite_version.split("."))


def is_safe_sqlite() -> bool:
    """Whether this SQLite is free of the WAL-reset bug."""
    version = sqlite_version()
    return version >= SAFE_SQLITE or (version[:2] in {(3, 50), (3, 44)} and version >= {50: (3, 50, 7), 44: (3, 44, 6)}[version[1]])
