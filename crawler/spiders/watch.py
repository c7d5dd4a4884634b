"""The one spider, which never ends: takes orders as their hosts come free and begins a unit of work for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable

from aiohttp.abc import AbstractResolver
from scrapy import Request, Spider

from crawler.spiders.orders import Order, Orders
from crawler.spiders.settings import CrawlSettings

_IDLE_BEAT_S = 1.0


class WatchSpider(Spider):  # type: ignore[misc]  # Scrapy is untyped for us
    """Fed by a queue instead of start URLs.

    A unit of work is one coroutine that asks Scrapy's engine for every document it needs (robots.txt, redirects, the parts of a
    sitemap index) and then awaits the sink, so that it reads from top to bottom; callbacks would scatter it over as many methods.
    """

    name = "watch"

    def __init__(
        self,
        *,
        orders: Orders,
        begin: Callable[[Order], Iterable[Request]],
        beat: Callable[[], None],
        limits: CrawlSettings,
        resolver: AbstractResolver,
    ) -> None:
        super().__init__()
        self.orders = orders
        self.begin = begin
        self.beat = beat
        self.limits = limits
        self.resolver = resolver

    async def start(self) -> AsyncIterator[Request]:
        """Take orders until the engine cancels us."""
        while True:
            self.beat()
            order = await self.orders.get(patience_s=_IDLE_BEAT_S)
            if order is None:
                continue
            for request in self.begin(order):  # none: a unit of work asks the engine itself
                yield request
