"""Implements what the crawler asks of outside: robots.txt copies, and turns at hosts, first come, first served."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from crawler.politeness import ROBOTS_KEPT, penalty_after_refusal, penalty_now
from crawler.ports import RobotsCopy
from monitor.archive import tables as t
from monitor.archive.archive import Archive
from monitor.archive.tx import Row, Tx
from monitor.archive.writes.hosts import hold_host, put_turns, store_robots
from monitor.clock import Clock
from monitor.errors import ArchiveError

_log = structlog.get_logger("presswatch.archive")

KEEP_EVERY_S = 1.0
MOST_ROBOTS = 32 * 1024 * 1024
_FILLED = 20_000
_COPY_COST = 1_000
"""What a copy of robots.txt takes beside its text."""
RELOAD_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
"""A server that restarts is no reason to tell that a source failed."""
LONGEST_TURN_S = 120.0
"""What a restart believes of a remembered turn: a clock that was set back must not silence a host for years."""


class RobotsRows:
    """``crawler.ports.Robots`` on the archive.

    The copies last asked for are kept in memory too, up to ``most`` characters: every poll asks, and a copy changes once a day.
    """

    def __init__(self, archive: Archive, *, most: int = MOST_ROBOTS) -> None:
        self._archive = archive
        self._most = most
        self._kept: dict[str, RobotsCopy] = {}  # the one asked for longest ago first
        self._size = 0
        self._is_filled = False

    async def load(self, host: str) -> RobotsCopy | None:
        """The copy kept for an origin, however old; waits for an archive that is away, as a write does."""
        if not self._is_filled:
            await self._fill()
        copy = self._kept.get(host)
        if copy is None or self._archive.clock.now() - copy.fetched_at > ROBOTS_KEPT:  # another node may have fetched it anew
            copy = await self._asked(host)
        if copy is not None:
            self._keep(copy)
        return copy

    async def _fill(self) -> None:
        """Read the newest copies at once: one by one they cost every poll after a start a third of a millisecond."""
        self._is_filled = True
        with suppress(ArchiveError):  # then they are read one by one, as patiently as need be
            for known in reversed(await self._archive.read(_newest)):
                if known.host not in self._kept:
                    self._keep(known)

    async def _asked(self, host: str) -> RobotsCopy | None:
        for wait_s in RELOAD_S:
            try:
                return await self._archive.read(lambda tx: _copy(tx, host))
            except ArchiveError:
                await asyncio.sleep(wait_s)
        return await self._archive.read(lambda tx: _copy(tx, host))

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


def _newest(tx: Tx) -> list[RobotsCopy]:
    return [_copy_of(row) for row in tx.rows(sa.select(t.robots).order_by(t.robots.c.fetched_at.desc()).limit(_FILLED))]


def _copy(tx: Tx, origin: str) -> RobotsCopy | None:
    row = tx.row(sa.select(t.robots).where(t.robots.c.origin == origin))
    return None if row is None else _copy_of(row)


def _copy_of(row: Row) -> RobotsCopy:
    return RobotsCopy(
        host=row["origin"],
        state=row["state"],
        body=row["body"],
        fetched_at=row["fetched_at"],
        good_at=row["good_at"],
        error=row["error"],
    )


class Host:
    """What is known of one host: when its next turn is, until when it is held, how much its spacing is stretched."""

    __slots__ = ("held_until", "next_at", "slowed_at", "slowness", "step_s")

    def __init__(self) -> None:
        self.next_at = 0.0  # monotonic
        self.step_s = 0.0  # what lies between the last turn and the next
        self.held_until: datetime | None = None
        self.slowness = 1.0
        self.slowed_at: datetime | None = None

    def stretch(self, now: datetime) -> float:
        """The factor on the spacing now."""
        return penalty_now(self.slowness, self.slowed_at, now)

    def stop(self, until: datetime, now: datetime) -> None:
        """Note that the host asked us to wait; a shorter hold never shortens a longer one."""
        self.slowness = penalty_after_refusal(self.slowness, self.slowed_at, now)
        self.slowed_at = now
        self.held_until = max(until, self.held_until or until)


class HostRows:
    """``crawler.ports.HostSlots`` for one daemon: turns are given in memory and remembered in ``hosts``.

    Holds are durable before they are acknowledged, unless the archive takes no writes; turns at most a second late, which no restart is
    quick enough to notice.
    """

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self._archive = archive
        self._clock = clock
        self._hosts: dict[str, Host] = {}
        self._moved: set[str] = set()
        self._kept_at = clock.monotonic()
        self._loading: asyncio.Lock = asyncio.Lock()
        self._is_loaded = False

    async def reserve(self, host: str, spacing_s: float, *, most_s: float = math.inf) -> float:
        """Book the next turn and return the seconds until it; one more than ``most_s`` away is not booked."""
        await self._load()
        known = self._hosts.setdefault(host, Host())
        now, tick = self._clock.now(), self._clock.monotonic()
        turn = max(known.next_at, tick)
        if known.held_until is not None and known.held_until > now:
            turn = max(turn, tick + (known.held_until - now).total_seconds())
        if turn - tick > most_s:
            return turn - tick
        known.step_s = spacing_s * known.stretch(now)
        known.next_at = turn + known.step_s
        self._moved.add(host)
        if tick - self._kept_at >= KEEP_EVERY_S:
            await self._keep(now, tick)
        return turn - tick

    async def enter(self, host: str, spacing_s: float) -> bool:  # noqa: ARG002 - the port's own signature
        """One daemon asks a host one thing at a time by itself."""
        return True

    async def confirm(self, host: str) -> bool:
        """Nobody can have taken it; the next turn keeps its distance from the request, which had to wait for its connection."""
        known = self._hosts[host]
        known.next_at = max(known.next_at, self._clock.monotonic() + known.step_s)
        return True

    def leave(self, host: str) -> None:
        """Nobody else waits for the host."""

    async def hold(self, host: str, until: datetime, reason: str) -> None:
        """Stop a host until a time and double its spacing; a shorter hold never shortens a longer one."""
        await self._load()
        known, now = self._hosts.setdefault(host, Host()), self._clock.now()
        known.stop(until, now)
        held, slowness = known.held_until or until, known.slowness
        await self._written(lambda tx: hold_host(tx, host, held, reason, slowness, now))

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

    async def close(self) -> None:
        """Remember where every host's line ends."""
        await self.keep()

    async def _keep(self, now: datetime, tick: float) -> None:
        self._kept_at = tick
        turns = {host: now + timedelta(seconds=self._hosts[host].next_at - tick) for host in self._moved}
        self._moved.clear()
        if turns and not await self._written(lambda tx: put_turns(tx, turns)):
            self._moved.update(turns)

    async def _written(self, work: Callable[[Tx], object]) -> bool:
        """Write, and tell whether it was taken: a full disk costs what a restart would know, never the request that waits for its turn."""
        try:
            await self._archive.write(work)
        except ArchiveError as error:
            _log.warning("turns at hosts not kept", reason=str(error))
            return False
        return True

    async def _load(self) -> None:
        if self._is_loaded:
            return
        async with self._loading:
            if not self._is_loaded:
                rows = await self._archive.read(lambda tx: tx.rows(sa.select(t.hosts)))
                now, tick = self._clock.now(), self._clock.monotonic()
                for row in rows:
                    known = self._hosts.setdefault(row["host"], Host())
                    known.held_until, known.slowness, known.slowed_at = row["held_until"], row["slowness"], row["slowed_at"]
                    if row["next_at"] is not None:
                        known.next_at = tick + min((row["next_at"] - now).total_seconds(), LONGEST_TURN_S)
                self._is_loaded = True
