"""The writer thread: whatever is queued becomes one transaction, each item in its own savepoint."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog

from monitor.archive.engine import Address, ends_transaction, is_passing, told
from monitor.archive.ready import Ready
from monitor.archive.tx import Tx
from monitor.errors import ArchiveBusy, ArchiveError

T = TypeVar("T")
Work = Callable[[Tx], Any]

MAX_BATCH = 100
PATIENCE_S = 60.0
"""How long a batch is tried again while the database is away or locked, before its callers hear of it."""
_BACK_OFF_S = (0.05, 0.2, 0.5, 1.0, 2.0)

_log = structlog.get_logger("presswatch.archive")


@dataclass(slots=True, kw_only=True)
class _Item:
    work: Work
    future: Future[Any]
    is_last: bool = False
    result: Any = None
    error: BaseException | None = None

    def __enter__(self) -> None:
        self.result = self.error = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Keep whatever the work raised for its caller: the next item of the batch must not suffer."""
        self.error = error
        return True

    def settle(self) -> None:
        """Tell the caller; only after the commit."""
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writer:
    """Owns the one writing connection and the thread that uses it.

    The queue needs no bound of its own: every caller waits for its commit, so it is as long as there are callers.
    ``at_point`` is called with "before commit" and "after commit"; drills die there.
    """

    def __init__(
        self, engine: sa.Engine, where: Address, *, prepare: Callable[[sa.Connection], None], at_point: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._where = where
        self._prepare = prepare
        self._at_point = at_point
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._connection: sa.Connection | None = None
        self._closing = threading.Event()
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._live, name="archive-writer", daemon=True)
        self._is_started = False
        self._trying_since: float | None = None

    def submit(self, work: Callable[[Tx], T], *, last: bool = False) -> Future[T]:
        """Queue work; the future ends when its transaction is durable. ``last`` puts it behind everything else of its batch."""
        future: Future[T] = Future()
        with self._gate:
            if self._closing.is_set():
                raise ArchiveError("the archive is closed")
            if not self._is_started:
                self._thread.start()
                self._is_started = True
            self._queue.put(_Item(work=work, future=future, is_last=last))
        return future

    @property
    def trying_s(self) -> float:
        """How long the try in hand has taken, 0 where there is none; endless for a thread that died."""
        if self._is_started and not self._thread.is_alive():
            return math.inf
        since = self._trying_since
        return 0.0 if since is None else time.monotonic() - since

    def connect(self) -> None:
        """Open the connection now, so that a refusal is heard at the start."""
        self._open()

    def close(self) -> None:
        """Write what is queued, then stop."""
        with self._gate:
            self._closing.set()
            self._queue.put(None)
        if self._is_started:
            self._thread.join()
        self._drop()
        self._engine.dispose()

    def _live(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, is_last = self._gather(first)
            running = [item for item in batch if item.future.set_running_or_notify_cancel()]
            running.sort(key=lambda item: item.is_last)
            self._settle(running)
            if is_last:
                return

    def _gather(self, first: _Item) -> tuple[list[_Item], bool]:
        batch = [first]
        while len(batch) < MAX_BATCH:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _settle(self, batch: Sequence[_Item]) -> None:
        started, tries = time.monotonic(), 0
        while batch:
            self._trying_since = time.monotonic()
            try:
                self._commit(batch)
                break
            except (sa.exc.DBAPIError, OSError, ArchiveError) as error:
                self._drop()
                waited = time.monotonic() - started
                if not self._is_worth_waiting(error, waited):
                    _fail(batch, told(error, self._where))
                    break
                if tries == 0 or tries % 20 == 0:
                    _log.warning("archive write waits", reason=str(told(error, self._where)), duration_s=round(waited, 1))
                self._closing.wait(_BACK_OFF_S[min(tries, len(_BACK_OFF_S) - 1)])
                tries += 1
        self._trying_since = None
        for item in batch:
            item.settle()

    def _is_worth_waiting(self, error: Exception, waited_s: float) -> bool:
        passes = isinstance(error, ArchiveBusy) or (
            isinstance(error, sa.exc.DBAPIError) and is_passing(error)
        )  # busy: our dead session lingers
        return passes and waited_s < PATIENCE_S and not self._closing.is_set()

    def _commit(self, batch: Sequence[_Item]) -> None:
        connection = self._open()
        tx = Tx(connection=connection, can_write=True)
        with connection.begin():
            for item in batch:
                _run(tx, item)
            tx.finish()
            self._at_point("before commit")
        self._at_point("after commit")

    def _open(self) -> sa.Connection:
        if self._connection is None:
            connection = self._engine.connect()
            with ExitStack() as undo:
                undo.callback(_forget, connection)
                self._prepare(connection)
                undo.pop_all()
            self._connection = connection
        return self._connection

    def _drop(self) -> None:
        """Forget the connection: after an error of the disk or the server nothing it says is believed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            _forget(connection)


def _forget(connection: sa.Connection) -> None:
    connection.invalidate()
    connection.close()


def _run(tx: Tx, item: _Item) -> None:
    """Run one item so that it fails alone, unless the transaction itself is gone."""
    before = len(tx.ending)
    tx.do(_SAVE)
    with item:
        item.result = item.work(tx)
    if isinstance(item.error, sa.exc.DBAPIError) and ends_transaction(item.error):
        raise item.error
    if item.error is not None:
        tx.do(_UNDO)
        del tx.ending[before:]
    tx.do(_KEEP)


_SAVE = Ready(lambda _: sa.text("SAVEPOINT item"))
_KEEP = Ready(lambda _: sa.text("RELEASE SAVEPOINT item"))
_UNDO = Ready(lambda _: sa.text("ROLLBACK TO SAVEPOINT item"))


def _fail(batch: Sequence[_Item], error: ArchiveError) -> None:
    for item in batch:
        item.result, item.error = None, error
