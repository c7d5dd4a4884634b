"""Once a night: forget what stories no longer need."""

from __future__ import annotations

from monitor.archive import writes
from monitor.daemon.parts import Parts


async def forget(parts: Parts) -> None:
    """Take old features of stories out in batches, so that the line goes on between them."""
    forgotten = 1
    while forgotten:
        forgotten = await parts.archive.write(lambda tx: writes.forget_old(tx, parts.clock.now()))
