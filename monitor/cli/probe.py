"""Asks sources and pages once, politely and behind the guard, and remembers nothing: for checks and tests of rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from typing import Final

from crawler import urls
from crawler.children import Children
from crawler.model import Arrival, Article, Entry, Outlet, Poll, Source, SourceKind, Validators
from crawler.ports import FetchOrder, PollOrder, RobotsCopy
from crawler.runner import Answer as Document
from crawler.runner import Crawl, CrawlSettings
from monitor.clock import Clock
from monitor.config.settings import Settings

_MANY: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A page that was fetched, what was read from it, and what the general way reads where the outlet has selectors of its own."""

    arrival: Arrival
    article: Article
    default: Article | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a source answered, and what some of its articles were read into."""

    outlet: Outlet
    source: Source
    poll: Poll
    entries: tuple[Entry, ...]
    samples: tuple[Sample, ...] = ()

    @property
    def articles(self) -> tuple[Article, ...]:
        """What was read."""
        return tuple(sample.article for sample in self.samples)


class _Notebook:
    """Implements the crawler's ports in memory: robots.txt copies, turns at hosts, and where finds go."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._robots: dict[str, RobotsCopy] = {}
        self._turns: dict[str, float] = {}
        self._held: dict[str, datetime] = {}
        self.polls: dict[str, asyncio.Future[tuple[Poll, tuple[Entry, ...]]]] = {}
        self.pages: dict[str, asyncio.Future[Arrival]] = {}

    async def load(self, host: str) -> RobotsCopy | None:
        return self._robots.get(host)

    async def store(self, copy: RobotsCopy) -> None:
        self._robots[copy.host] = copy

    async def reserve(self, host: str, spacing_s: float, *, most_s: float) -> float:
        now = self._clock.monotonic()
        turn = max(now, self._turns.get(host, now))
        if turn - now <= most_s:
            self._turns[host] = turn + spacing_s
        return turn - now

    async def enter(self, host: str, spacing_s: float) -> bool:  # noqa: ARG002 - the port's own signature
        return True

    async def confirm(self, host: str) -> bool:  # noqa: ARG002 - the port's own signature
        return True

    def leave(self, host: str) -> None:
        """Nobody else asks."""

    async def hold(self, host: str, until: datetime, reason: str) -> None:  # noqa: ARG002 - the port's own signature
        self._held[host] = until

    async def held_until(self, host: str) -> datetime | None:
        until = self._held.get(host)
        return until if until is not None and until > self._clock.now() else None

    async def polled(self, poll: Poll, entries: tuple[Entry, ...]) -> None:
        self.polls[poll.source_id].set_result((poll, entries))

    async def arrived(self, arrival: Arrival) -> None:
        self.pages[arrival.entry.key].set_result(arrival)


class Probe:
    """One crawl that ends with the command."""

    def __init__(self, crawl: Crawl, children: Children, notebook: _Notebook) -> None:
        self._crawl = crawl
        self._children = children
        self._notebook = notebook

    async def ask(self, outlet: Outlet, source: Source, *, articles: int) -> Answer:
        """Poll a source and read some of the articles it lists."""
        found: asyncio.Future[tuple[Poll, tuple[Entry, ...]]] = asyncio.get_running_loop().create_future()
        self._notebook.polls[source.source_id] = found
        self._submit(PollOrder(source=source, outlet=outlet, validators=Validators()))
        poll, entries = await found
        chosen = [entry for entry in entries if entry.url][:articles]
        samples = await asyncio.gather(*(self._sample(outlet, entry) for entry in chosen))
        return Answer(outlet=outlet, source=source, poll=poll, entries=entries, samples=tuple(samples))

    async def read(self, outlet: Outlet, entry: Entry) -> Article:
        """Fetch one page and read it; where there is none, the entry's teaser."""
        return await self._children.read(await self._fetch(outlet, entry))

    async def _sample(self, outlet: Outlet, entry: Entry) -> Sample:
        arrival = await self._fetch(outlet, entry)
        article = await self._children.read(arrival)
        plain = replace(arrival, outlet=replace(outlet, selectors=None))
        return Sample(arrival=arrival, article=article, default=await self._children.read(plain) if outlet.selectors else None)

    async def _fetch(self, outlet: Outlet, entry: Entry) -> Arrival:
        pages = self._notebook.pages
        if entry.key not in pages:  # two sources may list one article
            pages[entry.key] = asyncio.get_running_loop().create_future()
            self._submit(FetchOrder(entry=entry, outlet=outlet))
        return await asyncio.shield(pages[entry.key])

    async def document(self, url: str, outlet: Outlet, kind: SourceKind) -> Document:
        """Fetch one document; raises Trouble where there is none."""
        return await self._crawl.document(url, outlet, kind)

    async def robots(self, url: str) -> str:
        """The robots.txt of a URL's host, as far as it was read; empty where there is none."""
        copy = await self._notebook.load(urls.origin(url))
        return copy.body if copy is not None else ""

    def _submit(self, order: PollOrder | FetchOrder) -> None:
        is_taken = self._crawl.submit(order)
        assert is_taken, "the queue holds more than a command asks"


@asynccontextmanager
async def probing(settings: Settings, clock: Clock) -> AsyncIterator[Probe]:
    """Start a crawl and end it."""
    notebook = _Notebook(clock)
    async with AsyncExitStack() as ending:
        children = Children(1)
        await children.start()
        ending.push_async_callback(children.close)
        crawl = Crawl(
            sink=notebook,
            robots=notebook,
            slots=notebook,
            clock=clock,
            settings=replace(crawl_settings(settings), queue_size=_MANY, host_queue_size=_MANY),
            fallback=children.read_feed,
        )
        await crawl.start()
        ending.push_async_callback(crawl.close)
        yield Probe(crawl, children, notebook)


def crawl_settings(settings: Settings) -> CrawlSettings:
    """Say to the crawler what a person set."""
    return CrawlSettings(
        version=version("presswatch"),
        contact=settings.contact or "",
        spacing_s=settings.spacing_s,
        allow_networks=settings.allow_networks,
        on_tdm=settings.on_tdm,
    )


def outlet_of(url: str, outlets: Sequence[Outlet]) -> Outlet:
    """Return the outlet a URL belongs to, by its host; a nameless one where there is none."""
    host = urls.host_key(url)
    bare = host.removeprefix("www.")
    for outlet in outlets:
        known = [urls.host_key(outlet.home), *(urls.host_key(source.url) for source in outlet.sources)]
        if any(host == k or bare == k.removeprefix("www.") for k in known):
            return outlet
    return Outlet(outlet_id=urls.slug(host), name=host, home=urls.origin(url))
