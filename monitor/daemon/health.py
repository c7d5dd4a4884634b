"""Whether the daemon lives and whether it works: what systemd's watchdog and /readyz ask."""

from __future__ import annotations

from monitor.daemon.parts import VERSION, Parts

BEAT_S = 60.0
"""A spider that gave no sign of life for so long is stuck, and systemd may end us."""


def stuck(parts: Parts) -> tuple[str, ...]:
    """Return what has stopped moving and would move again after a restart."""
    if parts.clock.monotonic() - parts.crawl.beat_at >= BEAT_S:
        return ("the spider does not move",)
    return ()


async def check(parts: Parts) -> dict[str, object]:
    """Answer a readiness probe: ``ready``, and ``why`` where it is not."""
    why = [*stuck(parts)]
    if not parts.line.is_writable:
        why.append("the archive takes no writes")
    return {"ready": not why, "why": why, "in_flight": len(parts.line.entries_in_flight), "version": VERSION}
