"""What an origin allows: its robots.txt and its tdmrep.json, fetched when needed and kept for a day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from crawler import politeness, urls
from crawler.politeness import RobotsDecision, Tdm, TdmRule
from crawler.ports import Robots, RobotsCopy
from crawler.spiders.trouble import Cause, Trouble, cause_of

if TYPE_CHECKING:
    from crawler.spiders.fetch import Answer, Ask, Clock

_TDM_KEPT = timedelta(hours=24)
_TDM_ORIGINS = 10_000
_TDM_RULES = 1_000
_NOT_RULES = frozenset({Cause.ADDRESS, Cause.BUSY, Cause.PUT_OFF})
"""Troubles on the way to tdmrep.json that say nothing about it: it is asked for again with the next page."""


class Permissions:
    """Decides by the outlet's own words; ``get`` fetches a document."""

    def __init__(self, *, robots: Robots, get: Callable[[Ask], Awaitable[Answer]], clock: Clock) -> None:
        self._robots = robots
        self._get = get
        self._clock = clock
        self._fetching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tdm: dict[str, tuple[datetime, tuple[TdmRule, ...]]] = {}

    async def robots(self, url: str, ask: Ask, *, agent: str) -> RobotsDecision:
        """Return the permission to fetch a URL, with its reason; raises Trouble where there is none."""
        copy = await self._copy(urls.origin(url), ask)
        now = self._clock.now()
        decision = politeness.robots_decision(copy, url, agent, now)
        if decision.is_allowed:
            return decision
        is_silent = copy.state == "unreachable" and (copy.good_at is None or now - copy.good_at >= politeness.ROBOTS_KEPT)
        cause = Cause.UNREACHABLE if is_silent else Cause.ROBOTS  # silence passes, a refusal stays
        raise Trouble(cause, decision.reason, final_url=url, robots=decision.reason)

    async def tdm(self, ask: Ask, answer: Answer, *, agent: str, must_know: bool) -> tuple[Tdm, bool]:
        """Say what was reserved for a page, by its own words, its headers or its origin's file, and whether all three were read.

        The file is waited for only where ``must_know``: a page that will be read anyway is not held up by a host's pace.
        """
        found = politeness.tdm_reservation(answer.url, headers=answer.headers, body=answer.body)
        if found.is_reserved is not None:
            return found, True
        origin = urls.origin(answer.url)
        rules = await self._tdm_rules(origin, ask, agent) if must_know else self._known_rules(origin)
        if rules is None:
            return found, False
        return politeness.tdm_reservation(answer.url, headers=answer.headers, body=answer.body, rules=rules), True

    async def prepare(self, ask: Ask, *, agent: str) -> None:
        """Read the rules of a URL's origin ahead of the pages that will be asked for there."""
        await self._tdm_rules(urls.origin(ask.url), ask, agent)

    async def _copy(self, origin: str, ask: Ask) -> RobotsCopy:
        """Return the robots.txt to decide by; one fetch at a time for an origin, the others wait for it."""
        kept = await self._robots.load(origin)
        if kept is not None and not politeness.is_stale(kept, self._clock.now()):
            return kept
        lock = self._fetching.setdefault(origin, asyncio.Lock())
        async with lock:
            kept = await self._robots.load(origin)
            if kept is not None and not politeness.is_stale(kept, self._clock.now()):
                return kept
            copy = await self._fetch_robots(origin, ask, kept)
            await self._robots.store(copy)
            return copy

    async def _fetch_robots(self, origin: str, ask: Ask, last: RobotsCopy | None) -> RobotsCopy:
        """Fetch robots.txt; what keeps us from it (a refused address, a redirect that never ends) is never taken for leave."""
        wanted = replace(ask, url=politeness.robots_url(origin), headers={}, limit=politeness.ROBOTS_MAX_BYTES, is_rules=True)
        try:
            answer = await self._get(wanted)
        except Trouble as trouble:
            if trouble.cause in {Cause.BUSY, Cause.PUT_OFF}:
                raise  # the host stands still as a whole, and is asked again when it may be
            if trouble.cause is Cause.ADDRESS and trouble.final_url == wanted.url:
                raise  # the origin itself is out of reach, not its rules
            status = trouble.http_status if trouble.cause is Cause.REDIRECTS else None
            return politeness.robots_copy(origin, status=status, body=b"", now=self._clock.now(), last=last, error=trouble.detail)
        return politeness.robots_copy(origin, status=answer.http_status, body=answer.body, now=self._clock.now(), last=last)

    def _known_rules(self, origin: str) -> tuple[TdmRule, ...] | None:
        kept = self._tdm.get(origin)
        return kept[1] if kept is not None and self._clock.now() - kept[0] < _TDM_KEPT else None

    async def _tdm_rules(self, origin: str, ask: Ask, agent: str) -> tuple[TdmRule, ...] | None:
        """Return the rules of an origin's file, none where it has no file, None where it could not be asked."""
        known = self._known_rules(origin)
        if known is not None:
            return known
        lock = self._fetching.setdefault(f"tdm {origin}", asyncio.Lock())
        async with lock:
            known = self._known_rules(origin)
            if known is not None:
                return known
            rules = await self._fetch_tdm(origin, ask, agent)
            if rules is None:
                return None
            if len(self._tdm) >= _TDM_ORIGINS:
                self._tdm.pop(next(iter(self._tdm)))
            self._tdm[origin] = (self._clock.now(), rules)
            return rules

    async def _fetch_tdm(self, origin: str, ask: Ask, agent: str) -> tuple[TdmRule, ...] | None:
        """Fetch tdmrep.json; None where the answer says nothing about it."""
        url = origin + politeness.TDM_PATH
        try:
            await self.robots(url, ask, agent=agent)
            answer = await self._get(replace(ask, url=url, headers={}, limit=politeness.ROBOTS_MAX_BYTES, is_rules=True))
        except Trouble as trouble:
            return None if trouble.cause in _NOT_RULES else ()
        if cause_of(answer.http_status, answer.headers) is None:
            return politeness.tdm_rules(answer.body)[:_TDM_RULES]
        return ()
