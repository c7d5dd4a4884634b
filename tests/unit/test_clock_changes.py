"""The two nights a year in which clocks change: digests, quiet hours and the daemon's own timetable, hour by hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from monitor.daemon.jobs import Daily, Jobs, Timed
from monitor.model import Digest, DigestEvery, QuietHours
from monitor.routing import next_slot, quiet_until

ZONE: Final = "Europe/Zurich"
ZURICH: Final = ZoneInfo(ZONE)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
NIGHTS = pytest.mark.parametrize("changes", [SPRING, AUTUMN], ids=["an hour less", "an hour more"])
TIMES = [time(0, 30), time(1, 59), time(2, 0), time(2, 30), time(3, 0), time(3, 30), time(7, 0)]


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=ZURICH).astimezone(UTC)


def minutes(changes: date) -> list[datetime]:
    """Every minute from the noon before to the noon after."""
    start, end = noon(changes - timedelta(days=1)), noon(changes)
    return [start + timedelta(minutes=n) for n in range(int((end - start) / timedelta(minutes=1)))]


async def _nothing() -> None:
    """Be a job."""


def nightly(at: time, zone: str, start: datetime) -> list[datetime]:
    """When a daily job runs the next three times, asked as the scheduler asks: with the moment it is done."""
    (job,) = Jobs([Timed(name="upkeep", when=Daily(at.hour, at.minute), work=_nothing)], ZoneInfo(zone))._scheduler.get_jobs()
    runs: list[datetime] = []
    now = start.astimezone(ZoneInfo(zone))
    for _ in range(3):
        due = job.trigger.get_next_fire_time(runs[-1] if runs else None, now)
        assert due > now.astimezone(UTC)
        runs.append(due)
        now = (due.astimezone(UTC) + timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    return runs


@NIGHTS
@pytest.mark.parametrize("at", TIMES, ids=str)
def test_a_daily_digest_goes_out_once(changes: date, at: time) -> None:
    digest = Digest(every=DigestEvery.DAILY, at=at)
    slots = {next_slot(digest, ZONE, now) for now in minutes(changes)}
    assert next(s.astimezone(ZURICH).date() for s in sorted(slots)) == changes
    assert sum(s.astimezone(ZURICH).date() == changes for s in slots) == 1


@NIGHTS
def test_an_hourly_digest_leaves_no_hour_out_and_tells_none_twice(changes: date) -> None:
    digest = Digest(every=DigestEvery.HOURLY, at=time(0, 15))
    slots = sorted({next_slot(digest, ZONE, now) for now in minutes(changes)})
    assert {later - earlier for earlier, later in pairwise(slots)} == {timedelta(hours=1)}


@NIGHTS
def test_quiet_hours_hold_the_whole_night_and_end_by_the_new_clock(changes: date) -> None:
    quiet = QuietHours(start=time(22), end=time(7))
    until = [(end, len(list(held))) for end, held in groupby(quiet_until(quiet, ZONE, now) for now in minutes(changes))]
    morning = datetime.combine(changes, time(7), tzinfo=ZURICH).astimezone(UTC)
    hours = 8 if changes == SPRING else 10
    assert until == [(None, 10 * 60), (morning, hours * 60), (None, 5 * 60)]


@NIGHTS
@pytest.mark.parametrize("zone", [ZONE, "Europe/Helsinki"])  # clocks there change between three and four
@pytest.mark.parametrize("at", TIMES, ids=str)
def test_a_nightly_job_runs_once(changes: date, zone: str, at: time) -> None:
    runs = nightly(at, zone, noon(changes - timedelta(days=1)))
    assert [run.astimezone(ZoneInfo(zone)).date() for run in runs] == [changes + timedelta(days=n) for n in range(3)]
