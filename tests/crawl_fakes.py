"""Small stand-ins for what the crawler needs from outside, and a loopback site that behaves as badly as it is told."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from aiohttp.abc import AbstractResolver, ResolveResult

from crawler.model import Arrival, Entry, Failure, Outlet, Page, Poll, Source, SourceKind, SourceRead, Validators
from crawler.ports import FetchOrder, PollOrder, RobotsCopy
from crawler.runner import Crawl, CrawlSettings
from crawler.sources import feed_fallback
from crawler.urls import source_id
from monitor.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class MemorySink:
    """Keeps what the spider found; ``gate`` closed means that nothing gets durable."""

    def __init__(self) -> None:
        self.polls: list[tuple[Poll, tuple[Entry, ...]]] = []
        self.arrivals: list[Arrival] = []
        self.waiting = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._changed = asyncio.Condition()

    async def polled(self, poll: Poll, entries: tuple[Entry, ...]) -> None:
        await self._pass()
        self.polls.append((poll, entries))
        await self._tell()

    async def arrived(self, arrival: Arrival) -> None:
        await self._pass()
        self.arrivals.append(arrival)
        await self._tell()

    async def until(self, count: int, *, within_s: float = 20.0) -> None:
        """Wait for so many outcomes, polls and arrivals together."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: len(self.polls) + len(self.arrivals) >= count)

    async def _pass(self) -> None:
        self.waiting += 1
        await self.gate.wait()
        self.waiting -= 1

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class MemoryRobots:
    def __init__(self) -> None:
        self.copies: dict[str, RobotsCopy] = {}

    async def load(self, host: str) -> RobotsCopy | None:
        return self.copies.get(host)

    async def store(self, copy: RobotsCopy) -> None:
        self.copies[copy.host] = copy


class MemorySlots:
    """First come, first served turns, as the archive keeps them, without the doubling."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next: dict[str, datetime] = {}
        self.entered: set[str] = set()
        self.lost: set[str] = set()
        self.held: dict[str, datetime] = {}
        self.reasons: list[tuple[str, str]] = []

    async def reserve(self, host: str, spacing_s: float, *, most_s: float) -> float:
        now = self._clock.now()
        turn = max(self._next.get(host, now), now)
        if (turn - now).total_seconds() <= most_s:
            self._next[host] = turn + timedelta(seconds=spacing_s)
        return (turn - now).total_seconds()

    async def enter(self, host: str, spacing_s: float) -> bool:
        assert host not in self.entered, "two requests to one host at a time"
        self.entered.add(host)
        return True

    async def confirm(self, host: str) -> bool:
        try:
            self.lost.remove(host)
        except KeyError:
            return True
        return False

    def leave(self, host: str) -> None:
        self.entered.discard(host)

    async def hold(self, host: str, until: datetime, reason: str) -> None:
        self.held[host] = max(until, self.held.get(host, until))
        self.reasons.append((host, reason))

    async def held_until(self, host: str) -> datetime | None:
        return self.held.get(host)


class StubResolver(AbstractResolver):
    """Answers names from a table; each name has a list of answers, the last of which repeats (rebinding)."""

    def __init__(self, table: Mapping[str, list[list[str]]]) -> None:
        self._table = {name: list(answers) for name, answers in table.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        self.asked.append(host)
        answers = self._table.get(host)
        if not answers:
            raise OSError(f"no such name: {host}")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Hold nothing."""


@dataclass(slots=True, kw_only=True)
class Hit:
    """One request a site saw."""

    path: str
    headers: dict[str, str]
    started: float
    ended: float = 0.0
    open_at_once: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a site answers; ``delay_s`` before the head."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


Answerer = Callable[[Hit], Reply | Awaitable[Reply]]
Raw = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Site:
    """An HTTP server on one loopback address; unknown paths answer 404, /robots.txt allows everything unless told otherwise."""

    def __init__(self, address: str = "127.0.0.5", *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.address = address
        self.port = port
        self.hits: list[Hit] = []
        self.connections = 0
        self._tls = tls
        self._open = 0
        self._replies: dict[str, Reply | Answerer] = {}
        self._raw: dict[str, Raw] = {}
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def base(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.address}:{self.port}"

    def url(self, path: str) -> str:
        return self.base + path

    def paths(self) -> list[str]:
        return [hit.path for hit in self.hits]

    def answer(self, path: str, reply: Reply | Answerer) -> None:
        self._replies[path] = reply

    def raw(self, path: str, write: Raw) -> None:
        """Let a function write whatever it likes, ending with the connection."""
        self._raw[path] = write

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, self.address, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
                while await self._serve(reader, writer):
                    pass
        finally:
            self._serving.discard(task)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split(" ")[1]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        self._open += 1
        hit = Hit(path=path, headers=headers, started=time.monotonic(), open_at_once=self._open)
        self.hits.append(hit)
        try:
            if path in self._raw:
                await self._raw[path](writer)
                return False
            await self._reply(hit, writer)
            return True
        finally:
            hit.ended = time.monotonic()
            self._open -= 1

    async def _reply(self, hit: Hit, writer: asyncio.StreamWriter) -> None:
        found = self._replies.get(hit.path, Reply(status=404))
        if callable(found):
            result = found(hit)
            found = result if isinstance(result, Reply) else await result
        if found.delay_s:
            await asyncio.sleep(found.delay_s)
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(found.body)), **found.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {found.status} X\r\n{lines}\r\n".encode("latin-1") + found.body)
        await writer.drain()


@dataclass(slots=True, kw_only=True)
class Rig:
    """A running crawl with its fakes."""

    crawl: Crawl
    sink: MemorySink
    robots: MemoryRobots
    slots: MemorySlots
    clock: Clock

    async def poll(self, source: Source, outlet: Outlet, validators: Validators | None = None) -> tuple[Poll, tuple[Entry, ...]]:
        """Poll once and return the outcome."""
        count = len(self.sink.polls) + len(self.sink.arrivals)
        assert self.crawl.submit(PollOrder(source=source, outlet=outlet, validators=validators or Validators()))
        await self.sink.until(count + 1)
        return self.sink.polls[-1]

    async def fetch(self, url: str, outlet: Outlet, *, tries: int = 1) -> Page | Failure:
        """Fetch one page and return the outcome."""
        count = len(self.sink.polls) + len(self.sink.arrivals)
        assert self.crawl.submit(FetchOrder(entry=entry(url, outlet, tries=tries), outlet=outlet))
        await self.sink.until(count + 1)
        return self.sink.arrivals[-1].result


async def until(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Wait for what tells nobody when it changes."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def no_fallback(*_: object, **__: object) -> SourceRead:
    raise AssertionError("the quick reader was expected to do")


async def patient_reader(body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime) -> SourceRead:
    """The second reader, in this process; the product runs it in a child."""
    return feed_fallback.read(body, source=source, outlet=outlet, url=url, headers=headers, now=now)


LOOPBACK = ("127.0.0.0/24",)
"""Open in most tests; 127.0.9.9 is where canaries listen."""


@asynccontextmanager
async def crawling(
    *,
    clock: Clock | None = None,
    resolver: AbstractResolver | None = None,
    fallback: Callable[..., Awaitable[SourceRead]] = no_fallback,
    **settings: object,
) -> AsyncIterator[Rig]:
    clock = clock or SystemClock()
    sink, robots, slots = MemorySink(), MemoryRobots(), MemorySlots(clock)
    told: dict[str, object] = {
        "spacing_s": 0.0,
        "allow_networks": LOOPBACK,
        "close_s": 0.5,
        "version": "9.9",
        "contact": "https://desk.example/",
    }
    limits = CrawlSettings(**{**told, **settings})  # type: ignore[arg-type]
    crawl = Crawl(sink=sink, robots=robots, slots=slots, clock=clock, settings=limits, fallback=fallback, resolver=resolver)
    await crawl.start()
    try:
        yield Rig(crawl=crawl, sink=sink, robots=robots, slots=slots, clock=clock)
    finally:
        sink.gate.set()
        await crawl.close()


def outlet_of(*urls: str, kind: SourceKind = SourceKind.FEED, **options: object) -> Outlet:
    """An outlet whose sources are these URLs."""
    sources = tuple(Source(source_id=source_id("gazette", url), outlet_id="gazette", kind=kind, url=url) for url in urls)
    return Outlet(outlet_id="gazette", name="Gazette", home=urls[0], language="de", sources=sources, **options)  # type: ignore[arg-type]


def entry(url: str | None, outlet: Outlet, *, tries: int = 0) -> Entry:
    return Entry(key=url or "none", url=url, outlet_id=outlet.outlet_id, source_id=outlet.sources[0].source_id, title="Titel", tries=tries)


def rss(*links: str) -> bytes:
    items = "".join(f"<item><title>Artikel {i}</title><link>{link}</link><guid>{link}</guid></item>" for i, link in enumerate(links))
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Gazette</title>{items}</channel></rss>'.encode()


def feed_reply(*links: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body=rss(*links), headers={"Content-Type": "application/rss+xml", **named})


PAGE = Reply(body=b"<!doctype html><html><head><title>Ein Titel</title></head><body><p>Ein Satz.</p></body></html>")
