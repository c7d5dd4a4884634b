"""Finds the sources of an outlet from its home page, and says what each holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from crawler import discovery, urls
from crawler.discovery import Candidate, Holdings
from crawler.model import Outlet, Source, SourceKind, SourceRead
from crawler.runner import Trouble
from monitor.cli.listing import Column, ago
from monitor.cli.probe import Probe, probing
from monitor.clock import Clock
from monitor.config.settings import Settings

_WELL_KNOWN: Final = "well-known path"
_FEW_ENTRIES: Final = 5

Progress = Callable[[int, int], None]
Row = dict[str, Any]


class NoSuchPage(Exception):
    """The home page cannot be had; the message says why."""


def discover(url: str, settings: Settings, clock: Clock, progress: Progress) -> list[Row]:
    """Return the living sources of an outlet, the best first; raises NoSuchPage."""
    return asyncio.run(_discover(url, settings, clock, progress))


async def _discover(url: str, settings: Settings, clock: Clock, progress: Progress) -> list[Row]:
    outlet = Outlet(outlet_id=urls.slug(urls.host_key(url)), name=urls.host_key(url), home=url)
    async with probing(settings, clock) as probe:
        try:
            page = await probe.document(url, outlet, SourceKind.LISTING)
        except Trouble as trouble:
            raise NoSuchPage(f"{url}: {trouble.detail}") from trouble
        robots = await probe.robots(page.url)
        offered = discovery.candidates(url=page.url, page=page.body, headers=page.headers, robots=robots)
        said = [c for c in offered if c.why != _WELL_KNOWN]
        rows = await _tried(probe, outlet, said, clock, progress)
        found = {row["kind"] for row in rows}
        guesses = [c for c in offered if c.why == _WELL_KNOWN and c.kind.value not in found]
        return _ordered([*rows, *await _tried(probe, outlet, guesses, clock, progress)])


async def _tried(probe: Probe, outlet: Outlet, candidates: Sequence[Candidate], clock: Clock, progress: Progress) -> list[Row]:
    """Ask the candidates, each at its host's turn, and keep those that hold something."""
    rows: list[Row] = []
    asking = [asyncio.create_task(_asked(probe, outlet, candidate, clock)) for candidate in candidates]
    for done, one in enumerate(asyncio.as_completed(asking), start=1):
        row = await one
        progress(done, len(asking))
        if row is not None:
            rows.append(row)
    return rows


async def _asked(probe: Probe, outlet: Outlet, candidate: Candidate, clock: Clock) -> Row | None:
    source = Source(
        source_id=urls.source_id(outlet.outlet_id, candidate.url), outlet_id=outlet.outlet_id, kind=candidate.kind, url=candidate.url
    )
    answer = await probe.ask(outlet, source, articles=0)
    poll = answer.poll
    if not poll.status.is_success or not answer.entries:
        return None
    read = SourceRead(entries=answer.entries, parser=poll.parser or "", language=poll.language)
    return _row(candidate, discovery.holdings(read, clock.now()))


def _row(candidate: Candidate, holds: Holdings) -> Row:
    return {
        "kind": candidate.kind.value,
        "url": candidate.url,
        "title": candidate.title,
        "entries": holds.entries,
        "per_day": None if holds.per_day is None else round(holds.per_day, 1),
        "newest_at": holds.newest_at,
        "dated": round(holds.dated, 2),
        "with_text": round(holds.with_text, 2),
        "language": holds.language,
        "why": candidate.why,
    }


def _ordered(rows: Sequence[Row]) -> list[Row]:
    """Feeds before sitemaps before pages, what is dated and long before what is not."""
    kinds = [kind.value for kind in (SourceKind.FEED, SourceKind.SITEMAP, SourceKind.LISTING, SourceKind.JSON_API)]
    return sorted(rows, key=lambda r: (kinds.index(r["kind"]), r["entries"] < _FEW_ENTRIES, -r["dated"], -r["entries"]))


def columns(now: Any) -> tuple[Column, ...]:
    """The table of what was found."""
    return (
        Column(title="KIND", show=lambda row: row["kind"]),
        Column(title="URL", show=lambda row: row["url"]),
        Column(title="ENTRIES", show=lambda row: row["entries"], is_number=True),
        Column(title="A DAY", show=lambda row: "" if row["per_day"] is None else f"{row['per_day']:g}", is_number=True),
        Column(title="NEWEST", show=lambda row: ago(row["newest_at"], now) if row["newest_at"] else "undated"),
        Column(title="TEXT", show=lambda row: "full" if row["with_text"] > 0.5 else ""),
        Column(title="FOUND BY", show=lambda row: row["why"], gives_way=True),
    )


def command_for(url: str, rows: Sequence[Row]) -> str:
    """The command that watches the best of what was found: all feeds that hold something, else the best sitemap or page."""
    home = urls.origin(url) + "/"
    feeds = [row for row in rows if row["kind"] == SourceKind.FEED.value and row["entries"] >= _FEW_ENTRIES][:3]
    chosen = feeds or list(rows[:1])
    options = " ".join(f"--{row['kind']} {row['url']}" for row in chosen)
    language = next((f" --language {row['language']}" for row in chosen if row["language"]), "")
    return f"presswatch outlets add {urls.host_key(url).removeprefix('www.')} --home {home} {options}{language}"
