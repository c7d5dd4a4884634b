"""The children that read: what may hang, swell or crash runs there, under limits, and costs only itself."""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, TypeVar, cast

from pebble import ProcessPool

from crawler import extract
from crawler.model import Arrival, Article, ExtractStatus, Outlet, Page, Source, SourceRead
from crawler.sources import Unreadable

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1
_PRELOAD = ["crawler.extract.page", "crawler.sources.feed_fallback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one reading may take, and after how many a child is replaced."""

    page_s: float = 10.0
    feed_s: float = 5.0
    memory_bytes: int = 1024**3
    readings: int = 500


class Children:
    """Implements ``crawler.ports.Reader`` with a pool of child processes."""

    def __init__(self, workers: int = 2, limits: Limits | None = None) -> None:
        self._workers = max(workers, 1)
        self._limits = limits or Limits()
        self._pool: ProcessPool | None = None
        self._turns = asyncio.Semaphore(2 * self._workers)
        self._mending = asyncio.Lock()

    async def start(self) -> None:
        """Start the children and wait until one has read; afterwards none waits for an import."""
        await self._open()
        await asyncio.gather(*(self._run(extract.warm, timeout_s=60.0) for _ in range(self._workers)))

    async def read(self, arrival: Arrival) -> Article:
        """Return the article; of a page that breaks its child, the entry's teaser with status ``failed``."""
        if not isinstance(arrival.result, Page):
            return extract.teaser(arrival)
        result = await self._run(extract.read_page, arrival, timeout_s=self._limits.page_s)
        if isinstance(result, BaseException):
            return extract.teaser(arrival, status=ExtractStatus.FAILED)
        return result

    async def read_feed(
        self, body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime
    ) -> SourceRead:
        """Return what the second reader of feeds finds. Raises Unreadable, also where the body breaks its child."""
        known = {"source": source, "outlet": outlet, "url": url, "headers": dict(headers), "now": now}
        result = await self._run(_read_feed, body, known, timeout_s=self._limits.feed_s)
        if isinstance(result, Unreadable):
            raise result
        if isinstance(result, BaseException):
            raise Unreadable(f"the second reader gave up: {result!r}") from result
        return result

    async def close(self) -> None:
        """End the children; what they were reading is given up."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            await asyncio.to_thread(pool.join)

    async def _run(self, work: Callable[..., T], *args: Any, timeout_s: float) -> T | BaseException:
        """Return what the work returned or raised, in a child of its own for the time."""
        async with self._turns:
            assert self._pool is not None, "start() first"
            future = asyncio.wrap_future(self._pool.schedule(work, args=args, timeout=timeout_s))
            await asyncio.wait([future])
            error = future.exception()
            return error if error is not None else cast("T", future.result())

    async def _open(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOAD)
        self._pool = ProcessPool(
            max_workers=self._workers,
            max_tasks=self._limits.readings,
            initializer=_become_child,
            initargs=(self._limits.memory_bytes,),
            context=context,
        )


def _become_child(memory_bytes: int) -> None:
    """Runs in the child: die at once when told to, or when the parent dies; take no more memory than allowed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # pebble's own handler waits for C code to return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read_feed(body: bytes, known: dict[str, Any]) -> SourceRead:
    """Runs in the child."""
    return cast("SourceRead", import_module("crawler.sources.feed_fallback").read(body, **known))
