"""The queue of a lone daemon: all work is its own, and is done as soon as it is due."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress

from monitor.model import Claim
from monitor.queue import Crew, News, Work


class LocalQueue:
    """Implements ``monitor.queue.Queue`` with no rows of its own: what is due stands in the archive."""

    def __init__(self) -> None:
        self._crew: Crew | None = None
        self._following: asyncio.Task[None] | None = None

    async def start(self, crew: Crew) -> None:
        """Follow what comes in between the ticks."""
        self._crew = crew
        self._following = asyncio.create_task(crew.follow(), name="follow")

    async def tick(self) -> int:
        """Order what is due."""
        return await self._crew.give() if self._crew is not None else 0

    def may_ask(self) -> bool:
        """Always."""
        return True

    def wake(self) -> None:
        """The deliverer is awake already."""

    def channels(self) -> Collection[str] | None:
        """All."""
        return None

    def claim(self, channel: str) -> Claim | None:  # noqa: ARG002 - the Protocol's shape
        """Nobody shares them."""
        return None

    def holds(self, channel: str) -> bool:  # noqa: ARG002 - the Protocol's shape
        """Always."""
        return True

    def drained(self, channels: Collection[str]) -> None:
        """Nobody waits for it."""

    def once(self, name: str, seconds: float, work: Work) -> Work:  # noqa: ARG002 - the Protocol's shape
        """There is one node."""
        return work

    async def announce(self, news: News) -> None:
        """There is nobody to tell."""

    async def heard(self) -> News:
        """Nobody ever says anything."""
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def is_drained(self) -> bool:
        """What is due is in the archive, where the caller looks too."""
        return True

    def stop(self) -> None:
        """Stop following."""
        if self._following is not None:
            self._following.cancel()

    async def close(self) -> None:
        """Nothing has to be given back."""
        self.stop()
        if self._following is not None:
            with suppress(asyncio.CancelledError):
                await self._following
