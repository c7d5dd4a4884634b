"""A newsstand on loopback: outlets that publish by a script or on demand, politely or not, and a log of who asked for what."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from aiohttp import web

from crawler import urls
from crawler.model import Outlet, Source, SourceKind
from monitor.clock import Clock, SystemClock
from monitor.demo import feeds, pages
from monitor.demo.faults import Faults, Visit, misbehave
from monitor.demo.script import Change, Door, Paper, Piece, Script

WINDOW = 20
"""How many articles a list shows."""

_PORT_TRIES = 20
_NOT_MODIFIED = 304


@dataclass(slots=True, kw_only=True)
class Hit:
    """One request: ``what`` is feed, sitemap, listing, json_api, article, robots or other; times from the monotonic clock."""

    outlet_id: str
    what: str
    path: str
    headers: dict[str, str] = field(repr=False)
    began: float
    ended: float | None = None
    status: int | None = None
    open_at_once: int = 1


@dataclass(slots=True, kw_only=True)
class _Printed:
    """An article that is out."""

    piece: Piece
    published_at: datetime
    modified_at: datetime
    is_withdrawn: bool = False


@dataclass(slots=True, kw_only=True)
class _Stall:
    """One outlet: its address and what it has out."""

    paper: Paper
    address: str
    printed: dict[str, _Printed] = field(default_factory=dict)
    open_now: int = 0


class Newsstand:
    """Serves a script's outlets on consecutive loopback addresses and one port (0: a free one).

    ``speed`` makes the script run faster or slower. ``hits`` is the log of requests, ``faults`` what goes wrong.
    """

    def __init__(
        self, script: Script, *, base_address: str = "127.0.77.1", port: int = 0, speed: float = 1.0, clock: Clock | None = None
    ) -> None:
        first = int(ipaddress.IPv4Address(base_address))
        self.port = port
        self.speed = speed
        self.hits: list[Hit] = []
        self.faults = Faults()
        self._script = script
        self._clock = clock or SystemClock()
        self._stalls = {
            paper.outlet_id: _Stall(paper=paper, address=str(ipaddress.IPv4Address(first + n))) for n, paper in enumerate(script.papers)
        }
        self._by_address = {stall.address: stall for stall in self._stalls.values()}
        self._runner: web.ServerRunner | None = None
        self._play: asyncio.Task[None] | None = None
        self._count = 0
        self.played = asyncio.Event()

    async def start(self) -> None:
        """Open the stand and begin the script."""
        runner = web.ServerRunner(web.Server(self._serve, access_log=None, logger=_quiet()), handle_signals=False, shutdown_timeout=0.1)
        await runner.setup()
        self._runner = runner
        sockets = _bind([stall.address for stall in self._stalls.values()], self.port)
        self.port = sockets[0].getsockname()[1]
        for bound in sockets:
            await web.SockSite(runner, bound).start()
        opened_at = self._clock.now()
        for piece in self._script.pieces:
            if piece.at <= 0:
                self._print(piece, opened_at + timedelta(seconds=piece.at))
        self._play = asyncio.create_task(self._perform(), name="newsstand")

    async def close(self) -> None:
        """Close the stand; unfinished answers are broken off."""
        if self._play is not None:
            self._play.cancel()
            with suppress(asyncio.CancelledError):
                await self._play
        if self._runner is not None:
            await self._runner.cleanup()

    def outlets(self) -> tuple[Outlet, ...]:
        """The outlets as they are watched: loopback open to each for its own address, no spacing, polled every second."""
        return tuple(self._outlet(stall) for stall in self._stalls.values())

    def base(self, outlet_id: str) -> str:
        """``http://address:port`` of an outlet."""
        return f"http://{self._stalls[outlet_id].address}:{self.port}"

    def url(self, article_id: str) -> str:
        """Where an article is, or will be, printed."""
        outlet_id = next((s.paper.outlet_id for s in self._stalls.values() if article_id in s.printed), None) or next(
            piece.outlet_id for piece in self._script.pieces if piece.article_id == article_id
        )
        return f"{self.base(outlet_id)}/artikel/{article_id}"

    def publish(
        self,
        outlet_id: str,
        headline: str,
        text: str,
        *,
        lead: str = "",
        author: str = "Redaktion",
        section: str = "",
        published_at: datetime | None = None,
        article_id: str | None = None,
    ) -> str:
        """Print an article now and return its URL."""
        self._count += 1
        piece = Piece(
            article_id=article_id or f"stueck-{self._count}",
            outlet_id=outlet_id,
            headline=headline,
            text=text,
            lead=lead or headline,
            author=author,
            section=section,
        )
        self._print(piece, published_at or self._clock.now())
        return self.url(piece.article_id)

    def change(self, article_id: str, *, headline: str = "", text: str = "", is_withdrawn: bool = False) -> None:
        """Print an article differently from now on, or no more."""
        self._apply(Change(at=0, article_id=article_id, headline=headline, text=text, is_withdrawn=is_withdrawn))

    async def _perform(self) -> None:
        """Play the script on time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        acts: list[tuple[float, Callable[[], None]]] = [
            *((p.at, lambda p=p: self._print(p, self._clock.now())) for p in self._script.pieces if p.at > 0),
            *((c.at, lambda c=c: self._apply(c)) for c in self._script.changes),
        ]
        for at, act in sorted(acts, key=lambda found: found[0]):
            await asyncio.sleep(max(began + at / self.speed - loop.time(), 0))
            act()
        self.played.set()

    def _print(self, piece: Piece, at: datetime) -> None:
        stamp = at.replace(microsecond=0)
        self._stalls[piece.outlet_id].printed[piece.article_id] = _Printed(piece=piece, published_at=stamp, modified_at=stamp)

    def _apply(self, change: Change) -> None:
        stall = next(s for s in self._stalls.values() if change.article_id in s.printed)
        printed = stall.printed[change.article_id]
        printed.piece = change.apply(printed.piece)
        printed.modified_at = self._clock.now().replace(microsecond=0)
        printed.is_withdrawn = change.is_withdrawn

    def _outlet(self, stall: _Stall) -> Outlet:
        paper, base = stall.paper, self.base(stall.paper.outlet_id)
        sources = tuple(
            Source(
                source_id=urls.source_id(paper.outlet_id, base + door.path),
                outlet_id=paper.outlet_id,
                kind=door.kind,
                url=base + door.path,
                fields=feeds.JSON_API_FIELDS if door.kind is SourceKind.JSON_API else {},
                link_pattern="/artikel/" if door.kind is SourceKind.LISTING else None,
            )
            for door in paper.doors
        )
        return Outlet(
            outlet_id=paper.outlet_id,
            name=paper.name,
            home=f"{base}/",
            country=paper.country,
            language=paper.language,
            tier=paper.tier,
            sources=sources,
            poll_every_s=1.0,
            spacing_s=0.0,
            allow_networks=(f"{stall.address}/32",),
        )

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Log a request and answer it, rightly or as a fault says."""
        assert request.transport is not None
        stall = self._by_address[request.transport.get_extra_info("sockname")[0]]
        what = _kind_of(stall.paper, request.path)
        stall.open_now += 1
        hit = Hit(
            outlet_id=stall.paper.outlet_id,
            what=what,
            path=request.path_qs,
            headers={name.lower(): value for name, value in request.headers.items()},
            began=self._clock.monotonic(),
            open_at_once=stall.open_now,
        )
        self.hits.append(hit)
        try:
            response = await self._answer(request, stall, what)
            hit.status = response.status
            return response
        finally:
            stall.open_now -= 1
            hit.ended = self._clock.monotonic()

    async def _answer(self, request: web.BaseRequest, stall: _Stall, what: str) -> web.StreamResponse:
        fault = self.faults.take(stall.paper.outlet_id, what)
        if fault is not None:
            response = await misbehave(Visit(request=request, fault=fault, now=self._clock.now(), what=what))
            if response is not None:
                return response
        if what == "robots":
            return web.Response(text=stall.paper.robots)
        if what == "article":
            return self._article(request, stall, request.path.rpartition("/")[2])
        door = next((d for d in stall.paper.doors if d.path == request.path), None)
        if door is None and request.path != "/":
            return web.Response(status=404, text="404")
        return self._list(request, stall, door or Door(kind=SourceKind.LISTING, path="/"))

    def _list(self, request: web.BaseRequest, stall: _Stall, door: Door) -> web.Response:
        """A list with its validators, or 304 where the reader has it."""
        items = self._items(stall)
        text, kind = feeds.listing(door, stall.paper, self.base(stall.paper.outlet_id), items)
        body = text.encode("utf-8" if kind.endswith("json") else stall.paper.charset, "xmlcharrefreplace")
        modified_at = max((item.modified_at for item in items), default=None)
        headers = {"ETag": f'"{sha256(body).hexdigest()[:16]}"', "Cache-Control": "max-age=1"}
        if modified_at:
            headers["Last-Modified"] = format_datetime(modified_at, usegmt=True)
        if _is_known(request, headers["ETag"], modified_at):
            return web.Response(status=_NOT_MODIFIED, headers=headers)
        charset = "" if kind.endswith("json") else f"; charset={stall.paper.declared}"
        return web.Response(body=body, headers={**headers, "Content-Type": kind + charset})

    def _article(self, request: web.BaseRequest, stall: _Stall, article_id: str) -> web.Response:
        printed = stall.printed.get(article_id)
        if printed is None:
            return web.Response(status=404, text="404")
        if printed.is_withdrawn:
            return web.Response(status=410, text="410")
        items = {item.guid: item for item in self._items(stall, count=len(stall.printed))}
        item = items.pop(article_id)
        text = pages.article(stall.paper, printed.piece, item, tuple(items.values()))
        body = text.encode(stall.paper.charset, "xmlcharrefreplace")
        tag = f'"{sha256(f"{printed.piece.headline}|{printed.piece.text}".encode()).hexdigest()[:16]}"'  # what stands beside the article is no part of it
        if _is_known(request, tag, None):
            return web.Response(status=_NOT_MODIFIED, headers={"ETag": tag})
        return web.Response(body=body, headers={"Content-Type": f"text/html; charset={stall.paper.declared}", "ETag": tag})

    def _items(self, stall: _Stall, *, count: int = WINDOW) -> list[feeds.Item]:
        base = self.base(stall.paper.outlet_id)
        newest = [p for p in reversed(stall.printed.values()) if not p.is_withdrawn]
        out = sorted(newest, key=lambda p: p.published_at, reverse=True)
        return [
            feeds.Item(
                url=f"{base}/artikel/{p.piece.article_id}",
                guid=p.piece.article_id,
                headline=p.piece.headline,
                lead=p.piece.lead,
                author=p.piece.author,
                section=p.piece.section,
                published_at=p.published_at,
                modified_at=p.modified_at,
            )
            for p in out[:count]
        ]


def _quiet() -> logging.Logger:
    """A logger that keeps to itself: readers that hang up on a fault are what the fault is for."""
    log = logging.getLogger("monitor.demo")
    log.setLevel(logging.CRITICAL)
    return log


def _kind_of(paper: Paper, path: str) -> str:
    """What a path of an outlet holds."""
    if path == "/robots.txt":
        return "robots"
    if path.startswith("/artikel/"):
        return "article"
    return next((door.kind.value for door in paper.doors if door.path == path), "listing" if path == "/" else "other")


def _is_known(request: web.BaseRequest, etag: str, modified_at: datetime | None) -> bool:
    """RFC 9110: the entity tag decides where the reader sent one."""
    if (sent := request.headers.get("If-None-Match")) is not None:
        return etag in {part.strip().removeprefix("W/") for part in sent.split(",")}
    since = request.headers.get("If-Modified-Since")
    if since is None or modified_at is None:
        return False
    try:
        return modified_at <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


def _bind(addresses: list[str], port: int) -> list[socket.socket]:
    """Bind one port on every address; where any will do, another is tried until it is free on all."""
    for _ in range(_PORT_TRIES):
        bound: list[socket.socket] = []
        try:
            for address in addresses:
                taken = bound[0].getsockname()[1] if bound else port
                bound.append(_listening(address, taken))
        except OSError as error:
            for one in bound:
                one.close()
            if port or error.errno != errno.EADDRINUSE:
                raise
        else:
            return bound
    raise OSError(errno.EADDRINUSE, f"no port is free on all of {addresses[0]} to {addresses[-1]}")


def _listening(address: str, port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address, port))
        found.listen(128)
        found.setblocking(False)
    except OSError:
        found.close()
        raise
    return found
