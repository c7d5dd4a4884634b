"""The one place that asks what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

MAX_DRIFT_PER_MINUTE_S = 1.0
JUMP_S = 2.0


class Clock(Protocol):
    """Tells aware UTC time."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...


def through_sleep() -> float:
    """Seconds since the machine was started; run on while this process, or the whole machine, is asleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SystemClock:
    """Wall time that a jump of the system's clock neither stampedes nor stalls.

    An anchor plus the monotonic clock; ``settle`` moves the anchor towards the system's time by at most one second a minute.
    """

    def __init__(self) -> None:
        self._anchor = _wall()
        self._at = time.monotonic()
        self._settled = self._at

    def now(self) -> datetime:
        """Aware UTC, never running backwards faster than it is settled."""
        return self._anchor + timedelta(seconds=time.monotonic() - self._at)

    def monotonic(self) -> float:
        """Seconds since an arbitrary point; for intervals and leases."""
        return time.monotonic()

    def apart(self) -> float:
        """How many seconds the system's clock is ahead of ours."""
        return (_wall() - self.now()).total_seconds()

    def settle(self) -> float:
        """Move towards the system's clock and return how many seconds apart the two were."""
        tick = time.monotonic()
        ours, theirs = self.now(), _wall()
        apart = (theirs - ours).total_seconds()
        limit = MAX_DRIFT_PER_MINUTE_S * max(tick - self._settled, 0.0) / 60.0
        step = max(-limit, min(limit, apart))
        self._anchor, self._at, self._settled = ours + timedelta(seconds=step), tick, tick
        return apart


class FixedClock:
    """A clock that stands still until it is moved; for tests, drills and replays."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both times forward."""
        self._at += timedelta(seconds=seconds)
        self._monotonic += seconds


def _wall() -> datetime:
    return datetime.now(UTC)
