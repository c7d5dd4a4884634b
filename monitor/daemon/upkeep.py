"""Once a night: forget what stories no longer need and what is older than it is kept, and see to the planner's statistics; the months of PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import structlog

from monitor.archive import months, retention, upkeep, writes
from monitor.daemon.parts import Parts

_log = structlog.get_logger()


async def forget(parts: Parts) -> None:
    """Take it out in batches, so that the line goes on between them."""
    forgotten = 1
    while forgotten:
        forgotten = await parts.archive.write(lambda tx: writes.forget_old(tx, parts.clock.now()))
    keep = retention.Keep(**asdict(parts.in_force.settings.retention))
    taken = await retention.forget_nightly(parts.archive, keep, parts.clock.now())
    if taken.total:
        what = (
            f"{taken.texts} texts, {taken.articles} articles, {taken.polls} polls and {taken.entries} entries were older than they are kept"
        )
        _log.info("archive forgot", reason=what)
    await asyncio.to_thread(upkeep.checkpoint, parts.archive)


async def see_to_months(parts: Parts) -> None:
    """Have the next months ready on PostgreSQL, and begin the one that is due."""
    await asyncio.to_thread(months.keep, parts.archive, parts.clock.now())
