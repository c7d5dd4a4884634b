"""Copies an archive while it is written to, and puts a copy back."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from monitor.archive.columns import stamp
from monitor.archive.engine import Address, sqlite_module, told
from monitor.archive.health import broken, damage
from monitor.archive.lock import HolderLock
from monitor.errors import ArchiveError

Progress = Callable[[int, int], None]
PAGES = 1_000
_QUICK = "PRAGMA quick_check(3)"
_ENDS = ("", "-wal", "-shm")
_CLEAR = """
DO $$ DECLARE view text; BEGIN
  IF to_regclass('meta') IS NOT NULL THEN
    FOR view IN SELECT v FROM meta, string_to_table(value, ' ') WITH ORDINALITY AS listed(v, n) WHERE key = 'view_names' ORDER BY n DESC LOOP
      EXECUTE format('DROP VIEW IF EXISTS %I', view);
    END LOOP;
  END IF;
END $$;
DROP TABLE IF EXISTS articles, article_texts, mentions, article_index;
"""
"""Our views, the last one first, and what lies in months; a view that somebody built upon ours stops it, and nothing is changed."""


def _say_nothing(_done: int, _all: int) -> None:
    """Report no progress."""


def copy(source: Path, target: Path, *, progress: Progress = _say_nothing) -> None:
    """Copy a SQLite file as it is at this moment, whoever writes to it meanwhile; the target appears whole or not at all."""
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    module = sqlite_module()
    with ExitStack() as undo:
        undo.callback(partial.unlink, missing_ok=True)
        with closing(module.connect(str(source), isolation_level=None)) as reader, closing(module.connect(str(partial))) as sink:
            reader.execute("PRAGMA busy_timeout=10000")
            reader.execute("BEGIN")  # one snapshot: a copy that starts anew at every write would never end
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reader.backup(sink, pages=PAGES, progress=lambda _status, left, total: progress(total - left, total))
            sink.execute("PRAGMA journal_mode=DELETE")
        undo.pop_all()
    _settle(partial, target)


def copy_still(source: Path, target: Path) -> None:
    """Copy a SQLite file byte by byte, several times faster: for whoever holds the daemon's lock, before its schema changes.

    The log is brought into the file and other writers wait; where a reader keeps the log from going, the slow way is taken.
    """
    partial, log = target.with_name(target.name + ".part"), source.with_name(source.name + "-wal")
    with closing(sqlite_module().connect(str(source), isolation_level=None)) as holder, ExitStack() as undo:
        holder.execute("PRAGMA busy_timeout=10000")
        holder.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        holder.execute("BEGIN IMMEDIATE")
        if log.exists() and log.stat().st_size > 0:
            holder.execute("ROLLBACK")
            copy(source, target)
            return
        undo.callback(partial.unlink, missing_ok=True)
        shutil.copyfile(source, partial)
        with closing(sqlite_module().connect(str(partial))) as copied:
            copied.execute("PRAGMA journal_mode=DELETE")
        undo.pop_all()
        holder.execute("ROLLBACK")
    _settle(partial, target)


def backup(where: Address, target: Path, *, progress: Progress = _say_nothing) -> Path:
    """Write a backup beside a running daemon: a SQLite file, or PostgreSQL's own custom format; check it, and return its path."""
    if target.exists():
        raise ArchiveError(f"{target} exists already; nothing was written. Name another file")
    if not target.absolute().parent.is_dir():
        raise ArchiveError(f"there is no folder {target.parent}; nothing was written. Make it, or name another file")
    if not where.is_sqlite:
        with _connection_string(where) as database:
            _tool("pg_dump", "--format=custom", f"--file={target}", f"--dbname={database}")
        return target
    if not where.path.exists():
        raise ArchiveError(f"there is no archive at {where.shown}")
    try:
        copy(where.path, target, progress=progress)
    except (sqlite_module().Error, OSError) as error:
        if "disk is full" in str(error) or getattr(error, "errno", None) == errno.ENOSPC:  # reading needs no space: it is the target's disk
            raise ArchiveError(f"no space left for {target}; nothing was written. Make room, or name a file on another disk") from error
        raise told(error, where) from error
    if problems := damage(Address.of_file(target), _QUICK):
        target.unlink()
        raise broken(where, problems)
    return target


def restore(where: Address, source: Path, *, now: datetime, check: Callable[[Path], None]) -> Path | None:
    """Put a backup in the archive's place; return where the old SQLite file now lies. No daemon may run.

    ``check`` refuses a backup of a revision this version does not know.
    """
    if not source.is_file():
        raise ArchiveError(f"there is no backup at {source}")
    if not where.is_sqlite:
        with _connection_string(where) as database:
            _put_back(database, source)
        return None
    _check(source)
    check(source)
    lock = HolderLock(where.path)
    lock.take()
    try:
        partial = where.path.with_name(where.path.name + ".restore")
        copy(source, partial)
        aside = _set_aside(where.path, now)
        _settle(partial, where.path)
        return aside
    finally:
        lock.release()


def _check(path: Path) -> None:
    problems = damage(Address.of_file(path), _QUICK)
    if problems:
        raise ArchiveError(f"the backup {path} is damaged ({'; '.join(problems)[:200]}); nothing was changed. Try an older one")


def _set_aside(path: Path, now: datetime) -> Path | None:
    """Keep the file that is replaced, with its log, for whoever restored the wrong one."""
    if not path.exists():
        return None
    aside = path.with_name(f"{path.name}.before-restore.{stamp(now).replace(':', '')}")
    for end in _ENDS:
        old = path.with_name(path.name + end)
        if old.exists():
            old.replace(aside.with_name(aside.name + end))
    return aside


def _settle(partial: Path, target: Path) -> None:
    """Let a file appear under its name only when it is on the disk."""
    for path in (partial, partial.parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    partial.replace(target)


@contextmanager
def _connection_string(where: Address) -> Iterator[str]:
    """The URL for PostgreSQL's tools, the password in a file only we can read: a command line is everybody's to read."""
    url = where.url.set(drivername="postgresql")
    if url.password is None:
        yield url.render_as_string(hide_password=False)
        return
    with tempfile.NamedTemporaryFile("w", prefix="presswatch-", suffix=".pgpass") as file:
        password = str(url.password).replace("\\", "\\\\").replace(":", "\\:")
        file.write(f"*:*:*:*:{password}\n")
        file.flush()
        bare = url._replace(password=None).update_query_dict({"passfile": file.name})
        yield bare.render_as_string(hide_password=False)


def _put_back(database: str, source: Path) -> None:
    """Restore a backup whole or not at all.

    Months go first, which ``pg_restore --clean`` cannot take apart: so its script goes through psql, in one transaction with that.
    """
    read = [_program("pg_restore"), "--clean", "--if-exists", "--no-owner", "--file=-", str(source)]
    write = [_program("psql"), "-Xq1", "--set=ON_ERROR_STOP=1", f"--dbname={database}", f"--command={_CLEAR}", "--file=-"]
    with tempfile.TemporaryFile() as said_by_reader, tempfile.TemporaryFile() as said_by_writer:
        reader = subprocess.Popen(read, stdout=subprocess.PIPE, stderr=said_by_reader)  # noqa: S603 - a fixed program of PostgreSQL
        writer = subprocess.Popen(write, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said_by_writer)  # noqa: S603 - the same
        assert reader.stdout is not None
        assert writer.stdin is not None
        with suppress(BrokenPipeError):  # it says itself why it ended
            shutil.copyfileobj(reader.stdout, writer.stdin)
        reader.stdout.close()
        if reader.wait() != 0 and writer.poll() is None:
            writer.kill()  # at the end of its input it would commit a half
        with suppress(BrokenPipeError):
            writer.stdin.close()
        if writer.wait() > 0:
            raise _failed("psql", said_by_writer)
        if reader.returncode != 0:
            raise _failed("pg_restore", said_by_reader)


def _failed(name: str, said: IO[bytes]) -> ArchiveError:
    said.seek(0)
    return ArchiveError(f"{name} failed, and nothing was changed: {' '.join(said.read().decode(errors='replace').split())[:400]}")


def _program(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise ArchiveError(f"{name} is not installed; install PostgreSQL's client programs (Debian: postgresql-client)")
    return program


def _tool(name: str, *arguments: str) -> None:
    done = subprocess.run([_program(name), *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - a fixed program of PostgreSQL
    if done.returncode != 0:
        raise ArchiveError(f"{name} failed: {' '.join(done.stderr.split())[:400]}")
