"""The archive as the other rooms hold it: opened once, written by one thread, read by a few."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from monitor.archive import migrate
from monitor.archive.engine import Address, address, check_database, is_passing, reader_engine, sqlite_module, told, writer_engine
from monitor.archive.health import check_file
from monitor.archive.lock import HOLDER_KEY, HolderLock
from monitor.archive.tx import Tx
from monitor.archive.writer import Writer
from monitor.clock import Clock
from monitor.errors import ArchiveBusy

T = TypeVar("T")

READERS = 4
CHECK_S = 1.0
"""How long a start may read through a SQLite file for damage; a daily ``verify`` reads all of it."""
NODE_IDLE_S = 10
"""How long a node may do nothing in the middle of a transaction: frozen there, it keeps the story lock from all others."""


def _pass_by(_point: str) -> None:
    """Do nothing at a named point."""


class Archive:
    """One archive, SQLite or PostgreSQL.

    ``write`` runs a function in the writer's transaction and returns once it is durable; ``read`` runs one in a reader thread.
    ``read_now`` and ``write_now`` do the same in the calling thread: for the command line, beside a running daemon if need be.
    """

    def __init__(
        self,
        where: Address,
        *,
        clock: Clock,
        prepare: Callable[[sa.Connection], None],
        lock: HolderLock | None,
        at_point: Callable[[str], None],
    ) -> None:
        self.where = where
        self.clock = clock
        self._lock = lock
        self._writing = writer_engine(where)
        self._reading = reader_engine(where, size=READERS)
        self._writer = Writer(writer_engine(where), where, prepare=prepare, at_point=at_point)
        self._readers = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="archive-read")

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: Clock,
        create: bool = True,
        hold: bool = False,
        node: str | None = None,
        at_point: Callable[[str], None] = _pass_by,
    ) -> Archive:
        """Open an archive and see that its schema is ours.

        A SQLite file is made where there is none (``create``) and upgraded after a backup copy; PostgreSQL is upgraded only by
        ``presswatch db upgrade``. ``hold`` takes the daemon's lock, as ``node`` beside other nodes. Raises ArchiveBusy, WrongRevision or ArchiveError.
        """
        where = address(url)
        check_database(where)
        with ExitStack() as undo:
            lock = HolderLock(where.path) if hold and where.is_sqlite else None
            if lock is not None:
                lock.take()
                undo.callback(lock.release)
            prepare = _leave if not hold or where.is_sqlite else _hold if node is None else partial(_share, node=node)
            archive = cls._opened(where, clock=clock, create=create, prepare=prepare, lock=lock, at_point=at_point)
            undo.pop_all()
        return archive

    @classmethod
    def _opened(
        cls,
        where: Address,
        *,
        clock: Clock,
        create: bool,
        prepare: Callable[[sa.Connection], None],
        lock: HolderLock | None,
        at_point: Callable[[str], None],
    ) -> Archive:
        try:
            if lock is not None and where.path.exists():
                check_file(where, budget_s=CHECK_S)
            migrate.ready(where, clock=clock, create=create, is_held=lock is not None)
            archive = cls(where, clock=clock, prepare=prepare, lock=lock, at_point=at_point)
            if prepare is not _leave:
                archive._writer.connect()
        except (sa.exc.DBAPIError, sqlite_module().Error, OSError) as error:
            raise told(error, where) from error
        return archive

    @property
    def writing_s(self) -> float:
        """How long the writer has been at its present try: a watchdog's question."""
        return self._writer.trying_s

    async def write(self, work: Callable[[Tx], T], *, last: bool = False) -> T:
        """Run ``work`` in the writer's transaction; return once it is committed.

        What assigns stories goes ``last`` in its batch: whoever has the lock that all nodes share then waits for nobody who waits for it.
        """
        return await asyncio.wrap_future(self._writer.submit(work, last=last))

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` in a reader thread, on one snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, work)

    def read_now(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` on one snapshot, here and now; tried once more where the connection had gone stale."""
        try:
            return self._read_once(work)
        except sa.exc.DBAPIError as error:
            if not is_passing(error):
                raise told(error, self.where) from error
        try:
            return self._read_once(work)
        except sa.exc.DBAPIError as error:
            raise told(error, self.where) from error

    def write_now(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` in a transaction of its own, here and now."""
        try:
            with self._writing.connect() as connection, connection.begin():
                tx = Tx(connection=connection, can_write=True)
                done = work(tx)
                tx.finish()
                return done
        except (sa.exc.OperationalError, OSError) as error:
            raise told(error, self.where) from error

    def outside(self, statement: str) -> None:
        """Run what must not stand in a transaction: ANALYZE, a checkpoint."""
        try:
            connection = self._writing.raw_connection()
        except sa.exc.DBAPIError as error:
            raise told(error, self.where) from error
        try:
            driver: Any = connection.driver_connection
            if not self.where.is_sqlite:
                driver.autocommit = True
            driver.execute(statement)
        except self._writing.dialect.loaded_dbapi.Error as error:
            raise told(error, self.where) from error
        finally:
            connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[Tx]:
        """Keep one snapshot open while rows are streamed from it."""
        with self._reading.connect() as connection, connection.begin():
            yield Tx(connection=connection, can_write=False)

    def close(self) -> None:
        """Write what is queued, then let everything go."""
        self._writer.close()
        self._readers.shutdown()
        self._reading.dispose()
        self._writing.dispose()
        if self._lock is not None:
            self._lock.release()

    def _read_once(self, work: Callable[[Tx], T]) -> T:
        with self._reading.connect() as connection, connection.begin():
            return work(Tx(connection=connection, can_write=False))


def _leave(_connection: sa.Connection) -> None:
    """Take no lock: the file's lock is taken, or several nodes share the database."""


def _hold(connection: sa.Connection) -> None:
    """Take the daemon's advisory lock in this session."""
    _lock(connection, "pg_try_advisory_lock", HOLDER_KEY, "End that daemon, or give this one its own archive")


def _share(connection: sa.Connection, *, node: str) -> None:
    """Take it together with other nodes, which keeps a lone daemon out, and one more that no node of the same name may have."""
    _lock(connection, "pg_try_advisory_lock_shared", HOLDER_KEY, "Give it a role too, or give this one its own archive")
    key = int.from_bytes(hashlib.sha256(f"node {node}".encode()).digest()[:8], "big", signed=True)
    with connection.begin():
        connection.execute(sa.text(f"SET idle_in_transaction_session_timeout = '{NODE_IDLE_S}s'"))
    _lock(connection, "pg_try_advisory_lock", key, f"It is called {node} too: give this one another name with --node")


def _lock(connection: sa.Connection, take: str, key: int, remedy: str) -> None:
    with connection.begin():
        if connection.scalar(sa.text(f"SELECT {take}(:key)"), {"key": key}):
            return
        other = connection.scalar(
            sa.text(
                "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database()"
                " AND l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) + l.objid::bigint = :key LIMIT 1"
            ),
            {"key": key},
        )
    raise ArchiveBusy(f"another daemon holds the archive (PostgreSQL session {other}); this one stops. {remedy}")
