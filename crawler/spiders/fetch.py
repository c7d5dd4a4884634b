"""How one document is had: the guard, robots.txt, the host's turn, then every hop of a redirect the same way again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import NoReturn, Protocol
from weakref import WeakValueDictionary

from scrapy import Request
from scrapy.http import Response

from crawler import guard, politeness, urls
from crawler.model import Outlet, TdmPolicy
from crawler.ports import HostSlots, Robots
from crawler.spiders import access
from crawler.spiders.dial import CUT, Door
from crawler.spiders.permission import Permissions
from crawler.spiders.settings import CrawlSettings
from crawler.spiders.transfer import Lost, Transfer
from crawler.spiders.trouble import Cause, Trouble, cause_of
from crawler.spiders.unpack import ACCEPTED

Download = Callable[[Request], Awaitable[Response]]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ASKED_TO_WAIT = frozenset({429, 503})


class Clock(Protocol):
    """Tells aware UTC time; the daemon brings it."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A document wanted for an outlet: ``headers`` go out with every hop, ``limit`` is in bytes.

    ``is_rules`` marks robots.txt and tdmrep.json, which are asked for without asking robots.txt and read up to the limit, not refused.
    ``has_strayed`` is set once a redirect has led to another origin: the outlet's own headers go no further, nor back.
    """

    url: str
    outlet: Outlet
    limit: int
    headers: Mapping[str, str] = field(default_factory=dict)
    is_rules: bool = False
    has_strayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back after all redirects; header names are lower case, ``robots`` says why we were allowed to ask."""

    url: str
    http_status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    is_cut: bool = False
    robots: str = ""


class Fetcher:
    """Fetches documents politely and safely; ``download`` takes one request over one hop."""

    def __init__(self, *, download: Download, robots: Robots, slots: HostSlots, clock: Clock, settings: CrawlSettings) -> None:
        self.settings = settings
        self._download = download
        self._slots = slots
        self._clock = clock
        self._permissions = Permissions(robots=robots, get=self.get, clock=clock)
        self._hosts: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._refusals: dict[str, int] = {}

    async def get(self, ask: Ask) -> Answer:
        """Return the answer with any status but a redirect; raises Trouble where there is none."""
        url, seen = _plain(ask.url), set[str]()
        while len(seen) <= self.settings.redirects:
            seen.add(url)
            robots, response = await self._hop(url, ask)
            target = _target(response)
            if target is None:
                return Answer(
                    url=url,
                    http_status=response.status,
                    headers=_headers(response),
                    body=response.body,
                    is_cut=CUT in response.flags,
                    robots=robots,
                )
            if target in seen:
                raise Trouble(
                    Cause.REDIRECTS, f"redirects in a circle at {target}", http_status=response.status, final_url=url, robots=robots
                )
            if urls.origin(target) != urls.origin(url):
                ask = replace(ask, has_strayed=True)
            url = target
        raise Trouble(Cause.REDIRECTS, f"more than {self.settings.redirects} redirects", http_status=response.status, final_url=url)

    async def tdm(self, ask: Ask, answer: Answer) -> tuple[politeness.Tdm, bool]:
        """Say what the outlet reserved for a fetched page, and whether all it may say was read."""
        must_know = self.settings.on_tdm is not TdmPolicy.RECORD
        return await self._permissions.tdm(ask, answer, agent=self.settings.user_agent(ask.outlet), must_know=must_know)

    async def prepare(self, url: str, outlet: Outlet) -> None:
        """Read the rules of an origin whose pages will be asked for."""
        if guard.check_url(url, open_networks=self.settings.open_networks(outlet)) is None:
            await self._permissions.prepare(Ask(url=_plain(url), outlet=outlet, limit=0), agent=self.settings.user_agent(outlet))

    async def _hop(self, url: str, ask: Ask) -> tuple[str, Response]:
        """Take one hop, with why we may."""
        robots = ""
        try:
            robots, spacing_s = await self._permission(url, ask)
            return robots, await self._take(url, ask, spacing_s)
        except Trouble as trouble:
            trouble.final_url = trouble.final_url or url
            trouble.robots = trouble.robots or robots
            raise

    async def _permission(self, url: str, ask: Ask) -> tuple[str, float]:
        """Return why we may ask for a URL and how far apart requests to its host are; raises Trouble where we may not."""
        networks = self.settings.open_networks(ask.outlet)
        reason = guard.check_url(url, open_networks=networks)
        if reason is not None:
            raise Trouble(Cause.ADDRESS, reason, final_url=url)
        spacing_s = self.settings.spacing(ask.outlet)
        if ask.is_rules:
            return "", spacing_s
        decision = await self._permissions.robots(url, ask, agent=self.settings.user_agent(ask.outlet))
        return decision.reason, max(spacing_s, decision.crawl_delay_s or 0.0)

    async def _take(self, url: str, ask: Ask, spacing_s: float) -> Response:
        """Fetch over one hop when the host's turn comes; one request per host at a time."""
        host = urls.host_key(url)
        lock = self._hosts.setdefault(host, asyncio.Lock())
        async with lock:
            while (response := await self._ask_once(host, url, ask, spacing_s)) is None:
                pass
            self._refusals.pop(host, None)
            return response

    async def _ask_once(self, host: str, url: str, ask: Ask, spacing_s: float) -> Response | None:
        """Take a turn and fetch; None where the turn was lost before anything was sent."""
        try:
            await self._turn(host, spacing_s)
            async with Transfer(partial(self._slots.confirm, host)) as transfer:
                response = await self._download(self._request(url, ask, transfer))
            if response.status in _ASKED_TO_WAIT:
                await self._stop(host, response)
        except Lost:
            return None
        finally:
            self._slots.leave(host)  # only now that a hold is on record may somebody else ask
        return response

    async def _turn(self, host: str, spacing_s: float) -> None:
        """Wait until we may ask this host and have it to ourselves; raises Trouble where that is long from now."""
        await self._sit_out(host)
        wait_s = await self._slots.reserve(host, spacing_s, most_s=self.settings.pace_patience_s)
        if wait_s > self.settings.pace_patience_s:
            raise Trouble(Cause.PUT_OFF, f"the next turn at {host} is {wait_s:.0f} s away", retry_after_s=wait_s)
        if wait_s > 0:
            await asyncio.sleep(wait_s)
            await self._sit_out(host)  # another source of the host may have been told to wait meanwhile
        while not await self._slots.enter(host, spacing_s):
            await self._sit_out(host)

    async def _sit_out(self, host: str) -> None:
        while (until := await self._slots.held_until(host)) is not None:
            wait_s = (until - self._clock.now()).total_seconds()
            if wait_s <= 0:
                return
            if wait_s > self.settings.patience_s:
                raise Trouble(Cause.PUT_OFF, f"{host} asked us to wait until {until:%H:%M:%S} UTC", retry_after_s=wait_s)
            await asyncio.sleep(wait_s)

    def _request(self, url: str, ask: Ask, transfer: Transfer) -> Request:
        settings, outlet = self.settings, ask.outlet
        headers = {
            "User-Agent": settings.user_agent(outlet),
            "Accept": "*/*",
            "Accept-Encoding": ACCEPTED,
            **({"Accept-Language": f"{outlet.language}, *;q=0.5"} if outlet.language else {}),
            **ask.headers,
        }
        if outlet.headers_file and not ask.has_strayed and access.is_own(url, outlet):
            headers.update(access.read_headers(outlet.headers_file))
        door = Door(open_networks=settings.open_networks(outlet), verify_tls=outlet.verify_tls, ca_file=outlet.ca_file, proxy=outlet.proxy)
        meta = {
            "door": door,
            "limit": ask.limit,
            "cut": ask.is_rules,
            "download_slot": urls.host_key(url),
            "verbatim_url": True,
            "transfer": transfer,
        }
        return Request(url, headers=headers, meta=meta, dont_filter=True)

    async def _stop(self, host: str, response: Response) -> NoReturn:
        """Leave the whole host alone as it asked, the longer the more often it did in a row, and raise Trouble."""
        now = self._clock.now()
        refusals = self._refusals[host] = self._refusals.get(host, 0) + 1
        asked_s = politeness.retry_after_s(_headers(response).get("retry-after"), now)
        until = politeness.hold_until(now, asked_s=asked_s, refusals=refusals)
        await self._slots.hold(host, until, f"answered {response.status}")
        detail = f"answered {response.status}; {host} is left alone until {until:%Y-%m-%d %H:%M:%S} UTC"
        wait_s = (until - now).total_seconds()
        raise Trouble(Cause.BUSY, detail, http_status=response.status, retry_after_s=wait_s, final_url=response.url)


def check(answer: Answer) -> None:
    """Raise Trouble where an answer's status says that it is no document."""
    cause = cause_of(answer.http_status, answer.headers)
    if cause is not None:
        raise Trouble(cause, f"answered {answer.http_status}", http_status=answer.http_status, final_url=answer.url, robots=answer.robots)


def _plain(url: str) -> str:
    """The URL as a browser would send it; what cannot be parsed is left for the guard to refuse."""
    try:
        return urls.resolve(url).partition("#")[0]
    except ValueError:
        return url


def _target(response: Response) -> str | None:
    """Where a redirect leads; a redirect that leads nowhere is an answer like any other."""
    if response.status not in _REDIRECTS:
        return None
    location = response.headers.get("Location")
    if not location:
        return None
    try:
        text = location.decode("utf-8")
    except UnicodeDecodeError:
        text = location.decode("latin-1")
    try:
        return urls.resolve(text, response.url).partition("#")[0]
    except ValueError as error:
        raise Trouble(Cause.ADDRESS, f"redirects to a URL that {error}", http_status=response.status, final_url=response.url) from error


def _headers(response: Response) -> dict[str, str]:
    """Header names in lower case, repeated ones joined as HTTP says."""
    return {name.decode("latin-1").lower(): b", ".join(values).decode("latin-1") for name, values in response.headers.items()}
