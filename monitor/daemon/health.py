"""Whether the daemon lives and whether it works: what systemd's watchdog, /healthz and /readyz ask."""

from __future__ import annotations

from monitor.daemon.parts import VERSION, Parts

BEAT_S = 60.0
"""A spider that gave no sign of life for so long is stuck."""
WRITE_S = 120.0
"""One try of one batch may take so long: longer than a locked file or a paused server makes it wait before it says so."""


def stuck(parts: Parts) -> tuple[str, ...]:
    """Return what has stopped moving and would move again after a restart; systemd may end us for it, and so may a supervisor that asks
    /healthz.

    That the clock's jobs run is known by whoever asks: the tick itself feeds the watchdog.
    """
    why = []
    if parts.node.crawls and parts.clock.monotonic() - parts.crawl.beat_at >= BEAT_S:
        why.append("the spider does not move")
    if parts.archive.writing_s >= WRITE_S:
        why.append("the archive's writer does not move")
    return tuple(why)


async def check(parts: Parts) -> dict[str, object]:
    """Answer a readiness probe: ``ready``, and ``why`` where it is not."""
    why = [*stuck(parts)]
    if not parts.line.is_writable:
        why.append("the archive takes no writes")
    return {"ready": not why, "why": why, "in_flight": len(parts.line.flights.entries), "version": VERSION}
