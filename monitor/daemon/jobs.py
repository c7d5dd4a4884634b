"""What happens by the clock; the only importer of APScheduler. Due times are the archive's, this only ticks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import tzinfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler

Job = Callable[[], Awaitable[None]]


class Jobs:
    """Named jobs in memory. A job that is late runs once, and never twice at the same time."""

    def __init__(self, timezone: tzinfo) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=timezone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def every(self, seconds: float, job: Job, *, name: str) -> None:
        """Run a job at an interval, the first time one interval from now."""
        self._scheduler.add_job(job, "interval", seconds=seconds, id=name, replace_existing=True)

    def daily(self, hour: int, minute: int, job: Job, *, name: str) -> None:
        """Run a job once a day, local time of the scheduler."""
        self._scheduler.add_job(job, "cron", hour=hour, minute=minute, id=name, replace_existing=True)

    def start(self) -> None:
        """Begin; needs the running loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """End without waiting; what runs is awaited by its owner."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
