"""Tells a service that watches from outside that all is well: only while polls, writes and deliveries advance."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import structlog

from monitor.archive import Archive, Tx, reads, writes
from monitor.errors import ArchiveError
from monitor.logs import Redactor

_log = structlog.get_logger()

LOOK_S: Final = 5.0
EVERY_S: Final = 60.0
"""Seconds between two looks whether it is time, so that the first beat comes soon, and between two beats."""

LATE_POLL: Final = timedelta(minutes=10)
LATE_DELIVERY: Final = timedelta(minutes=15)
"""How long a channel may take nothing of what waits for it: retries and greylisting take minutes, an outage hours."""

_WRITE_S: Final = 30.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """How the daemon stands: the poll that is due longest, the last one there was, and what waits on channels since when."""

    at: datetime
    is_moving: bool
    is_writable: bool
    next_poll_at: datetime | None = None
    last_poll_at: datetime | None = None
    waiting: Mapping[str, datetime]


def stalled(vitals: Vitals) -> tuple[str, ...]:
    """Say what does not advance; nothing where all is well.

    A poll may be overdue while there are many of them; it is late only where none is made any more.
    """
    found = [] if vitals.is_moving else ["the spider does not move"]
    late = vitals.at - LATE_POLL
    if vitals.next_poll_at is not None and vitals.next_poll_at < late and (vitals.last_poll_at is None or vitals.last_poll_at < late):
        found.append(f"a poll has been due since {vitals.next_poll_at:%H:%M} UTC and none is made")
    if not vitals.is_writable:
        found.append("the archive takes no writes")
    found += [f"channel {name} takes nothing" for name, since in sorted(vitals.waiting.items()) if vitals.at - since > LATE_DELIVERY]
    return tuple(found)


def still_waiting(before: Mapping[str, datetime], seen: Mapping[str, datetime | None], now: datetime) -> dict[str, datetime]:
    """Return since when messages wait on channels that take none; ``seen`` are those with any due, and when each last took one."""
    return {name: max(before.get(name, now), taken_at or before.get(name, now)) for name, taken_at in seen.items()}


class Heartbeat:
    """Pings the address in force, or keeps still and says why; only changes are told."""

    def __init__(self, archive: Archive, url: Callable[[], str | None], is_moving: Callable[[], bool]) -> None:
        self._archive = archive
        self._url = url
        self._is_moving = is_moving
        self._waiting: dict[str, datetime] = {}
        self._told = ""
        self._due_at = float("-inf")

    async def __call__(self) -> None:
        """Beat where it is time."""
        now = self._archive.clock.monotonic()
        if now >= self._due_at:
            self._due_at = now + EVERY_S
            await self.beat()

    async def beat(self) -> bool:
        """Ping once where there is an address and everything advances; return whether the other side took it."""
        url = self._url()
        if not url:
            return False
        why = "; ".join(stalled(await self._vitals())) or await _ping(url)
        if bool(why) != bool(self._told):
            _log.log(30 if why else 20, "heartbeat withheld" if why else "heartbeat goes on", reason=why or self._told)
        self._told = why
        return not why

    async def _vitals(self) -> Vitals:
        """Ask the archive, and have it write: on a quiet night nothing else would show that it can."""
        now = self._archive.clock.now()
        try:
            await asyncio.wait_for(self._archive.write(lambda tx: writes.put_meta(tx, "beat_at", now.isoformat())), _WRITE_S)
            next_at, last_at, seen = await self._archive.read(lambda tx: _standing(tx, now))
        except (ArchiveError, TimeoutError):
            return Vitals(at=now, is_moving=self._is_moving(), is_writable=False, waiting=self._waiting)
        self._waiting = still_waiting(self._waiting, seen, now)
        return Vitals(
            at=now, is_moving=self._is_moving(), is_writable=True, next_poll_at=next_at, last_poll_at=last_at, waiting=self._waiting
        )


def _standing(tx: Tx, now: datetime) -> tuple[datetime | None, datetime | None, dict[str, datetime | None]]:
    return reads.next_due(tx), reads.last_poll(tx), reads.waiting_channels(tx, now)


async def _ping(url: str) -> str:
    """Return what went wrong, empty where nothing did; follows no redirect."""
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session, session.get(url, allow_redirects=False) as answer:
            return "" if answer.status < 300 else f"its address answered {answer.status}"
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        return Redactor((url,)).clean(f"its address was not reached: {type(error).__name__}")
