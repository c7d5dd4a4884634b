"""What happens by the clock; the only importer of APScheduler. Due times are the archive's, this only ticks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any, Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor.clock import JUMP_S
from monitor.errors import PresswatchError
from monitor.model import Digest, DigestEvery
from monitor.routing import next_slot

_log = structlog.get_logger()

_LOOK_S: Final = 1.0

Job = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Every:
    """At an interval, the first time one interval from the start."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day, local time; also on the two days whose clock leaves this time out or strikes it twice."""

    hour: int
    minute: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Work under a name of its own, and when it is done; ``is_for_all`` is done by one node of all."""

    name: str
    when: Every | Daily
    work: Job
    is_for_all: bool = False

    @property
    def seconds(self) -> float:
        """How long it is from one time to the next."""
        return self.when.seconds if isinstance(self.when, Every) else 86_400.0


class Jobs:
    """Named jobs in memory. A job that is late runs once, and never twice at the same time.

    APScheduler plans by the system's clock, and an hour back would be an hour without jobs: ``apart`` says how far that clock is from
    one that does not jump, and where it jumped everything is planned anew.
    """

    def __init__(self, timetable: Iterable[Timed], timezone: tzinfo, *, apart: Callable[[], float] = lambda: 0.0) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=timezone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._failing: set[str] = set()
        self._apart = apart
        self._following: asyncio.Task[None] | None = None
        self._timetable = tuple(timetable)
        for timed in self._timetable:
            self._add(timed)

    def _add(self, timed: Timed) -> None:
        async def work() -> None:  # APScheduler must see a coroutine function: a bound or partial one it would run in a thread
            try:
                await timed.work()
            except PresswatchError as error:
                self._tell(timed.name, str(error))
            except asyncio.CancelledError:
                return  # the scheduler ends with work in hand; it would tell of that as of a fault
            else:
                self._failing.discard(timed.name)

        self._scheduler.add_job(work, id=timed.name, **_trigger(timed.when))

    async def _follow(self) -> None:
        before = self._apart()
        while True:
            await asyncio.sleep(_LOOK_S)
            now = self._apart()
            if abs(now - before) > JUMP_S:
                _log.warning("clock jumped; jobs are planned anew", duration_s=round(now - before, 1))
                for timed in self._timetable:
                    self._scheduler.reschedule_job(timed.name, **_trigger(timed.when))
            before = now

    def _tell(self, name: str, reason: str) -> None:
        """Say once that a job fails; it is tried again at its time, and the archive's own state says how it goes on."""
        if name not in self._failing:
            self._failing.add(name)
            _log.warning("job failed; it is tried again at its time", job=name, reason=reason)

    def start(self) -> None:
        """Begin; needs the running loop."""
        self._scheduler.start()
        self._following = asyncio.get_running_loop().create_task(self._follow(), name="clock")

    def stop(self) -> None:
        """End without waiting; what runs is awaited by its owner."""
        if self._following is not None:
            self._following.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


def _trigger(when: Every | Daily) -> dict[str, Any]:
    """Say a time as APScheduler takes it."""
    match when:
        case Every(seconds):
            return {"trigger": _Steady(seconds)}
        case Daily(hour, minute):
            return {"trigger": _Nightly(time(hour, minute))}


class _Steady(BaseTrigger):  # type: ignore[misc]  # APScheduler is untyped for us
    """An interval from now on: APScheduler's own counts all that were missed, which after a jump of ten years are 300 million."""

    def __init__(self, seconds: float) -> None:
        self._interval = timedelta(seconds=seconds)

    def get_next_fire_time(self, _previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return when to run next."""
        return now + self._interval


class _Nightly(BaseTrigger):  # type: ignore[misc]  # APScheduler is untyped for us
    """A local time of every day, as digests have it: in the hour that clocks repeat, APScheduler's own is due again as soon as it is done."""

    def __init__(self, at: time) -> None:
        self._slot = Digest(every=DigestEvery.DAILY, at=at)

    def get_next_fire_time(self, _previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return when to run next; ``now`` bears the zone."""
        return next_slot(self._slot, str(now.tzinfo), now)
