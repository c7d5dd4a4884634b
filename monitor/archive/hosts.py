"""Implements what the crawler asks of outside: robots.txt copies, and turns at hosts, first come, first served."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import sqlalchemy as sa

from crawler.ports import RobotsCopy
from monitor.archive import tables as t
from monitor.archive.archive import Archive
from monitor.archive.ready import Ready
from monitor.archive.tx import Tx
from monitor.archive.writes.hosts import hold_host, put_turns, store_robots
from monitor.clock import Clock

KEEP_EVERY_S = 1.0
MOST_ROBOTS = 32 * 1024 * 1024
_COPY_COST = 1_000
"""What a copy of robots.txt takes beside its text."""
MAX_SLOWNESS = 16.0
LONGEST_TURN_S = 120.0
"""What a restart believes of a remembered turn: a clock that was set back must not silence a host for years."""
DECAY_S = 24 * 3600.0
"""A host that asked us to wait is asked at a stretched spacing, which falls back to its own over a day."""


class RobotsRows:
    """``crawler.ports.Robots`` on the archive.

    The copies last asked for are kept in memory too, up to ``most`` characters: every poll asks, and a copy changes once a day.
    """

    def __init__(self, archive: Archive, *, most: int = MOST_ROBOTS) -> None:
        self._archive = archive
        self._most = most
        self._kept: dict[str, RobotsCopy] = {}  # the one asked for longest ago first
        self._size = 0

    async def load(self, host: str) -> RobotsCopy | None:
        """The copy kept for an origin, however old."""
        copy = self._kept.get(host) or await self._archive.read(lambda tx: _copy(tx, host))
        if copy is not None:
            self._keep(copy)
        return copy

    async def store(self, copy: RobotsCopy) -> None:
        """Keep a copy; returns once it is durable."""
        await self._archive.write(lambda tx: store_robots(tx, copy))
        self._keep(copy)

    def _keep(self, copy: RobotsCopy) -> None:
        before = self._kept.pop(copy.host, None)
        self._kept[copy.host] = copy
        self._size += _weight(copy) - (_weight(before) if before else 0)
        while self._size > self._most:
            self._size -= _weight(self._kept.pop(next(iter(self._kept))))


def _weight(copy: RobotsCopy) -> int:
    return len(copy.body) + _COPY_COST


def _copy(tx: Tx, origin: str) -> RobotsCopy | None:
    r = t.robots.c
    row = tx.row(sa.select(t.robots).where(r.origin == origin))
    if row is None:
        return None
    return RobotsCopy(
        host=row["origin"],
        state=row["state"],
        body=row["body"],
        fetched_at=row["fetched_at"],
        good_at=row["good_at"],
        error=row["error"],
    )


class _Host:
    """What is known of one host: when its next turn is, until when it is held, how much its spacing is stretched."""

    __slots__ = ("held_until", "next_at", "slowed_at", "slowness")

    def __init__(self) -> None:
        self.next_at = 0.0  # monotonic
        self.held_until: datetime | None = None
        self.slowness = 1.0
        self.slowed_at: datetime | None = None

    def stretch(self, now: datetime) -> float:
        """The factor on the spacing now, falling in a straight line to 1."""
        if self.slowed_at is None:
            return 1.0
        left = 1.0 - (now - self.slowed_at).total_seconds() / DECAY_S
        return 1.0 + (self.slowness - 1.0) * min(max(left, 0.0), 1.0)


class HostRows:
    """``crawler.ports.HostSlots`` for one daemon: turns are given in memory and remembered in ``hosts``.

    Holds are durable before they are acknowledged; turns at most a second late, which no restart is quick enough to notice.
    """

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._archive = archive
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._moved: set[str] = set()
        self._kept_at = clock.monotonic()
        self._loading: asyncio.Lock = asyncio.Lock()
        self._is_loaded = False

    async def reserve(self, host: str, spacing_s: float) -> float:
        """Book the next turn and return the seconds until it."""
        await self._load()
        known = self._hosts.setdefault(host, _Host())
        now, tick = self._clock.now(), self._clock.monotonic()
        turn = max(known.next_at, tick)
        if known.held_until is not None and known.held_until > now:
            turn = max(turn, tick + (known.held_until - now).total_seconds())
        known.next_at = turn + spacing_s * known.stretch(now)
        self._moved.add(host)
        if tick - self._kept_at >= KEEP_EVERY_S:
            await self._keep(now, tick)
        return turn - tick

    async def hold(self, host: str, until: datetime, reason: str) -> None:
        """Stop a host until a time and double its spacing; a shorter hold never shortens a longer one."""
        await self._load()
        known, now = self._hosts.setdefault(host, _Host()), self._clock.now()
        known.slowness = min(known.stretch(now) * 2.0, MAX_SLOWNESS)
        known.slowed_at = now
        known.held_until = max(until, known.held_until or until)
        held, slowness = known.held_until, known.slowness
        await self._archive.write(lambda tx: hold_host(tx, host, held, reason, slowness, now))

    async def held_until(self, host: str) -> datetime | None:
        """Until when the host is stopped; None where it is not."""
        await self._load()
        known = self._hosts.get(host)
        if known is None or known.held_until is None or known.held_until <= self._clock.now():
            return None
        return known.held_until

    async def keep(self) -> None:
        """Remember every turn given out; called before the daemon ends."""
        await self._keep(self._clock.now(), self._clock.monotonic())

    async def _keep(self, now: datetime, tick: float) -> None:
        self._kept_at = tick
        turns = {host: now + timedelta(seconds=self._hosts[host].next_at - tick) for host in self._moved}
        self._moved.clear()
        if turns:
            await self._archive.write(lambda tx: put_turns(tx, turns))

    async def _load(self) -> None:
        if self._is_loaded:
            return
        async with self._loading:
            if not self._is_loaded:
                rows = await self._archive.read(lambda tx: tx.rows(sa.select(t.hosts)))
                now, tick = self._clock.now(), self._clock.monotonic()
                for row in rows:
                    known = self._hosts.setdefault(row["host"], _Host())
                    known.held_until, known.slowness, known.slowed_at = row["held_until"], row["slowness"], row["slowed_at"]
                    if row["next_at"] is not None:
                        known.next_at = tick + min((row["next_at"] - now).total_seconds(), LONGEST_TURN_S)
                self._is_loaded = True


class SharedHostRows:
    """``crawler.ports.HostSlots`` for many nodes on one PostgreSQL: every turn is booked in the row, by the server's clock."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._archive = archive
        self._clock = clock

    async def reserve(self, host: str, spacing_s: float) -> float:
        """Book the next turn and return the seconds until it."""
        wait_s = await self._archive.write(lambda tx: float(tx.get(_TURN, on=host, spacing_s=spacing_s)[0]["wait_s"]))
        return max(wait_s, 0.0)

    async def hold(self, host: str, until: datetime, reason: str) -> None:
        """Stop a host until a time and double its spacing; a shorter hold never shortens a longer one."""
        now = self._clock.now()

        def lengthen(tx: Tx) -> None:
            row = tx.row(sa.select(t.hosts).where(t.hosts.c.host == host).with_for_update())
            known = _Host()
            if row is not None:
                known.held_until, known.slowness, known.slowed_at = row["held_until"], row["slowness"], row["slowed_at"]
            slowness = min(known.stretch(now) * 2.0, MAX_SLOWNESS)
            hold_host(tx, host, max(until, known.held_until or until), reason, slowness, now)

        await self._archive.write(lengthen)

    async def held_until(self, host: str) -> datetime | None:
        """Until when the host is stopped; None where it is not."""
        found = await self._archive.read(lambda tx: tx.get(_HELD, on=host))
        until: datetime | None = found[0]["held_until"] if found else None
        return until if until is not None and until > self._clock.now() else None


_STEP = (
    "make_interval(secs => :spacing_s * (1 + (hosts.slowness - 1)"
    " * greatest(0, 1 - extract(epoch FROM clock_timestamp() - hosts.slowed_at) / 86400)))"
)
_BOOK = (
    "INSERT INTO hosts (host, next_at, slowness) VALUES (:on, clock_timestamp() + make_interval(secs => :spacing_s), 1)"
    " ON CONFLICT (host) DO UPDATE SET next_at = greatest(hosts.next_at, hosts.held_until, clock_timestamp()) + {step}"
    " RETURNING extract(epoch FROM hosts.next_at - {step} - clock_timestamp()) AS wait_s"
).replace("{step}", _STEP)
_TURN = Ready(lambda _: sa.text(_BOOK).columns(wait_s=sa.Float))
_HELD = Ready(lambda _: sa.select(t.hosts.c.held_until).where(t.hosts.c.host == sa.bindparam("on")))
