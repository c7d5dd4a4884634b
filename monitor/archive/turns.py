"""Turns at hosts shared by many nodes: rows of ``hosts``, booked by the server's clock on a connection of their own."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
import structlog

from monitor.archive import tables as t
from monitor.archive.archive import Archive
from monitor.archive.engine import told, writer_engine
from monitor.archive.hosts import Host
from monitor.archive.tx import Tx
from monitor.archive.writes.hosts import hold_host
from monitor.clock import Clock

_log = structlog.get_logger("presswatch.archive")

PATIENCE_S = 60.0
"""How long a turn is asked for again while the server is away."""
_AGAIN_S = 0.5
_TELL_S = 0.1
_TRUST = 0.75
"""Of ``busy_s`` a node believes in what it has taken; the others wait for all of it."""
_LOOK_S = (0.05, 0.1, 0.2, 0.4)
_SOON_S = 0.001
_LOST_S = 3600.0
"""What a node that lost its lease is told of every turn: it is not to ask anybody anything."""

_PARTS: Final = {
    "{step}": (
        "make_interval(secs => %(spacing_s)s * (1 + (hosts.slowness - 1)"
        " * greatest(0, 1 - extract(epoch FROM now() - coalesce(hosts.slowed_at, now())) / 86400)))"
    ),
    "{turn}": "greatest(hosts.next_at, hosts.held_until, now())",
    "{free}": "(hosts.busy_until IS NULL OR hosts.busy_until <= now() OR hosts.busy_by = %(by)s)",
    "{soon}": "now() + interval '1 ms'",  # times are kept to the millisecond, and rounded up too
    "{later}": "now() + make_interval(secs => %(busy_s)s)",
}


def _statement(text: str) -> str:
    for name, part in _PARTS.items():
        text = text.replace(name, part)
    return text


_RESERVE: Final = _statement(
    "INSERT INTO hosts (host, next_at, slowness, busy_until, busy_by)"
    " VALUES (%(host)s, now() + make_interval(secs => %(spacing_s)s), 1, {later}, %(by)s)"
    " ON CONFLICT (host) DO UPDATE SET next_at = {turn} + {step},"
    " busy_until = CASE WHEN {turn} <= {soon} AND {free} THEN {later} ELSE hosts.busy_until END,"
    " busy_by = CASE WHEN {turn} <= {soon} AND {free} THEN %(by)s ELSE hosts.busy_by END"
    " WHERE {turn} <= now() + make_interval(secs => %(most_s)s)"
    " RETURNING extract(epoch FROM hosts.next_at - {step} - now())::float, held_until, busy_by = %(by)s AND busy_until >= {later} - interval '1 ms'"
)
_AHEAD: Final = _statement("SELECT extract(epoch FROM {turn} - now())::float, held_until FROM hosts WHERE host = %(host)s")
_ENTER: Final = _statement(
    "UPDATE hosts SET busy_until = {later}, busy_by = %(by)s WHERE host = %(host)s AND {free}"
    " AND (held_until IS NULL OR held_until <= now()) RETURNING true"
)
_LEAVE: Final = "UPDATE hosts SET busy_until = NULL, busy_by = NULL WHERE host = ANY(%(left)s) AND busy_by = %(by)s"
_STAY: Final = _statement("UPDATE hosts SET busy_until = {later} WHERE host = ANY(%(inside)s) AND busy_by = %(by)s")


class SharedHostRows:
    """``crawler.ports.HostSlots`` for many nodes on one PostgreSQL.

    A node that asks a host has its row until it leaves or is silent for ``busy_s``; ``by`` names it. ``is_live`` says whether the node may
    still ask anybody: one that lost its lease may not. Turns need not survive a crash of the server, so they wait for no disk.
    """

    def __init__(self, archive: Archive, clock: Clock, *, by: str, busy_s: float, is_live: Callable[[], bool] = lambda: True) -> None:
        self._archive = archive
        self._clock = clock
        self._by = by
        self._busy_s = busy_s
        self._is_live = is_live
        self._inside: dict[str, float] = {}
        self._left: set[str] = set()
        self._telling: asyncio.TimerHandle | None = None
        self._held: dict[str, datetime] = {}
        self._engine = writer_engine(archive.where)
        self._connection: Any = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="archive-turns")

    async def reserve(self, host: str, spacing_s: float, *, most_s: float = math.inf) -> float:
        """Book the next turn and return the seconds until it; one more than ``most_s`` away is not booked."""
        if not self._is_live():
            return _LOST_S
        self._left.discard(host)
        most_s = min(most_s, 10 * 365 * 86_400.0)
        values = {"host": host, "spacing_s": spacing_s, "most_s": most_s, "by": self._by, "busy_s": self._busy_s}
        asked_at = self._clock.monotonic()
        row = await self._ask(_RESERVE, values)
        if row is None:
            wait_s, held = await self._ask(_AHEAD, values) or (0.0, None)
            self._note(host, held)
            self._free(host)
            return max(float(wait_s), math.nextafter(most_s, math.inf))
        wait_s, held, is_ours = row
        self._note(host, held)
        if is_ours:
            self._inside[host] = asked_at
        return float(wait_s) if wait_s > _SOON_S else 0.0

    async def enter(self, host: str) -> bool:
        """Take the host when nobody else has it; False where it was stopped meanwhile."""
        tries = 0
        if not self._is_live():
            self.leave(host)
            await asyncio.sleep(_AGAIN_S)  # whoever lost its lease is called back any moment
            return False
        while host not in self._inside:
            asked_at = self._clock.monotonic()
            if await self._ask(_ENTER, {"host": host, "by": self._by, "busy_s": self._busy_s}) is not None:
                self._inside[host] = asked_at
                break
            _, held = await self._ask(_AHEAD, {"host": host}) or (0.0, None)
            if self._note(host, held):
                return False
            await asyncio.sleep(_LOOK_S[min(tries, len(_LOOK_S) - 1)])
            tries += 1
        return True

    def has(self, host: str) -> bool:
        """Whether the host is still this node's: one that slept over its time does not know who asks it now."""
        taken_at = self._inside.get(host)
        return taken_at is not None and self._is_live() and self._clock.monotonic() - taken_at < self._busy_s * _TRUST

    def leave(self, host: str) -> None:
        """Let others ask the host, a tenth of a second from now; a node that cannot say so is believed gone after a while."""
        if host not in self._inside:
            return
        del self._inside[host]
        self._free(host)

    def _free(self, host: str) -> None:
        self._left.add(host)
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_TELL_S, self._tell)

    def _tell(self) -> None:
        """Free every host that was left since the last time, in one statement."""
        self._telling = None
        left, self._left = sorted(self._left), set()
        if left:
            self._thread.submit(self._try, _LEAVE, {"left": left, "by": self._by})

    async def stay(self) -> None:
        """Say of every host that is still being asked that it is; to be called a few times in ``busy_s``."""
        if not self._inside or not self._is_live():
            return
        inside, asked_at = list(self._inside), self._clock.monotonic()
        await self._ask(_STAY, {"inside": inside, "by": self._by, "busy_s": self._busy_s})
        self._inside |= {host: asked_at for host in inside if self.has(host)}

    async def hold(self, host: str, until: datetime, reason: str) -> None:
        """Stop a host until a time and double its spacing; a shorter hold never shortens a longer one."""
        now = self._clock.now()

        def lengthen(tx: Tx) -> datetime:
            row = tx.row(sa.select(t.hosts).where(t.hosts.c.host == host).with_for_update())
            known = Host()
            if row is not None:
                known.held_until, known.slowness, known.slowed_at = row["held_until"], row["slowness"], row["slowed_at"]
            known.stop(until, now)
            held = known.held_until or until
            hold_host(tx, host, held, reason, known.slowness, now)
            return held

        self._held[host] = await self._archive.write(lengthen)

    async def held_until(self, host: str) -> datetime | None:
        """Until when the host is stopped, as far as this node has heard; every turn it books tells it anew."""
        until = self._held.get(host)
        return until if until is not None and until > self._clock.now() else None

    async def close(self) -> None:
        """Say goodbye to every host and let the connection go."""
        self._left |= self._inside.keys()
        if self._telling is not None:
            self._telling.cancel()
        self._tell()
        await asyncio.to_thread(self._thread.shutdown)
        self._drop()
        self._engine.dispose()

    def _note(self, host: str, held: datetime | None) -> bool:
        """Remember until when a host is stopped; say whether it is."""
        if held is None or held <= self._clock.now():
            self._held.pop(host, None)
            return False
        self._held[host] = held
        return True

    async def _ask(self, statement: str, values: Mapping[str, Any]) -> Any:
        """Run one statement beside the loop, again and again while the server is away."""
        started = self._clock.monotonic()
        while True:
            found = await asyncio.wrap_future(self._thread.submit(self._try, statement, values))
            if not isinstance(found, Exception):
                return found
            if self._clock.monotonic() - started > PATIENCE_S:
                raise told(found, self._archive.where) from found
            await asyncio.sleep(_AGAIN_S)

    def _try(self, statement: str, values: Mapping[str, Any]) -> Any:
        """Return the first row, or the driver's error."""
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
