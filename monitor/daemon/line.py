"""Where the spider puts what it found: records polls and takes arrivals down the straight line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import structlog

from crawler import cadence
from crawler.model import Arrival, Article, Entry, Page, Poll
from crawler.ports import Reader
from monitor.archive import Archive, Tx, fenced, finish, hold, writes
from monitor.clock import Clock
from monitor.daemon.flights import Flight, Flights
from monitor.daemon.say import Voice
from monitor.daemon.watch import InForce, Watch
from monitor.errors import ArchiveError, ClaimLost
from monitor.metrics import Metrics
from monitor.model import Claim
from monitor.pipeline import Ending, Outcome, Writer, process

_log = structlog.get_logger()
T = TypeVar("T")

_MEND_S = 5.0
"""Seconds between two tries of a write that the archive could not take: the spider waits, so nothing is lost."""


@dataclass(slots=True)
class Totals:
    """What this run brought so far."""

    articles: int = 0
    alerts: int = 0
    stories: set[int] = field(default_factory=set)


class Insistent:
    """An archive that is written to until it takes the write.

    Meanwhile the spider stands, which is how fetching pauses on a full disk and nothing that was fetched is lost.
    """

    def __init__(self, archive: Archive, metrics: Metrics) -> None:
        self._archive = archive
        self._metrics = metrics
        self.is_writable = True

    async def write(self, work: Callable[[Tx], T], *, last: bool = False) -> T:
        """Return what ``work`` returned, once it is committed."""
        while True:
            try:
                done = await self._archive.write(work, last=last)
            except ArchiveError as error:
                self._tell(writable=False)
                _log.error("archive takes no writes; fetching waits", reason=str(error), retry_s=_MEND_S)
                await asyncio.sleep(_MEND_S)
            else:
                self._tell(writable=True)
                return done

    def _tell(self, *, writable: bool) -> None:
        self.is_writable = writable
        self._metrics.archive_writable.set(int(writable))


class Timed:
    """A reader that notes how long pages took to fetch and to read."""

    def __init__(self, reader: Reader, clock: Clock, metrics: Metrics) -> None:
        self._reader = reader
        self._clock = clock
        self._metrics = metrics

    async def read(self, arrival: Arrival) -> Article:
        """Read a page; what is no page takes no time worth noting."""
        if not isinstance(arrival.result, Page):
            return await self._reader.read(arrival)
        self._metrics.fetch_duration.observe(arrival.result.duration_s)
        began = self._clock.monotonic()
        article = await self._reader.read(arrival)
        self._metrics.extract_duration.observe(self._clock.monotonic() - began)
        return article


class Claimed:
    """An archive that is written to under a claim: where the claim is lost nothing is written."""

    def __init__(self, archive: Writer, claim: Claim) -> None:
        self._archive = archive
        self._claim = claim

    async def write(self, work: Callable[[Tx], T], *, last: bool = False) -> T:
        """Return what ``work`` returned; raises ClaimLost."""
        return await self._archive.write(fenced(work, self._claim), last=last)


class Line:
    """Implements ``crawler.ports.Sink``; knows what is in flight, so that the tick orders nothing twice."""

    def __init__(
        self,
        *,
        archive: Archive,
        reader: Reader,
        clock: Clock,
        metrics: Metrics,
        voice: Voice,
        in_force: InForce,
        wake: Callable[[], None],
        crash: Callable[[str], None],
    ) -> None:
        self._archive = Insistent(archive, metrics)
        self._reader = Timed(reader, clock, metrics)
        self._clock = clock
        self._metrics = metrics
        self._voice = voice
        self._wake = wake
        self._in_force = in_force
        self._crash = crash
        self.price: cadence.PriceState | None = None
        self.flights = Flights()
        self.totals = Totals()
        self.moved = asyncio.Event()

    @property
    def watch(self) -> Watch:
        """What is watched now."""
        return self._in_force.watch

    @property
    def is_writable(self) -> bool:
        """Whether the archive took the last write."""
        return self._archive.is_writable

    async def polled(self, poll: Poll, entries: tuple[Entry, ...]) -> None:
        """Commit validators, cadence and all unseen entries in one transaction."""
        watch = self.watch
        outlet, source = watch.desk.outlets.get(poll.outlet_id), watch.sources.get(poll.source_id)
        flight = self.flights.sources.get(poll.source_id) or Flight()
        self._crash("after poll")
        try:
            if outlet is None or source is None:
                return  # the source left the settings while it was being polled

            def plan(state: cadence.FeedState | None, full: Poll) -> tuple[cadence.FeedState, cadence.Plan]:
                now = self._clock.now()
                known = cadence.observe(state or cadence.initial(tier=outlet.tier), full, now)
                return known, cadence.next_poll(known, now, self.price.price if self.price else 0.5, watch.cadence_of(outlet))

            poll, new = await self._archive.write(partial(_record, poll=poll, entries=entries, plan=plan, flight=flight))
            flight.new, flight.is_recorded = new, True
            flight.has_ended = _is_all(flight, new)
            self._metrics.polls.labels(outlet.outlet_id, poll.status.value).inc()
            self._metrics.poll_duration.observe(poll.duration_s)
            if poll.status.is_success:
                self._metrics.source_ok.labels(poll.source_id).set(poll.at.timestamp())
            self._voice.polled(outlet, source.kind, poll, new)
            if new:
                self.moved.set()
        except ClaimLost as lost:
            _log.debug("poll left to another node", source=poll.source_id, reason=str(lost))
        finally:
            self.flights.poll_landed(poll.source_id, flight)

    async def arrived(self, arrival: Arrival) -> None:
        """Take one fetched entry to recorded alerts; one bad article costs itself alone."""
        flight = self.flights.entries.get(arrival.entry.entry_id or 0) or Flight()
        archive = self._archive if flight.claim is None else Claimed(self._archive, flight.claim)
        self._crash("after fetch")
        try:
            await self._settled(arrival, archive)
        except ClaimLost as lost:
            _log.debug("article left to another node", url=arrival.entry.url, reason=str(lost))
        except Exception as error:  # noqa: BLE001 - per article: whatever a page does to us, the line goes on
            await self._give_up(arrival, error, archive)
        self.flights.entry_landed(arrival.entry.entry_id, flight)
        self.moved.set()

    async def _settled(self, arrival: Arrival, archive: Writer) -> None:
        watch = self.watch
        outcome = await process(arrival, self._reader, archive, watch.engine, self._clock, watch.desk)
        self._crash("after commit")
        self._count(arrival, outcome)
        self._voice.arrived(arrival.outlet, outcome)
        if outcome.deliveries:
            self._wake()

    async def _give_up(self, arrival: Arrival, error: Exception, archive: Writer) -> None:
        """Note why an article failed. Where even that fails the entry stays in flight: it is not fetched in a circle, and due at the next start."""
        _log.error("article failed", outlet=arrival.outlet.outlet_id, url=arrival.entry.url, reason=repr(error), exc_info=error)
        text, now = f"internal error: {type(error).__name__}: {error}", self._clock.now()
        with suppress(ClaimLost):
            await archive.write(lambda tx: writes.finish_entry(tx, arrival.entry, state="failed", reason=text, now=now))

    def _count(self, arrival: Arrival, outcome: Outcome) -> None:
        self._metrics.fetches.labels(arrival.outlet.outlet_id, outcome.ending.value).inc()
        if outcome.article is not None:
            self._metrics.articles.labels(arrival.outlet.outlet_id, outcome.article.language).inc()
            self.totals.articles += outcome.ending is Ending.NEW
        if outcome.matches and outcome.story_id is not None:
            self.totals.stories.add(outcome.story_id)
        self.totals.alerts += len(outcome.alerts)
        for match in outcome.matches:
            self._metrics.matches.labels(match.rule_id).inc()
        for alert in outcome.alerts:
            self._metrics.alerts.labels(alert.theme_id, alert.reason.value).inc()
        for verdict in outcome.verdicts:
            if not verdict.speaks and verdict.reasons:
                self._metrics.silences.labels(verdict.reasons[0].reason.value).inc()


def _record(tx: Tx, *, poll: Poll, entries: Sequence[Entry], plan: writes.Planner, flight: Flight) -> tuple[Poll, tuple[Entry, ...]]:
    """Record a poll under its claim, and end that where this was all; what was written goes again where the claim is lost."""
    counted, new = writes.record_poll(tx, poll, entries, plan)
    if flight.claim is not None:
        (finish if _is_all(flight, new) else hold)(tx, flight.claim)
    return counted, new


def _is_all(flight: Flight, new: Sequence[Entry]) -> bool:
    return flight.claim is not None and flight.is_last and not new
