"""What is wrong is told once when it begins and once when it is over, also across restarts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa

from crawler import cadence
from crawler.cadence import FeedState
from crawler.model import ExtractStatus, Poll, PollStatus
from monitor.archive import Archive, reads, writes
from monitor.archive import tables as t
from monitor.clock import FixedClock
from monitor.daemon import conditions
from monitor.daemon.notices import Notices
from monitor.daemon.parts import Parts
from monitor.metrics import Metrics
from tests.archives import NOW, article, entry, list_entries, outlet, plan, poll

_ALL = sa.select(t.notices).order_by(t.notices.c.notice_id)
PAPERS = (outlet("Alpenpost", sources=2), outlet("Fjord Times", language="en"))


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    opened = Archive.open(archive_url, clock=FixedClock(NOW))
    opened.write_now(lambda tx: writes.put_outlets(tx, PAPERS, NOW))
    yield opened
    opened.close()


def parts_of(archive: Archive, at: datetime = NOW, **more: Any) -> Parts:
    """The parts a look at the sources works on."""
    settings = SimpleNamespace(subscriptions=(), contact="https://presswatch.example/", **more)
    watch = SimpleNamespace(
        settings=settings, sources={s.source_id: s for o in PAPERS for s in o.sources}, desk=SimpleNamespace(outlets={o.outlet_id: o for o in PAPERS})
    )  # fmt: skip
    clock, metrics, in_force = FixedClock(at), Metrics(), SimpleNamespace(watch=watch, settings=settings)
    notices = Notices(archive=archive, clock=clock, metrics=metrics, in_force=cast("Any", in_force))
    made = SimpleNamespace(
        archive=archive, clock=clock, metrics=metrics, in_force=in_force, notices=notices, line=SimpleNamespace(price=None)
    )
    return cast("Parts", made)


def told(archive: Archive) -> list[tuple[str, str]]:
    """Kind and text of every condition that is told and not over."""
    return [(n["kind"], n["text"]) for n in archive.read_now(reads.open_notices)]


def record(archive: Archive, polls: list[Poll]) -> None:
    for one in polls:
        archive.write_now(lambda tx, one=one: writes.record_poll(tx, one, (), plan))  # type: ignore[misc]


async def test_a_silent_source_is_told_once_and_its_return_too(archive: Archive) -> None:
    def busy(_state: FeedState | None, seen: Poll) -> tuple[FeedState, cadence.Plan]:
        times = tuple(NOW - timedelta(hours=n) for n in range(48))
        first = cadence.observe(cadence.initial(), replace(seen, at=NOW, new=48, listed_times=times, window_size=48), NOW)
        state = replace(first, last_ok=seen.at, last_new=NOW)
        return state, cadence.Plan(at=seen.at, reason="plan")

    later = NOW + timedelta(hours=20)
    archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost", at=later), (), busy))
    await conditions.look_at_sources(parts_of(archive, later))
    ((kind, text),) = told(archive)
    assert (kind, text.partition(" lists")[0]) == ("silent", "Alpenpost, feed /feed0.xml")
    assert archive.read_now(reads.silent_sources) == ("Alpenpost (feed)",), "digests name it"
    await conditions.look_at_sources(parts_of(archive, later))
    assert len(archive.read_now(lambda tx: tx.rows(_ALL))) == 1, "told once, also after a restart"
    archive.write_now(lambda tx: writes.record_poll(tx, poll("alpenpost", at=later), (entry("alpenpost", "new"),), plan))
    await conditions.look_at_sources(parts_of(archive, later))
    assert told(archive) == []
    assert [n["text"] for n in archive.read_now(lambda tx: tx.rows(_ALL))][1] == "Alpenpost, feed /feed0.xml publishes again"
    assert archive.read_now(reads.silent_sources) == ()


async def test_a_source_that_refuses_us_thrice_is_told_and_one_refusal_is_not(archive: Archive) -> None:
    refused = [poll("fjord-times", status=PollStatus.BLOCKED, at=NOW + timedelta(hours=n)) for n in range(3)]
    record(archive, refused[:2])
    await conditions.look_at_sources(parts_of(archive))
    assert told(archive) == []
    record(archive, refused[2:])
    await conditions.look_at_sources(parts_of(archive))
    assert told(archive) == [("blocked", "Fjord Times, feed /feed0.xml refuses us (blocked), 3 polls in a row")]


async def test_a_source_that_failed_for_a_fortnight_is_told_as_dead(archive: Archive) -> None:
    record(archive, [poll("fjord-times", status=PollStatus.UNREACHABLE, at=NOW + timedelta(days=n)) for n in (0, 15)])
    await conditions.look_at_sources(parts_of(archive, NOW + timedelta(days=15)))
    ((kind, text),) = told(archive)
    assert kind == "dead"
    assert "has not answered since it was added (unreachable)" in text


async def test_a_list_that_ran_over_is_told_for_a_day(archive: Archive) -> None:
    archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", "a")))
    archive.write_now(lambda tx: list_entries(tx, *(entry("alpenpost", f"n{n}") for n in range(5)), at=NOW + timedelta(hours=1)))
    await conditions.look_at_sources(parts_of(archive, NOW + timedelta(hours=2)))
    ((kind, text),) = told(archive)
    assert kind == "overflow"
    assert "at 1 polls of the last day" in text
    await conditions.look_at_sources(parts_of(archive, NOW + timedelta(hours=26)))
    assert told(archive) == []


async def test_an_outlet_whose_pages_are_read_worse_is_told(archive: Archive) -> None:
    def put(number: int, **how: Any) -> None:
        (listed,) = archive.write_now(lambda tx: list_entries(tx, entry("alpenpost", f"n{number}")))
        archive.write_now(lambda tx: writes.put_article(tx, article(listed, text=f"Text {number}", **how), NOW))

    for number in range(40):
        put(number, word_count=400)
    parts = parts_of(archive)
    await conditions.look_at_outlets(parts)
    assert told(archive) == []
    for number in range(40, 60):
        put(number, word_count=0, extract_status=ExtractStatus.EMPTY)
    await conditions.look_at_outlets(parts)
    ((kind, text),) = told(archive)
    assert (kind, text) == ("extraction", "Alpenpost is read worse than before: 20 of 20 articles without text, before 0 of 40")
    for number in range(60, 80):
        put(number, word_count=400)
    await conditions.look_at_outlets(parts)
    assert told(archive) == []


async def test_spending_over_the_budget_is_told(archive: Archive) -> None:
    parts = parts_of(archive)
    parts.line.price = cadence.PriceState(price=1.0, started_at=NOW, at=NOW, spent=300.0, expected=200.0)
    await conditions.look_at_sources(parts)
    ((kind, text),) = told(archive)
    assert kind == "budget"
    assert text.startswith("300 polls an hour where the budget of requests_per_hour allows 200")
