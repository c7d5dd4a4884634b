"""Walks the sitemaps of an outlet for what it published since a day, and keeps it as entries that never alert.

The pages are fetched by the daemon, at half the pace its host allows, so that the news does not wait behind the past. Which documents were
walked is remembered in the archive: broken off, the command goes on where it was.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from crawler import discovery, urls
from crawler.model import Entry, Outlet, Source, SourceKind
from crawler.runner import Trouble
from crawler.sources import Unreadable, sitemap
from monitor.archive import Archive, Tx, reads, writes
from monitor.archive.shapes import chunks
from monitor.cli.probe import Probe, probing
from monitor.clock import Clock
from monitor.config.settings import Settings

MOST_DOCUMENTS: Final = 5_000
_LEAST_APART_S: Final = 0.05
_SHOWN: Final = 10
_REMEMBERED_EVERY: Final = 10
"""Documents; those walked since the last time are only walked again where the command is killed."""

Progress = Callable[[int, int], None]


@dataclass(slots=True, kw_only=True)
class Walked:
    """What a walk brought: documents read and failed, entries found and those nobody had seen; ``known`` were walked by an earlier call."""

    documents: int = 0
    known: int = 0
    failed: list[str] = field(default_factory=list)
    found: int = 0
    new: int = 0
    undated: int = 0


def walk(outlet: Outlet, since: datetime, settings: Settings, archive: Archive, clock: Clock, progress: Progress) -> Walked:
    """Walk every sitemap of an outlet that may hold something since then."""
    return asyncio.run(_Walk(outlet, since, settings, archive, clock, progress).run())


def lines(walked: Walked, unfetched: int) -> list[str]:
    """Say to a person what came of it."""
    before = f" (walked before: {walked.known:,})" if walked.known else ""
    said = [f"sitemaps read: {walked.documents:,}{before} · articles since then: {walked.found:,}, new: {walked.new:,}"]
    if walked.undated:
        said.append(f"left out, since they tell no date: {walked.undated:,}")
    said += [f"not read: {line}" for line in walked.failed[:_SHOWN]]
    if len(walked.failed) > _SHOWN:
        said.append(f"and {len(walked.failed) - _SHOWN:,} more; the command may be repeated")
    if unfetched:
        said.append(f"pages that wait: {unfetched:,}; a running daemon fetches them, at half the pace the outlet allows")
    return said


def waiting(archive: Archive, outlet: Outlet) -> int:
    """How many pages of an outlet's past are not fetched yet."""
    return archive.read_now(lambda tx: reads.waiting_backfill(tx, outlet.outlet_id))


class _Walk:
    def __init__(self, outlet: Outlet, since: datetime, settings: Settings, archive: Archive, clock: Clock, progress: Progress) -> None:
        self._outlet = outlet
        self._since = since
        self._settings = settings
        self._archive = archive
        self._clock = clock
        self._progress = progress
        self._key = f"backfill {outlet.outlet_id} {since.date().isoformat()}"
        self._walked = Walked()

    async def run(self) -> Walked:
        """Walk, remembering each document that was read to its end."""
        done = set(json.loads(self._archive.read_now(lambda tx: reads.meta(tx, self._key)) or "[]"))
        self._walked.known = len(done)
        try:
            await self._all(done)
        finally:
            self._remember(done)
        return self._walked

    async def _all(self, done: set[str]) -> None:
        async with probing(self._settings, self._clock) as probe:
            waiting = deque(await self._doors(probe))
            seen = set(waiting)
            while waiting and self._walked.documents < MOST_DOCUMENTS:
                url = waiting.popleft()
                further = await self._document(probe, url, done)
                waiting.extend(u for u in further if u not in seen)
                seen.update(further)
                self._progress(len(seen) - len(waiting), len(seen))

    async def _doors(self, probe: Probe) -> Sequence[str]:
        """The sitemaps the outlet is watched by, those its robots.txt names, or where they usually lie."""
        home = self._outlet.home
        watched = [s.url for s in self._outlet.sources if s.kind is SourceKind.SITEMAP]
        try:
            await probe.document(home, self._outlet, SourceKind.LISTING)  # reads robots.txt on the way
        except Trouble as trouble:
            self._walked.failed.append(f"{home}: {trouble.detail}")
        named = [c.url for c in discovery.from_robots(await probe.robots(home), url=home)]
        usual = [c.url for c in discovery.well_known(home) if c.kind is SourceKind.SITEMAP]
        return tuple(dict.fromkeys([*watched, *named] or usual))

    async def _document(self, probe: Probe, url: str, done: set[str]) -> Sequence[str]:
        """Read one sitemap and keep what it lists; return the documents it leads to."""
        if url in done:
            return ()
        source = Source(
            source_id=urls.source_id(self._outlet.outlet_id, url), outlet_id=self._outlet.outlet_id, kind=SourceKind.SITEMAP, url=url
        )
        try:
            answer = await probe.document(url, self._outlet, SourceKind.SITEMAP)
            read = sitemap.read_since(
                answer.body, source=source, outlet=self._outlet, url=answer.url, headers=answer.headers, now=self._clock.now(), since=self._since
            )  # fmt: skip
        except (Trouble, Unreadable) as error:
            self._walked.failed.append(f"{url}: {error}")
            return ()
        self._walked.documents += 1
        self._put(read.entries)
        if not read.further:  # an index is asked again by the next call: it leads to what was not walked yet
            done.add(url)
            if self._walked.documents % _REMEMBERED_EVERY == 0:
                self._remember(done)
        return read.further

    def _remember(self, done: set[str]) -> None:
        self._archive.write_now(lambda tx: writes.put_meta(tx, self._key, json.dumps(sorted(done))))

    def _put(self, listed: Sequence[Entry]) -> None:
        """Keep what is dated since then; what tells no date may be any page of the site, and is left out."""
        times = [(entry, entry.published_at or entry.modified_at) for entry in listed]
        self._walked.undated += sum(at is None for _, at in times)
        chosen = [replace(entry, is_backfill=True) for entry, at in times if at is not None and at >= self._since]
        self._walked.found += len(chosen)
        for some in chunks(chosen):
            self._walked.new += self._archive.write_now(partial(self._keep, some=some))

    def _keep(self, tx: Tx, some: Sequence[Entry]) -> int:
        """Keep entries, due one after another behind those that wait already."""
        now, apart_s = self._clock.now(), self._apart_s()
        last = reads.last_backfill_due(tx, self._outlet.outlet_id)
        due_at = now if last is None else max(last + timedelta(seconds=apart_s), now)
        return len(writes.put_entries(tx, some, now, due_at=due_at, apart_s=apart_s))

    def _apart_s(self) -> float:
        spacing_s = self._settings.spacing_s if self._outlet.spacing_s is None else self._outlet.spacing_s
        return max(2.0 * spacing_s, _LEAST_APART_S)
