"""A connection beside the writer's, for what must not stand behind it: small statements, each by itself, that wait for no disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from monitor.archive.archive import Archive
from monitor.archive.engine import told, writer_engine

PATIENCE_S: Final = 60.0
"""How long a statement is tried again while the server is away."""
AGAIN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Asked:
    statement: str
    values: Mapping[str, Any]
    answer: asyncio.Future[Any]


class Aside:
    """Runs statements of the driver's own notation in the order they are asked, in a thread of its own.

    Those asked in one turn of the loop go to the thread together: handing over costs as much as a statement does. Needs the running loop.
    """

    def __init__(self, archive: Archive, monotonic: Callable[[], float]) -> None:
        self._where = archive.where
        self._monotonic = monotonic
        self._engine = writer_engine(archive.where)
        self._connection: Any = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="archive-aside")
        self._asked: list[_Asked] = []

    async def ask(self, statement: str, values: Mapping[str, Any]) -> Any:
        """Return the first row, trying again and again while the server is away; raises ArchiveError when it stays away."""
        started = self._monotonic()
        while isinstance(found := await self.once(statement, values), Exception):
            if self._monotonic() - started > PATIENCE_S:
                raise told(found, self._where) from found
            await asyncio.sleep(AGAIN_S)
        return found

    def once(self, statement: str, values: Mapping[str, Any]) -> asyncio.Future[Any]:
        """The first row, or the driver's error, of one try."""
        loop = asyncio.get_running_loop()
        asked = _Asked(statement, values, loop.create_future())
        if not self._asked:
            loop.call_soon(self._hand_over, loop)
        self._asked.append(asked)
        return asked.answer

    async def close(self) -> None:
        """Run what was asked, and let the connection go."""
        if self._asked:
            self._hand_over(asyncio.get_running_loop())
        await asyncio.to_thread(self._thread.shutdown)
        self._drop()
        self._engine.dispose()

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        asked, self._asked = self._asked, []
        if asked:
            self._thread.submit(self._run, asked, loop)

    def _run(self, asked: Sequence[_Asked], loop: asyncio.AbstractEventLoop) -> None:
        found = [self._try(one.statement, one.values) for one in asked]
        loop.call_soon_threadsafe(_answer, asked, found)

    def _try(self, statement: str, values: Mapping[str, Any]) -> Any:
        try:
            if self._connection is None:
                self._connection = self._open()
            cursor = self._connection.execute(statement, values)
            return cursor.fetchone() if cursor.description else None
        except (self._engine.dialect.loaded_dbapi.Error, sa.exc.DBAPIError) as error:
            self._drop()
            return error

    def _open(self) -> Any:
        raw = self._engine.raw_connection()
        connection: Any = raw.driver_connection
        raw.detach()
        connection.autocommit = True
        connection.execute("SET synchronous_commit = off")
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _answer(asked: Sequence[_Asked], found: Sequence[Any]) -> None:
    for one, answer in zip(asked, found, strict=True):
        if not one.answer.done():  # who asked may have been called back
            one.answer.set_result(answer)
