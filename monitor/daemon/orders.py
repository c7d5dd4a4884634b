"""Once a second: what is due, as orders for the spider."""

from __future__ import annotations

import asyncio
from datetime import datetime

from crawler.model import FailureReason
from crawler.ports import FetchOrder, PollOrder
from crawler.runner import Crawl
from monitor.archive import Archive, reads, writes
from monitor.clock import Clock
from monitor.daemon.allowance import Allowance
from monitor.daemon.flights import Flight
from monitor.daemon.line import Line

IN_FLIGHT = 384
PER_OUTLET = 6
"""Fetches of one outlet under way at once: they take turns at its hosts anyway, and a flood must not fill the spider."""

_STEP_S = 0.1


class Orders:
    """Turns due sources and entries into orders; nothing is ordered twice while it is in flight."""

    def __init__(self, *, archive: Archive, crawl: Crawl, line: Line, clock: Clock) -> None:
        self._archive = archive
        self._crawl = crawl
        self._line = line
        self._clock = clock
        self._giving = asyncio.Lock()
        self._allowance = Allowance(archive)
        self.polls = 0

    async def give(self) -> int:
        """Order what is due and fits; return how many orders went out."""
        async with self._giving:
            if not self._line.is_writable:
                return 0
            now = self._clock.now()
            return await self._polls(now) + await self._fetches(now)

    async def follow(self) -> None:
        """Between the ticks: fetch new entries at once, and refill as soon as there is room, in steps of a tenth of a second."""
        while True:
            await self._line.moved.wait()
            self._line.moved.clear()
            async with self._giving:
                if self._line.is_writable:
                    await self._fetches(self._clock.now())
            await asyncio.sleep(_STEP_S)

    async def _polls(self, now: datetime) -> int:
        flying = self._line.flights.sources
        room = IN_FLIGHT - len(flying)
        if room <= 0:
            return 0
        due = await self._archive.read(lambda tx: reads.due_sources(tx, now, room + len(flying)))
        watch, given = self._line.watch, 0
        for source_id, validators in due:
            source = watch.sources.get(source_id)
            if source is None or source_id in flying:
                continue
            outlet = watch.desk.outlets[source.outlet_id]
            if not self._crawl.submit(PollOrder(source=source, outlet=outlet, validators=validators)):
                continue  # the lane of its host is full; others are not
            self._line.flights.took_poll(source_id, Flight())
            given += 1
        self.polls += given
        return given

    async def _fetches(self, now: datetime) -> int:
        line, flights = self._line, self._line.flights
        room = IN_FLIGHT - len(flights.entries)
        if room <= 0:
            return 0
        flying = frozenset(flights.entries)
        due = await self._archive.read(lambda tx: reads.due_entries(tx, now, room, flying))
        await self._allowance.begin(now)
        given, over = 0, []
        for entry in due:
            outlet = line.watch.desk.outlets.get(entry.outlet_id)
            if entry.entry_id is None or outlet is None or entry.entry_id in flights.entries:
                continue
            if flights.fetching[entry.outlet_id] >= PER_OUTLET:
                continue
            if not self._allowance.has_room(outlet, entry):
                over.append(entry.entry_id)
                continue
            if not self._crawl.submit(FetchOrder(entry=entry, outlet=outlet)):
                continue
            self._allowance.take(entry.outlet_id)
            flights.took_entry(entry, Flight())
            given += 1
        if over:
            renewed_at = self._allowance.renewed_at
            await self._archive.write(lambda tx: writes.postpone(tx, over, renewed_at, FailureReason.BUDGET.value))
        return given
