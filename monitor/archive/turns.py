"""Turns at hosts shared by many nodes: rows of ``hosts``, booked by the server's clock on a connection of their own."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.archive import Archive
from monitor.archive.aside import AGAIN_S, Aside
from monitor.archive.hosts import Host
from monitor.archive.tx import Tx
from monitor.archive.writes.hosts import hold_host
from monitor.clock import Clock, through_sleep

FRESH_S = 5.0
"""How long ago a node may have taken the host it is about to ask; then it asks first whether it has it still."""
_TELL_S = 0.1
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
    " RETURNING extract(epoch FROM hosts.next_at - {step} - now())::float, held_until, busy_by = %(by)s AND busy_until >= {later} - interval '1 ms',"
    " extract(epoch FROM {step})::float"
)
_AHEAD: Final = _statement("SELECT extract(epoch FROM {turn} - now())::float, held_until FROM hosts WHERE host = %(host)s")
# who comes late moves the turns that are not booked yet: they keep their distance from the request, not from the booking
_ENTER: Final = _statement(
    "UPDATE hosts SET busy_until = {later}, busy_by = %(by)s, next_at = greatest(hosts.next_at, now() + {step}) WHERE host = %(host)s AND {free}"
    " AND (held_until IS NULL OR held_until <= now()) RETURNING extract(epoch FROM {step})::float"
)
_CONFIRM: Final = _statement("UPDATE hosts SET busy_until = {later} WHERE host = %(host)s AND busy_by = %(by)s RETURNING true")
_LEAVE: Final = "UPDATE hosts SET busy_until = NULL, busy_by = NULL WHERE host = ANY(%(left)s) AND busy_by = %(by)s"


@dataclass(slots=True)
class _Taken:
    """A host that is ours: since when at the latest, when it was asked last, and how long after that nobody may ask it again."""

    asked_at: float
    sent_at: float
    step_s: float


class SharedHostRows:
    """``crawler.ports.HostSlots`` for many nodes on one PostgreSQL.

    A node that asks a host has its row until it leaves; one that is heard of no more keeps it for as long as a request of it may still be
    open: ``request_s`` at most, after a last look that was ``fresh_s`` old when it went out, and as much again to be sure. So nothing has
    to be said while a request is on its way, and a frozen node's is not met by another's. ``by`` names the node. ``is_live`` says whether
    it may ask anybody at all: one that lost its lease may not. Time runs on while the process or the machine sleeps. Turns need not
    survive a crash of the server, so they wait for no disk.
    """

    def __init__(
        self,
        archive: Archive,
        clock: Clock,
        *,
        by: str,
        request_s: float,
        fresh_s: float = FRESH_S,
        is_live: Callable[[], bool] = lambda: True,
        monotonic: Callable[[], float] = through_sleep,
    ) -> None:
        self._archive = archive
        self._clock = clock
        self._by = by
        self._fresh_s = fresh_s
        self._busy_s = request_s + 2 * fresh_s
        self._is_live = is_live
        self._monotonic = monotonic
        self._aside = Aside(archive, monotonic)
        self._inside: dict[str, _Taken] = {}
        self._asking: set[str] = set()
        self._left: dict[str, float] = {}
        self._telling: asyncio.Task[None] | None = None
        self._held: dict[str, datetime] = {}

    async def reserve(self, host: str, spacing_s: float, *, most_s: float = math.inf) -> float:
        """Book the next turn and return the seconds until it; one more than ``most_s`` away is not booked."""
        if not self._is_live():
            return _LOST_S
        most_s = min(most_s, 10 * 365 * 86_400.0)
        values = {"host": host, "spacing_s": spacing_s, "most_s": most_s, "by": self._by, "busy_s": self._busy_s}
        pause_s = self._left.get(host, 0.0) - self._monotonic()
        row, asked_at = await self._asked(host, _RESERVE, values)
        if row is None:
            wait_s, held = await self._aside.ask(_AHEAD, values) or (0.0, None)
            self._note(host, held)
            return max(float(wait_s), math.nextafter(most_s, math.inf))
        wait_s, held, is_ours, step_s = row
        self._note(host, held)
        if is_ours:
            self._take(host, asked_at, step_s)
        return max(float(wait_s) if wait_s > _SOON_S else 0.0, pause_s)

    async def enter(self, host: str, spacing_s: float) -> bool:
        """Take the host when nobody else has it; False where it was stopped meanwhile."""
        tries = 0
        if not self._is_live():
            await asyncio.sleep(AGAIN_S)  # whoever lost its lease is called back any moment
            return False
        while host not in self._inside:
            row, asked_at = await self._asked(host, _ENTER, {"host": host, "spacing_s": spacing_s, "by": self._by, "busy_s": self._busy_s})
            if row is not None:
                self._take(host, asked_at, row[0])
                break
            _, held = await self._aside.ask(_AHEAD, {"host": host}) or (0.0, None)
            if self._note(host, held):
                return False
            await asyncio.sleep(_LOOK_S[min(tries, len(_LOOK_S) - 1)])
            tries += 1
        return True

    async def confirm(self, host: str) -> bool:
        """Say whether the host is still ours for all of a request; the last thing this does is to look at the clock."""
        while (taken := self._inside.get(host)) is not None and self._is_live():
            taken.sent_at = self._monotonic()
            if taken.sent_at - taken.asked_at < self._fresh_s:
                return True
            asked_at = self._monotonic()
            found = await self._aside.once(_CONFIRM, {"host": host, "by": self._by, "busy_s": self._busy_s})
            if found is None or isinstance(found, Exception):  # another's, or a server that is away: a turn is waited for elsewhere
                self._inside.pop(host, None)
            else:
                self._take(host, asked_at, taken.step_s)
        return False

    def leave(self, host: str) -> None:
        """Let others ask the host, a tenth of a second from now, or once its spacing is over."""
        now, taken = self._monotonic(), self._inside.pop(host, None)
        self._left[host] = now if taken is None else max(taken.sent_at + taken.step_s, now)
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell(), name="turns-left")

    async def _tell(self) -> None:
        """Free what was left, all of it that is due in one statement, until nothing is left to free."""
        while self._left:
            await asyncio.sleep(_TELL_S)
            now = self._monotonic()
            due = {host: at for host, at in self._left.items() if at <= now and host not in self._asking}
            for host in due:
                del self._left[host]
            if due and isinstance(await self._aside.once(_LEAVE, {"left": sorted(due), "by": self._by}), Exception):
                self._left = {host: at for host, at in due.items() if host not in self._inside} | self._left
                await asyncio.sleep(AGAIN_S)
        self._telling = None

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
        if self._telling is not None:
            self._telling.cancel()
        left = sorted(self._left.keys() | self._inside.keys())
        if left:
            await self._aside.once(_LEAVE, {"left": left, "by": self._by})
        await self._aside.close()

    async def _asked(self, host: str, statement: str, values: dict[str, Any]) -> tuple[Any, float]:
        """Ask for a host; what is to be freed waits meanwhile, or it would free what this takes. Also tells when that was asked at last."""
        self._asking.add(host)
        try:
            asked_at = self._monotonic()
            return await self._aside.ask(statement, values), asked_at
        finally:
            self._asking.discard(host)

    def _take(self, host: str, asked_at: float, step_s: float) -> None:
        self._inside[host] = _Taken(asked_at, asked_at, step_s)
        self._left.pop(host, None)

    def _note(self, host: str, held: datetime | None) -> bool:
        """Remember until when a host is stopped; say whether it is."""
        if held is None or held <= self._clock.now():
            self._held.pop(host, None)
            return False
        self._held[host] = held
        return True
