"""The schema's revisions: make, check, back up before and upgrade; refuse what a newer version wrote."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import monitor
from monitor.archive import backup, months, search, takeover
from monitor.archive.columns import stamp
from monitor.archive.engine import Address, sqlite_module, told, writer_engine
from monitor.archive.lock import HOLDER_KEY, HolderLock
from monitor.archive.tx import Tx
from monitor.clock import Clock
from monitor.errors import ArchiveBusy, ArchiveError, ArchiveFull, WrongRevision

UPGRADE_KEY = 0x50_72_65_73_74
"""Of the advisory lock that lets one upgrade run at a time on PostgreSQL."""
OLDEST_POSTGRES = 15
_MONTHS = "0006"
"""The revision from which articles lie in months on PostgreSQL."""
Grants = tuple[tuple[str, str], ...]
_GRANTS = sa.text(
    "SELECT table_name, grantee FROM information_schema.role_table_grants WHERE table_schema = current_schema()"
    " AND privilege_type = 'SELECT' AND grantee <> current_user AND table_name LIKE 'v\\_%' ORDER BY table_name, grantee"
)
_VIEWS = Path(__file__).with_name("views.sql")


def script_location() -> Path:
    """Where the revisions are: inside the installed package, or beside it in a checkout."""
    package = Path(monitor.__file__).parent
    for folder in (package / "_alembic", package.parent / "alembic"):
        if (folder / "env.py").is_file():
            return folder
    raise ArchiveError(f"the revisions of the archive are missing beside {package}; install presswatch again")


def settings(connection: sa.Connection | None = None) -> Config:
    """Make alembic's settings without any file."""
    made = Config()
    made.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def head() -> str:
    """Return the revision this version writes."""
    found = ScriptDirectory.from_config(settings()).get_current_head()
    assert found is not None
    return found


def known() -> tuple[str, ...]:
    """Return every revision this version knows, the oldest first."""
    return tuple(r.revision for r in reversed(list(ScriptDirectory.from_config(settings()).walk_revisions())))


def current(where: Address) -> str | None:
    """Return the archive's revision; None where there is no schema yet."""
    if where.is_sqlite and not where.path.exists():
        return None
    engine = writer_engine(where)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    except sa.exc.DBAPIError as error:
        raise told(error, where) from error
    finally:
        engine.dispose()


def ready(where: Address, *, clock: Clock, create: bool, is_held: bool) -> None:
    """See that the schema is ours: make or upgrade a SQLite file, only check PostgreSQL; ``is_held`` says that we have the lock."""
    found = current(where)
    if found is None and not create:
        raise ArchiveError(f"there is no archive at {where.shown}; presswatch run makes one, presswatch db upgrade too")
    _refuse_newer(where, found)
    if found == head() and _has_our_views(where):
        return
    if where.is_sqlite:
        upgrade(where, now=clock.now(), is_held=is_held)
        return
    raise WrongRevision(
        f"the archive {where.shown} is at revision {found or 'none'}, this version writes {head()}; nothing was changed. Run: presswatch db upgrade"
    )


def upgrade(where: Address, *, now: datetime, report: Callable[[str], None] = lambda _line: None, is_held: bool = False) -> Path | None:
    """Bring the schema and the views to this version in one transaction; return the backup copy of a SQLite file, if one was made.

    Killed half way it leaves the old schema: the next start begins again. Raises ArchiveBusy while a daemon holds a SQLite archive.
    """
    found = current(where)
    _refuse_newer(where, found)
    if not where.is_sqlite:
        if found is not None and found < _MONTHS:
            _take_over(where, report)
        _upgrade(where, now)
        report(f"{where.shown} is at revision {head()}")
        return None
    copy = None
    with _alone(where, is_held=is_held):
        _make_wal(where)
        if found is not None and found != head():
            copy = _copy(where, found, now)
            report(f"copied the archive to {copy}")
        try:
            _upgrade(where, now)
        except ArchiveFull:
            if copy is not None:
                copy.unlink(missing_ok=True)  # the old schema stands, and every further try would take the disk one copy more
            raise
    report(f"{where.shown} is at revision {head()}")
    return copy


@contextmanager
def _alone(where: Address, *, is_held: bool) -> Iterator[None]:
    """Hold the daemon's lock, unless the caller does already."""
    if is_held:
        yield
        return
    lock = HolderLock(where.path)
    lock.take()
    try:
        yield
    finally:
        lock.release()


def _take_over(where: Address, report: Callable[[str], None]) -> None:
    """Prepare an archive for its months beside whoever writes to it, then ask for it alone: older versions cannot write to what it becomes."""
    engine = writer_engine(where)
    try:
        takeover.prepare(engine, progress=lambda done, total: report(f"keys of articles: {done:,} of {total:,}"))
        with engine.begin() as connection:
            if not connection.scalar(sa.text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": HOLDER_KEY}):
                raise ArchiveBusy(
                    f"the archive {where.shown} is prepared, and a daemon holds it; end every daemon on it and run presswatch db upgrade again:"
                    " what is left takes a moment"
                )
    except sa.exc.DBAPIError as error:
        raise told(error, where) from error
    finally:
        engine.dispose()


def _upgrade(where: Address, now: datetime) -> None:
    engine = writer_engine(where)
    try:
        with engine.connect() as connection, connection.begin():
            if not where.is_sqlite:
                _check_server(connection)
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_KEY})
            grants = _drop_views(connection)
            is_new = _revision(connection) is None
            command.upgrade(settings(connection), "head")
            _make_views(connection, grants)
            tx = Tx(connection=connection, can_write=True)
            if is_new:
                search.finish_index(tx)
            if tx.is_postgres:
                months.ready(tx, now)
    except sa.exc.DBAPIError as error:
        raise told(error, where) from error
    finally:
        engine.dispose()


def _check_server(connection: sa.Connection) -> None:
    version = connection.dialect.server_version_info or (0,)
    if int(version[0]) < OLDEST_POSTGRES:
        raise ArchiveError(f"PostgreSQL {version[0]} is too old for the archive; use {OLDEST_POSTGRES} or newer")


def _refuse_newer(where: Address, found: str | None) -> None:
    if found is not None and found not in known():
        raise WrongRevision(
            f"the archive {where.shown} was written by a newer version (revision {found}, this one knows up to {head()}); "
            "nothing was changed. Install that version again, or restore a backup made before: presswatch db restore FILE"
        )


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _copy(where: Address, revision: str, now: datetime) -> Path:
    """Copy a SQLite archive beside itself before its schema changes; what a killed upgrade left of its copy goes."""
    for left in where.path.parent.glob(f"{where.path.name}.*.backup.part"):
        left.unlink()
    needed, free = where.path.stat().st_size, shutil.disk_usage(where.path.parent).free
    if free < needed:
        raise ArchiveFull(
            f"the upgrade first copies the archive {where.shown}, and for {needed / 1e9:.1f} GB there is no space beside it"
            f" ({free / 1e9:.1f} GB free); nothing was changed. Make space and start again"
        )
    target = where.path.with_name(f"{where.path.name}.{revision}.{stamp(now).replace(':', '')}.backup")
    backup.copy_still(where.path, target)
    return target


def check_revision(path: Path) -> None:
    """Refuse a SQLite file that is no archive of ours, or of a newer version."""
    where = Address.of_file(path)
    found = current(where)
    if found is None:
        raise ArchiveError(f"{path} holds no archive of Presswatch; nothing was changed")
    _refuse_newer(where, found)


def _make_wal(where: Address) -> None:
    connection = sqlite_module().connect(str(where.path), isolation_level=None)
    try:
        connection.execute("PRAGMA busy_timeout=10000")
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


# ---- views: made anew whenever their text changes, so that no revision repeats them


def view_statements() -> tuple[str, ...]:
    """Return the statements of views.sql, comments dropped."""
    lines = (line for line in _VIEWS.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("--"))
    return tuple(s.strip() for s in "\n".join(lines).split(";") if s.strip())


def view_names() -> tuple[str, ...]:
    """Return the names of the public views, in the order they are made."""
    return tuple(statement.split()[2] for statement in view_statements())


def _digest() -> str:
    return hashlib.sha256("\n".join(view_statements()).encode()).hexdigest()


def _has_our_views(where: Address) -> bool:
    engine = writer_engine(where)
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(sa.text("SELECT value FROM meta WHERE key = 'views'")) == _digest())
    finally:
        engine.dispose()


def _drop_views(connection: sa.Connection) -> Grants:
    """Drop the views that an upgrade of ours made, the last one first; return who could read them.

    A view that somebody built upon ours makes PostgreSQL refuse, with its name: we drop nothing that is not ours.
    """
    if not sa.inspect(connection).has_table("meta"):
        return ()
    grants = () if connection.dialect.name == "sqlite" else tuple((row[0], row[1]) for row in connection.execute(_GRANTS))
    names = connection.scalar(sa.text("SELECT value FROM meta WHERE key = 'view_names'")) or ""
    for name in reversed(names.split()):
        connection.exec_driver_sql(f"DROP VIEW {name}")
    return grants


def _make_views(connection: sa.Connection, grants: Grants) -> None:
    is_postgres = connection.dialect.name == "postgresql"
    for statement in view_statements():
        connection.exec_driver_sql(statement.replace("%", "%%") if is_postgres else statement)
    made = set(view_names())
    for view, role in grants:
        if view in made:
            connection.exec_driver_sql(f"GRANT SELECT ON {view} TO {connection.dialect.identifier_preparer.quote(role)}")
    for key, value in (("views", _digest()), ("view_names", " ".join(view_names()))):
        connection.execute(sa.text("DELETE FROM meta WHERE key = :key"), {"key": key})
        connection.execute(sa.text("INSERT INTO meta (key, value) VALUES (:key, :value)"), {"key": key, "value": value})
