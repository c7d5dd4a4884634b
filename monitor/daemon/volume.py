"""Every few minutes: ask whether a theme is louder than usual."""

from __future__ import annotations

from monitor.daemon.parts import Parts
from monitor.volume import look_for_volume


async def listen(parts: Parts) -> None:
    """Decide, and wake the delivery where there is something to tell."""
    if await parts.archive.write(lambda tx: look_for_volume(tx, parts.in_force.watch.desk, parts.clock.now()), last=True):
        parts.deliverer.wake()
