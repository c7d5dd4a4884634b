"""What the pages are made of: the archive, the settings in force, the clock, and the key of the links."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from monitor import links
from monitor.archive import Archive, Tx
from monitor.archive.reads import pages
from monitor.clock import Clock
from monitor.config.notations import is_loopback
from monitor.config.settings import Settings
from monitor.web.guard import Door
from monitor.web.views import Frame

T = TypeVar("T")

READERS: Final = 2
"""Pages read at a time: the archive has four readers, and the daemon's own questions go first."""
LIMIT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The pages' own world. ``settings`` answers with those in force, ``key`` with what signs links."""

    archive: Archive
    clock: Clock
    settings: Callable[[], Settings]
    key: Callable[[], bytes]
    timelines: pages.Timelines = field(default_factory=pages.Timelines)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READERS))

    @property
    def door(self) -> Door:
        """How the pages are reached by the settings in force."""
        settings = self.settings()
        host = settings.listen[0] if settings.listen else "127.0.0.1"
        return Door(is_loopback=is_loopback(host), token=settings.token, public_url=settings.public_url)

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Read for a page: few at a time, each for so long and no longer."""

        def limited(tx: Tx) -> T:
            with pages.within(tx, LIMIT_S):
                return work(tx)

        async with self._turns:
            return await self.archive.read(limited)

    def frame(self, title: str, path: str, *, json: str | None = None, has_forms: bool = False) -> Frame:
        """Return what stands around a page."""
        return Frame(title=title, path=path, now=self.clock.now(), timezone=self.settings().timezone, json=json, has_forms=has_forms)

    def signatures(self, alert_id: int) -> dict[str, str]:
        """Return what proves the forms of an alert ours."""
        now, key = self.clock.now(), self.key()
        return {act.value: links.signature(key, act, alert_id, now) for act in links.Act}

    def standing(self, act: links.Act, alert_id: int, signature: str) -> links.Standing:
        """Say what a signature is worth."""
        return links.check(self.key(), act, alert_id, signature, self.clock.now())
