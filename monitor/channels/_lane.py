"""Runs what blocks beside the loop: one call at a time per channel, in a thread of its own that never holds the process back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Generic, TypeVar

from monitor.errors import ChannelBusy

T = TypeVar("T")

_KEPT = 100


class _HandingOn:
    """What goes wrong inside belongs to whoever awaits the future, not to the thread."""

    def __init__(self, future: Future[T]) -> None:
        self._future = future

    def __enter__(self) -> None:
        """Nothing is held."""

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None) -> bool:
        if error is not None:
            self._future.set_exception(error)
        return True


class Lane(Generic[T]):
    """One blocking call in flight at most.

    A call that outlives its caller's patience goes on, for a thread cannot be stopped. Asked for again by the same key it is awaited, not
    repeated, so that a slow success is not sent twice; other keys wait their turn. Threads are daemons: a hung call never delays an exit.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: dict[str, Future[T]] = {}

    @property
    def is_stuck(self) -> bool:
        """A call nobody waits for any more is still running."""
        return any(not call.done() for call in self._calls.values())

    async def run(self, key: str, call: Callable[[], T]) -> T:
        """Return what the call returns; raises ChannelBusy while an earlier one has not come back."""
        future = self._calls.get(key)
        if future is None:
            if self.is_stuck:
                raise ChannelBusy("an earlier call has not come back yet")
            future = self._start(key, call)
        try:
            return await asyncio.shield(asyncio.wrap_future(future))
        finally:
            if future.done():
                self._calls.pop(key, None)

    def _start(self, key: str, call: Callable[[], T]) -> Future[T]:
        while len(self._calls) >= _KEPT:  # late answers nobody asked for again
            self._calls.pop(next(iter(self._calls)))
        future: Future[T] = Future()
        self._calls[key] = future

        def work() -> None:
            with _HandingOn(future):
                future.set_result(call())

        threading.Thread(target=work, name=f"channel-{self._name}", daemon=True).start()
        return future
