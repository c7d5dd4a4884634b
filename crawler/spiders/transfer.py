"""One request on its way: it goes out only while the host is ours, and is cut off when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Self

from crawler.spiders.trouble import Cause, Trouble

_SOON_S = 1.0


class Lost(Trouble):
    """The turn was lost before anything was sent: it is nobody's fault, and is asked for anew."""


class Transfer:
    """Held by who asks, and carried out by the download handler, which Scrapy runs in a task of its own.

    ``may_go`` says whether the host is ours for as long as a request may take. Leaving the block ends what is still on the wire: Scrapy
    lets a transfer run on when the one who asked for it was cancelled, and the host would be left while it is being asked.
    """

    def __init__(self, may_go: Callable[[], Awaitable[bool]]) -> None:
        self._may_go = may_go
        self._task: asyncio.Task[object] | None = None
        self._is_over = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    @contextmanager
    def running(self) -> Iterator[None]:
        """Note who carries it out; raises Trouble where it was given up before or meanwhile."""
        if self._is_over:
            raise _given_up()
        self._task = asyncio.current_task()
        try:
            yield
        except asyncio.CancelledError as error:
            if not self._is_over:
                raise
            raise _given_up() from error
        finally:
            self._task = None

    async def go(self) -> None:
        """Return when the request may go out, to be followed by the write and nothing that waits; raises Lost where it may not."""
        if not await self._may_go() or self._is_over:  # we slept over our turn, and somebody else may have it now
            raise Lost(Cause.PUT_OFF, "the turn was lost while waiting", retry_after_s=_SOON_S)


def _given_up() -> Trouble:
    return Trouble(Cause.PUT_OFF, "nobody waits for the answer any more", retry_after_s=_SOON_S)
