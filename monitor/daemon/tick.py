"""Once a second: order what is due, feed the watchdog, and see when there is nothing left to do."""

from __future__ import annotations

import asyncio

from monitor.archive import reads
from monitor.daemon.health import stuck
from monitor.daemon.parts import Parts

TICK_S = 1.0


class Tick:
    """Tells the end of the first pass once; sets ``stopped`` where one pass was all that was asked for."""

    def __init__(self, parts: Parts, stopped: asyncio.Event) -> None:
        self._parts = parts
        self._stopped = stopped
        self._is_first_pass = True
        self._ticked_at: float | None = None

    async def __call__(self) -> None:
        """Do what a second brings."""
        parts = self._parts
        self._note_lag()
        if not stuck(parts):
            parts.notifier.alive()
        given = await parts.queue.tick()
        if self._is_first_pass and not parts.line.flights.is_first_pass and await self._is_fetched():
            self._is_first_pass = False
            await self._tell_watching()
        if given or parts.line.flights:
            return
        if parts.purpose.once and await self._is_drained():
            self._stopped.set()

    def _note_lag(self) -> None:
        before, self._ticked_at = self._ticked_at, self._parts.clock.monotonic()
        if before is not None:
            self._parts.metrics.loop_lag.observe(max(self._ticked_at - before - TICK_S, 0.0))

    async def _tell_watching(self) -> None:
        parts, totals = self._parts, self._parts.line.totals
        due = await parts.archive.read(reads.next_due)
        next_s = (due - parts.clock.now()).total_seconds() if due else None
        parts.voice.watching(articles=totals.articles, stories=len(totals.stories), alerts=totals.alerts, next_poll_s=next_s)
        for tip in parts.purpose.tips:
            parts.voice.note(tip)

    async def _is_fetched(self) -> bool:
        """Say whether no entry is due any more."""
        now = self._parts.clock.now()
        return not await self._parts.archive.read(lambda tx: reads.due_entries(tx, now, 1))

    async def _is_drained(self) -> bool:
        """Say whether nothing is due any more, here or on the queue."""
        now = self._parts.clock.now()
        waiting = await self._parts.archive.read(lambda tx: reads.due_deliveries(tx, now, 1))
        return not waiting and await self._is_fetched() and await self._parts.queue.is_drained()
