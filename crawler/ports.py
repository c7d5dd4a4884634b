"""What the crawler needs from outside, as Protocols; the archive implements them and the daemon wires them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crawler.model import Arrival, Article, Entry, Outlet, Poll, Source, Validators


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsCopy:
    """A cached robots.txt: ``state`` is ok, absent (4xx) or unreachable; ``body`` the last good copy; times aware UTC."""

    host: str
    state: str
    body: str
    fetched_at: datetime
    good_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOrder:
    """A source that is due, with what makes its poll conditional."""

    source: Source
    outlet: Outlet
    validators: Validators


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOrder:
    """An entry that is due."""

    entry: Entry
    outlet: Outlet


class Robots(Protocol):
    """Where robots.txt copies are kept, keyed by ``scheme://host[:port]``. Raise ArchiveError when the archive is down."""

    async def load(self, host: str) -> RobotsCopy | None: ...
    async def store(self, copy: RobotsCopy) -> None: ...


class HostSlots(Protocol):
    """First come, first served turns at a host, which one asker at a time has to itself.

    ``reserve`` books the next turn ``spacing_s`` after the one before and returns the seconds until it; a turn more than ``most_s`` away
    is told and not booked. When it has come, ``enter`` waits until nobody else is asking the host and takes it, or returns False where
    the host was stopped meanwhile. ``confirm`` is called when the request is about to go out, and says whether the host is ours for as
    long as a request may take. ``leave`` frees it, and may be called by who has not got it. ``hold`` stops a host until a time (429, 503)
    and doubles its spacing; ``held_until`` tells whether it is stopped.
    """

    async def reserve(self, host: str, spacing_s: float, *, most_s: float) -> float: ...
    async def enter(self, host: str, spacing_s: float) -> bool: ...
    async def confirm(self, host: str) -> bool: ...
    def leave(self, host: str) -> None: ...
    async def hold(self, host: str, until: datetime, reason: str) -> None: ...
    async def held_until(self, host: str) -> datetime | None: ...


class Sink(Protocol):
    """Where the spider puts what it found. Both return only when the work is durable, so back-pressure reaches the spider."""

    async def polled(self, poll: Poll, entries: tuple[Entry, ...]) -> None: ...
    async def arrived(self, arrival: Arrival) -> None: ...


class Reader(Protocol):
    """Reads an arrival into an article; never raises for a bad page, which becomes a teaser with its status."""

    async def read(self, arrival: Arrival) -> Article: ...
