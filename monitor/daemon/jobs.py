"""What happens by the clock; the only importer of APScheduler. Due times are the archive's, this only ticks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.errors import PresswatchError

_log = structlog.get_logger()

Job = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Every:
    """At an interval, the first time one interval from the start."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day, local time."""

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
    """Named jobs in memory. A job that is late runs once, and never twice at the same time."""

    def __init__(self, timetable: Iterable[Timed], timezone: tzinfo) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=timezone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._failing: set[str] = set()
        for timed in timetable:
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

        match timed.when:
            case Every(seconds):
                self._scheduler.add_job(work, "interval", seconds=seconds, id=timed.name)
            case Daily(hour, minute):
                self._scheduler.add_job(work, "cron", hour=hour, minute=minute, id=timed.name)

    def _tell(self, name: str, reason: str) -> None:
        """Say once that a job fails; it is tried again at its time, and the archive's own state says how it goes on."""
        if name not in self._failing:
            self._failing.add(name)
            _log.warning("job failed; it is tried again at its time", job=name, reason=reason)

    def start(self) -> None:
        """Begin; needs the running loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """End without waiting; what runs is awaited by its owner."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
