"""What this node does under a claim: one source's poll and the pages it leads to, one channel's messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from crawler.model import Entry, FailureReason, Validators
from crawler.ports import FetchOrder, PollOrder
from crawler.runner import Crawl
from monitor.archive import Archive, Tx, finish, reads, writes
from monitor.clock import Clock
from monitor.daemon.allowance import Allowance
from monitor.daemon.flights import Flight
from monitor.daemon.line import Line
from monitor.daemon.orders import PER_OUTLET, Orders
from monitor.errors import ClaimLost
from monitor.model import Claim

_log = structlog.get_logger()

PAGES: Final = 50
"""Pages fetched under one claim at most: then the other sources of the host have their turn."""
UNKNOWN_S: Final = 60.0
"""A source that the settings of this node do not name is left to the others for so long."""
_ROOM_S: Final = 0.1


class Crew:
    """Implements ``monitor.queue.Crew``: ``orders`` is what a lone daemon does, the rest what one node of several does."""

    def __init__(self, *, archive: Archive, crawl: Crawl, line: Line, clock: Clock, orders: Orders, deliver: Callable[[], None]) -> None:
        self._archive = archive
        self._crawl = crawl
        self._line = line
        self._clock = clock
        self._deliver = deliver
        self._allowance = Allowance(archive)
        self.give = orders.give
        self.follow = orders.follow

    async def crawl(self, source_id: str, claim: Claim, *, poll: Mapping[str, str | None] | None = None) -> bool:
        """Poll a source if that is due, fetch what that brings or what is due of it, and end the claim with the last write."""
        try:
            return await self._crawled(source_id, claim, _told(poll) if poll is not None else await self._due(source_id))
        except ClaimLost as lost:
            _log.debug("work left to another node", source=source_id, reason=str(lost))
            return False

    async def deliver(self, channel: str, claim: Claim) -> bool:  # noqa: ARG002 - the deliverer asks the queue for both
        """Wake the deliverer: it asks which channels are its own."""
        self._deliver()
        return False

    def recall(self) -> None:
        """Call back whatever is on its way."""
        self._crawl.recall()
        self._line.flights.recall()

    async def _due(self, source_id: str) -> reads.DueOfSource:
        now = self._clock.now()
        return await self._archive.read(lambda tx: reads.due_of_source(tx, source_id, now, PAGES))

    async def _crawled(self, source_id: str, claim: Claim, due: reads.DueOfSource) -> bool:
        entries = {entry.key: entry for entry in due.entries}
        if due.validators is not None:
            flight = Flight(claim=claim, is_last=not entries)
            if not await self._polled(source_id, due, flight):
                return await self._postponed(source_id, claim)
            if not flight.is_recorded or flight.has_ended:
                return flight.has_ended
            entries |= {entry.key: entry for entry in flight.new}
        await self._fetched(await self._allowed(list(entries.values())[:PAGES]), claim)
        return await self._ended(claim)

    async def _polled(self, source_id: str, due: reads.DueOfSource, flight: Flight) -> bool:
        """Have a source polled and wait for the outcome; False where this node does not know the source."""
        watch, flights = self._line.watch, self._line.flights
        source = watch.sources.get(source_id)
        outlet = watch.desk.outlets.get(source.outlet_id) if source is not None else None
        if source is None or outlet is None or due.validators is None:
            return False
        while (other := flights.sources.get(source_id)) is not None:  # under a claim that was lost
            await other.landed.wait()
        flights.took_poll(source_id, flight)
        await self._sent(PollOrder(source=source, outlet=outlet, validators=due.validators), flight)
        return True

    async def _allowed(self, entries: Sequence[Entry]) -> list[Entry]:
        """Leave out what is beyond an outlet's pages of the day, and let it wait until tomorrow."""
        if not entries:
            return []
        await self._allowance.share(self._clock.now())
        outlets, allowed, over = self._line.watch.desk.outlets, [], []
        for entry in entries:
            outlet = outlets.get(entry.outlet_id)
            if outlet is not None and not self._allowance.has_room(outlet, entry):
                over.append(entry.entry_id or 0)
                continue
            self._allowance.take(entry.outlet_id)
            allowed.append(entry)
        if over:
            until = self._allowance.renewed_at
            await self._archive.write(lambda tx: writes.postpone(tx, over, until, FailureReason.BUDGET.value))
        return allowed

    async def _fetched(self, entries: Iterable[Entry], claim: Claim) -> None:
        """Fetch entries, a few at a time, and wait until each is on record."""
        gate = asyncio.Semaphore(PER_OUTLET)
        async with asyncio.TaskGroup() as group:
            for entry in entries:
                group.create_task(self._fetched_one(entry, claim, gate))

    async def _fetched_one(self, entry: Entry, claim: Claim, gate: asyncio.Semaphore) -> None:
        outlet = self._line.watch.desk.outlets.get(entry.outlet_id)
        if outlet is None or entry.entry_id is None:
            return
        async with gate:
            while (other := self._line.flights.entries.get(entry.entry_id)) is not None:
                await other.landed.wait()
            flight = Flight(claim=claim)
            self._line.flights.took_entry(entry, flight)
            await self._sent(FetchOrder(entry=entry, outlet=outlet), flight)

    async def _sent(self, order: PollOrder | FetchOrder, flight: Flight) -> None:
        """Hand an order to the spider as soon as it has room, and wait for the outcome."""
        while not flight.landed.is_set() and not self._crawl.submit(order):  # noqa: ASYNC110 - its lanes tell nobody
            await asyncio.sleep(_ROOM_S)
        await flight.landed.wait()

    async def _ended(self, claim: Claim) -> bool:
        if not claim.is_live():
            return False
        await self._archive.write(lambda tx: finish(tx, claim))
        return True

    async def _postponed(self, source_id: str, claim: Claim) -> bool:
        """Leave a source alone that only other nodes know."""
        now = self._clock.now()

        def postpone(tx: Tx) -> None:
            writes.postpone_source(tx, source_id, now, now + timedelta(seconds=UNKNOWN_S))
            finish(tx, claim)

        _log.warning("source is not in this node's settings; left to the others", source=source_id, retry_s=UNKNOWN_S)
        await self._archive.write(postpone)
        return True


def _told(poll: Mapping[str, str | None]) -> reads.DueOfSource:
    """Read from a job what makes its poll conditional; entries that wait besides are another job's."""
    at = poll["unconditional_at"]
    validators = Validators(
        etag=poll["etag"],
        last_modified=poll["last_modified"],
        body_hash=poll["body_hash"],
        unconditional_at=datetime.fromisoformat(at) if at else None,
    )
    return reads.DueOfSource(validators=validators, entries=())
