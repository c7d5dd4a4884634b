"""How many pages of each outlet may still be fetched today: a trap of endless pages ends there, and is told."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from crawler.model import Entry, Outlet
from monitor.archive import Archive, reads

_log = structlog.get_logger()

FOR_NEWS: Final = 0.2
"""The share of a day's pages that a backfill leaves to the news."""

SHARED: Final = timedelta(minutes=1)


class Allowance:
    """Counts pages per outlet and UTC day; what a restart forgot is taken from the archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._day: datetime | None = None
        self._counted_at: datetime | None = None
        self._used: Counter[str] = Counter()
        self._told: set[str] = set()

    async def begin(self, now: datetime) -> None:
        """Begin the day, where it is a new one."""
        day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if day == self._day:
            return
        self._used = Counter(await self._archive.read(lambda tx: reads.archived_since(tx, day)))
        self._told.clear()
        self._day = day

    async def share(self, now: datetime) -> None:
        """Take over, once a minute, what other nodes used of the same day; until then each counts its own."""
        await self.begin(now)
        if self._counted_at is None or now - self._counted_at >= SHARED:
            day = self.renewed_at - timedelta(days=1)
            archived = await self._archive.read(lambda tx: reads.archived_since(tx, day))
            self._used = Counter({outlet: max(self._used[outlet], n) for outlet, n in archived.items()}) | self._used
            self._counted_at = now

    @property
    def renewed_at(self) -> datetime:
        """When the next day begins; only after ``begin``."""
        assert self._day is not None
        return self._day + timedelta(days=1)

    def has_room(self, outlet: Outlet, entry: Entry) -> bool:
        """Whether one more page may be fetched; that there is none is told once a day."""
        most = outlet.articles_per_day * (1.0 - FOR_NEWS if entry.is_backfill else 1.0)
        if self._used[outlet.outlet_id] < most:
            return True
        if not entry.is_backfill and outlet.outlet_id not in self._told:
            self._told.add(outlet.outlet_id)
            _log.warning(
                "pages of the day used up; the rest waits until tomorrow",
                outlet=outlet.outlet_id,
                reason=f"articles_per_day is {outlet.articles_per_day}" + (f" ({outlet.place})" if outlet.place else ""),
            )
        return False

    def take(self, outlet_id: str) -> None:
        """Count one page."""
        self._used[outlet_id] += 1
