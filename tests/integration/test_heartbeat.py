"""The heartbeat against a real address and a real archive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog
from aiohttp import web

from monitor.archive import Archive
from monitor.clock import FixedClock
from monitor.daemon.heartbeat import LATE_DELIVERY, LATE_POLL, Heartbeat
from tests.archives import NOW, furnish, list_entries
from tests.archives import entry as listed
from tests.sinks import always, http_sink

MINUTE = timedelta(minutes=1)


class Standing:
    """A daemon that listed and sent something a moment ago."""

    def __init__(self, archive: Archive, clock: FixedClock) -> None:
        self.archive, self.clock, self.is_moving, self.url = archive, clock, True, ""
        self.heartbeat = Heartbeat(archive, lambda: self.url, lambda: self.is_moving)


@pytest.fixture
def standing(archive_url: str) -> Iterator[Standing]:
    clock = FixedClock(NOW)
    archive = Archive.open(archive_url, clock=clock)
    archive.write_now(furnish)
    yield Standing(archive, clock)
    archive.close()


async def test_it_pings_while_all_is_well_and_without_an_address_not_at_all(standing: Standing) -> None:
    async with http_sink() as sink:
        assert not await standing.heartbeat.beat()
        standing.url = f"{sink.address}/ping/planted-token"
        assert await standing.heartbeat.beat()
    assert [(s.method, s.path) for s in sink.seen] == [("GET", "/ping/planted-token")]


async def test_it_keeps_still_while_no_poll_is_made_and_goes_on_with_the_next(standing: Standing) -> None:
    async with http_sink() as sink:
        standing.url = sink.address
        with structlog.testing.capture_logs() as said:
            standing.clock.advance((LATE_POLL + timedelta(hours=12)).total_seconds())
            assert not await standing.heartbeat.beat()
            assert not await standing.heartbeat.beat()
            entry = listed("alpenpost", "z")
            standing.archive.write_now(lambda tx: list_entries(tx, entry, at=standing.clock.now()))
            assert await standing.heartbeat.beat()
    assert len(sink.seen) == 1
    assert [(s["log_level"], s["event"]) for s in said] == [("warning", "heartbeat withheld"), ("info", "heartbeat goes on")]
    assert "none is made" in said[0]["reason"]


async def test_it_keeps_still_while_a_channel_takes_nothing(standing: Standing) -> None:
    async with http_sink() as sink:
        standing.url = sink.address
        standing.clock.advance(600)
        assert await standing.heartbeat.beat()
        standing.clock.advance((LATE_DELIVERY + MINUTE).total_seconds())
        entry = listed("alpenpost", "y")
        standing.archive.write_now(lambda tx: list_entries(tx, entry, at=standing.clock.now()))
        with structlog.testing.capture_logs() as said:
            assert not await standing.heartbeat.beat()
    assert said[0]["reason"] == "channel desk takes nothing; channel mail takes nothing"


async def test_it_keeps_still_while_the_spider_stands_or_the_archive_is_shut(standing: Standing) -> None:
    async with http_sink() as sink:
        standing.url = sink.address
        standing.is_moving = False
        assert not await standing.heartbeat.beat()
        standing.is_moving = True
        standing.archive.close()
        assert not await standing.heartbeat.beat()
    assert sink.seen == []


@pytest.mark.parametrize("trouble", ["refused", "500", "redirect"])
async def test_an_address_that_does_not_take_it_is_told_without_its_secret(standing: Standing, trouble: str) -> None:
    answer = always(500) if trouble == "500" else lambda _: web.Response(status=302, headers={"Location": "/elsewhere"})
    async with http_sink(answer) as sink:
        standing.url = f"{sink.address}/ping/planted-token"
        if trouble != "refused":
            with structlog.testing.capture_logs() as said:
                assert not await standing.heartbeat.beat()
            assert len(sink.seen) == 1
    if trouble == "refused":
        with structlog.testing.capture_logs() as said:
            assert not await standing.heartbeat.beat()
    assert said[0]["event"] == "heartbeat withheld"
    assert "planted" not in str(said)
