"""The children that read: what may hang, swell or crash runs there, under limits, and costs only itself."""

from __future__ import annotations

import asyncio
import ctypes
import math
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures.process import BrokenProcessPool
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
_PRELOAD = ["crawler.forked"]
_START_S = 30.0
_PATIENCE = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one reading may take, and after how many a child is replaced.

    ``page_s`` and ``feed_s`` are CPU seconds, so that a busy machine loses no page; one that sleeps is given up after four times as many by the clock.
    """

    page_s: float = 10.0
    feed_s: float = 5.0
    memory_bytes: int = 1024**3
    readings: int = 500


class Children:
    """Implements ``crawler.ports.Reader`` with a pool of child processes.

    At most twice as many readings as children are under way; further callers wait, which is how back-pressure reaches the spider.
    """

    def __init__(self, workers: int = 2, limits: Limits | None = None) -> None:
        self._workers = max(workers, 1)
        self._limits = limits or Limits()
        self._pool: ProcessPool | None = None
        self._turns = asyncio.Semaphore(2 * self._workers)

    async def start(self) -> None:
        """Start the children and wait until one has read; afterwards no page waits for an import. Raises what keeps a child from starting."""
        self._pool = self._open()
        ready = await self._run(_be_ready, cpu_s=_START_S)
        if isinstance(ready, BaseException):
            await self.close()
            raise ready

    async def read(self, arrival: Arrival) -> Article:
        """Return the article; of a page that breaks its child, the entry's teaser with status ``failed``."""
        if not isinstance(arrival.result, Page):
            return extract.teaser(arrival)
        result = await self._run(extract.read_page, arrival, cpu_s=self._limits.page_s)
        if isinstance(result, BaseException):
            return extract.teaser(arrival, status=ExtractStatus.FAILED)
        return result

    async def read_feed(
        self, body: bytes, *, source: Source, outlet: Outlet, url: str, headers: Mapping[str, str], now: datetime
    ) -> SourceRead:
        """Return what the second reader of feeds finds. Raises Unreadable, also where the body breaks its child."""
        known = {"source": source, "outlet": outlet, "url": url, "headers": dict(headers), "now": now}
        result = await self._run(_read_feed, body, known, cpu_s=self._limits.feed_s)
        if isinstance(result, Unreadable):
            raise result
        if isinstance(result, BaseException):
            raise Unreadable(f"the second reader gave up: {type(result).__name__}") from result
        return result

    async def close(self) -> None:
        """End the children; what they were reading is given up."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_end, pool)

    async def _run(self, work: Callable[..., T], *args: Any, cpu_s: float) -> T | BaseException:
        """Return what the work returned or raised. Tried once more where the fault was not the work's: a broken pool, a clock that jumped."""
        timeout_s = _PATIENCE * cpu_s
        order = (cpu_s, work, *args)
        async with self._turns:
            started = time.monotonic()
            result: T | BaseException = await self._once(order, timeout_s)
            if isinstance(result, TimeoutError) and time.monotonic() - started < 0.9 * timeout_s:
                return cast("T", await self._once(order, timeout_s))  # pebble times by the wall clock
            if isinstance(result, BrokenProcessPool):
                return cast("T", await self._once(order, timeout_s))
            return result

    async def _once(self, order: tuple[Any, ...], timeout_s: float) -> Any:
        if self._pool is None:
            raise RuntimeError("the children are not running: start() them first")
        if not self._pool.active:
            broken, self._pool = self._pool, self._open()
            await asyncio.to_thread(_end, broken)
        try:
            future = asyncio.wrap_future(self._pool.schedule(_within, args=order, timeout=timeout_s))
        except RuntimeError as error:  # it broke between the question and the order
            return BrokenProcessPool(str(error))
        await asyncio.wait([future])
        return future.exception() or future.result()

    def _open(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOAD)
        limits = self._limits
        return ProcessPool(
            max_workers=self._workers,
            max_tasks=limits.readings,
            initializer=_become_child,
            initargs=(limits.memory_bytes,),
            context=context,
        )


def _end(pool: ProcessPool) -> None:
    pool.stop()
    pool.join()


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies; the fork server and its children both ask for it.

    The server alone would not notice: its children hold open the pipe by which it waits for the end of the parent.
    """
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # it died before the line above


def _become_child(memory_bytes: int) -> None:
    """Runs in the child: die at once when told to, or when the parent dies; take no more memory than allowed; leave no core behind."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # pebble's own handler would wait for C code to return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the parent's to answer
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _within(cpu_s: float, work: Callable[..., T], *args: Any) -> T:
    """Runs in the child: have the kernel end it, in C code too, when the work takes more CPU than it may."""
    ends = math.ceil(time.process_time() + cpu_s)
    resource.setrlimit(resource.RLIMIT_CPU, (ends, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    return work(*args)


def _be_ready() -> bool:
    """Runs in the child: warm already where it was forked from a warm server."""
    extract.warm()
    return True


def _read_feed(body: bytes, known: dict[str, Any]) -> SourceRead:
    """Runs in the child."""
    return cast("SourceRead", import_module("crawler.sources.feed_fallback").read(body, **known))
