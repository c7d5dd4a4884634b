"""Once a minute: how much waits, how much room is left, and whether the system's clock jumped."""

from __future__ import annotations

import shutil

from monitor.archive import reads
from monitor.clock import JUMP_S
from monitor.config.settings import Settings
from monitor.daemon.parts import Parts


async def measure(parts: Parts) -> None:
    """Bring the gauges up to date."""
    if abs(parts.clock.settle()) > JUMP_S:
        parts.metrics.clock_jumps.inc()
    standing = await parts.archive.read(reads.outbox)
    for status in ("pending", "held", "retry", "dead"):
        parts.metrics.outbox.labels(status).set(standing.get(status, 0))
    parts.metrics.queue.labels("spider").set(parts.crawl.busy)
    parts.metrics.queue.labels("line").set(len(parts.line.flights.entries))
    room = space(parts.in_force.settings)
    if room is not None:
        parts.metrics.archive_bytes.set(room[0])
        parts.metrics.archive_free_bytes.set(room[1])


def space(settings: Settings) -> tuple[int, int] | None:
    """Bytes of the archive's file and bytes free beside it; None for a server."""
    path = settings.archive_path
    if path is None or not path.exists():
        return None
    return path.stat().st_size, shutil.disk_usage(path.parent).free
