"""Starts and supervises Scrapy inside the running asyncio loop, and takes its finds to the sink."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import structlog
from aiohttp.abc import AbstractResolver
from scrapy import Request, signals
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.http import Response

from crawler.model import Arrival, Failure, FailureReason, Outlet, Poll, PollStatus, SourceKind
from crawler.ports import FetchOrder, HostSlots, PollOrder, Robots, Sink
from crawler.spiders.fetch import Answer, Clock, Fetcher
from crawler.spiders.names import Names
from crawler.spiders.orders import Order, Orders
from crawler.spiders.settings import CrawlSettings, scrapy_settings
from crawler.spiders.trouble import Trouble
from crawler.spiders.watch import WatchSpider
from crawler.spiders.work import Fallback, HugeList, Polled, Work, next_url

__all__ = ["Answer", "Crawl", "CrawlSettings", "Trouble"]

_log = structlog.get_logger()

_FINISHING = 64
"""Outcomes that may wait for the sink at a time, with their pages in memory; then nothing more is asked for."""

_RESTART_S = (1.0, 60.0)
_STEADY_S = 300.0


class Crawl:
    """Polls and fetches what is submitted and gives every outcome to the sink, exactly once per order.

    ``fallback`` reads feeds that need patience, in a child process. ``crash`` is called at named points (drills end the process there).
    ``resolver`` replaces the system's name resolution (tests).
    """

    def __init__(
        self,
        *,
        sink: Sink,
        robots: Robots,
        slots: HostSlots,
        clock: Clock,
        settings: CrawlSettings,
        fallback: Fallback,
        crash: Callable[[str], None] = lambda _point: None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._settings = settings
        self._resolver = resolver or Names()
        self._orders = Orders(most=settings.queue_size, most_per_host=settings.host_queue_size)
        self._fetcher = Fetcher(download=self._download, robots=robots, slots=slots, clock=clock, settings=settings)
        self._work = Work(fetcher=self._fetcher, fallback=fallback, clock=clock, crash=crash)
        self._wire = asyncio.Semaphore(settings.concurrent)
        self._finishing = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._units: set[asyncio.Task[None]] = set()
        self._ready = asyncio.Event()
        self._crawler: Crawler | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._is_closing = False
        self._has_begun = False
        self.beat_at = clock.monotonic()

    @property
    def busy(self) -> int:
        """Orders that were taken and are not finished."""
        return len(self._orders) + len(self._units)

    @property
    def crowded_hosts(self) -> frozenset[str]:
        """Hosts that take no more orders for now; others may still."""
        return self._orders.crowded_hosts

    async def start(self) -> None:
        """Start Scrapy and return once it takes requests; raises RuntimeError where it cannot."""
        self._supervisor = asyncio.create_task(self._supervise(), name="crawl")
        ready = asyncio.ensure_future(self._ready.wait())
        await asyncio.wait({ready, self._supervisor}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            self._supervisor.result()

    def submit(self, order: Order) -> bool:
        """Take an order; False where the queue, or its host's part of it, is full: try another host now and this one later."""
        return not self._is_closing and self.busy < self._settings.queue_size and self._orders.put(order)

    async def document(self, url: str, outlet: Outlet, kind: SourceKind) -> Answer:
        """Fetch one document for a command, as politely and guardedly as everything else; raises Trouble where there is none."""
        return await self._work.document(url, outlet, kind)

    def adopt(self, settings: CrawlSettings) -> None:
        """Fetch by other settings from the next request on; sizes of queues and limits of time stay until a restart."""
        self._settings = settings
        self._fetcher.settings = settings

    def recall(self) -> None:
        """Forget every order, those on the wire too; of what was recalled the sink hears nothing more."""
        self._orders.clear()
        for unit in self._units:
            unit.cancel()

    async def close(self) -> None:
        """Take no more orders, let what is on the wire end within a few seconds, and stop Scrapy.

        Orders that did not end are forgotten here; they are still due in the archive.
        """
        self._is_closing = True
        if self._units:
            await asyncio.wait(self._units, timeout=self._settings.close_s)
        for unit in self._units:
            unit.cancel()
        await asyncio.gather(*self._units, return_exceptions=True)
        if self._crawler is not None:
            await self._crawler.stop_async()
        if self._supervisor is not None:
            await self._supervisor
        self._work.close()

    async def _supervise(self) -> None:
        """Keep the spider alive: whatever ends it, the queue outlives it."""
        pause_s = _RESTART_S[0]
        while True:
            started = self._clock.monotonic()
            (ended,) = await asyncio.gather(self._crawl(), return_exceptions=True)
            self._ready.clear()
            self._crawler = None
            if self._is_closing:
                return
            if not self._has_begun:
                raise RuntimeError("Scrapy did not start") from ended
            if self._clock.monotonic() - started > _STEADY_S:
                pause_s = _RESTART_S[0]
            _log.error("spider ended; it is started again", reason=repr(ended), retry_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _RESTART_S[1])

    async def _crawl(self) -> None:
        """Run one spider until it ends."""
        runner = AsyncCrawlerRunner(scrapy_settings(self._settings))
        crawler = runner.create_crawler(WatchSpider)
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)
        self._crawler = crawler
        await runner.crawl(crawler, orders=self._orders, begin=self._begin, beat=self._beat, limits=self._settings, resolver=self._resolver)

    def _opened(self) -> None:
        self._has_begun = True
        self._ready.set()

    def _closed(self) -> None:
        self._ready.clear()  # who asks from now on waits for the next spider

    def _beat(self) -> None:
        self.beat_at = self._clock.monotonic()

    async def _download(self, request: Request) -> Response:
        """Let Scrapy fetch over one hop, when there is a place on the wire and the sink keeps up."""
        await self._has_room.wait()
        async with self._wire:
            await self._ready.wait()
            assert self._crawler is not None
            response: Response = await self._crawler.engine.download_async(request)
            return response

    def _begin(self, order: Order) -> tuple[Request, ...]:
        if self._is_closing:
            return ()
        unit = asyncio.create_task(self._unit(order))
        self._units.add(unit)
        unit.add_done_callback(self._ended)
        return ()

    def _ended(self, unit: asyncio.Task[None]) -> None:
        self._units.discard(unit)
        if not unit.cancelled() and (error := unit.exception()) is not None:
            _log.error("the sink failed", reason=repr(error), exc_info=error)

    async def _unit(self, order: Order) -> None:
        """Do one unit of work; its host is free for the next once it was asked, before the outcome is durable."""
        huge = self._work.huge_list()
        try:
            try:
                outcome = await (self._polled(order, huge) if isinstance(order, PollOrder) else self._arrived(order))
            finally:
                self._orders.free(order)
            await self._hand_over(outcome)
            url = next_url(outcome)
            del outcome  # what was read must not lie in memory while robots.txt is waited for
        finally:
            huge.free()
        if url and not self._is_closing:
            await self._work.prepare(url, order.outlet)

    async def _hand_over(self, outcome: Polled | Arrival) -> None:
        """Let the sink make an outcome durable."""
        self._finish(1)
        try:
            if isinstance(outcome, Polled):
                await self._sink.polled(outcome.poll, outcome.entries)
                self._work.remember(outcome.parts)
            else:
                await self._sink.arrived(outcome)
        finally:
            self._finish(-1)

    def _finish(self, more: int) -> None:
        """Count the outcomes that wait for the sink."""
        self._finishing += more
        if self._finishing >= _FINISHING:
            self._has_room.clear()
        else:
            self._has_room.set()

    async def _polled(self, order: PollOrder, huge: HugeList) -> Polled:
        (done,) = await asyncio.gather(self._work.poll(order, huge), return_exceptions=True)
        if isinstance(done, Polled):
            return done
        _log.error("poll failed", source=order.source.source_id, url=order.source.url, reason=repr(done), exc_info=done)
        source = order.source
        poll = Poll(
            source_id=source.source_id, outlet_id=source.outlet_id, at=self._clock.now(), status=PollStatus.BAD_CONTENT, url=source.url
        )
        return Polled(poll=replace(poll, error=_internal(done)))

    async def _arrived(self, order: FetchOrder) -> Arrival:
        (done,) = await asyncio.gather(self._work.page(order), return_exceptions=True)
        if isinstance(done, Arrival):
            return done
        entry = order.entry
        _log.error("fetch failed", outlet=entry.outlet_id, url=entry.url, reason=repr(done), exc_info=done)
        failure = Failure(url=entry.url or "", reason=FailureReason.UNREACHABLE, at=self._clock.now(), detail=_internal(done))
        return Arrival(entry=entry, outlet=order.outlet, result=failure)


def _internal(error: BaseException) -> str:
    return f"internal error: {type(error).__name__}: {error}"[:300]
