"""What is different where this daemon is one of several nodes; nothing beyond this module asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

import structlog

from monitor.archive import Archive, HostRows, SharedHostRows, reads, writes
from monitor.clock import Clock
from monitor.daemon.node import Beat, Node
from monitor.daemon.parts import VERSION, Parts
from monitor.daemon.reload import Reload
from monitor.delivery import Deliverer
from monitor.errors import ArchiveError
from monitor.queue import Queue
from monitor.queue.local import LocalQueue

_log = structlog.get_logger()


def queue_for(node: Node, archive: Archive) -> Queue:
    """Return the queue of a lone daemon, or that of many nodes."""
    if not node.is_one_of_many:
        return LocalQueue()
    try:
        from monitor.queue.procrastinate import FleetQueue  # noqa: PLC0415 - comes with the postgres extra
    except ModuleNotFoundError as error:
        raise ArchiveError("several nodes need the queue: install presswatch[postgres]") from error
    return FleetQueue(archive.where.dsn, roles=node.roles, node=node.name, lease_s=node.lease_s)


def slots_for(node: Node, archive: Archive, clock: Clock, queue: Queue, *, request_s: float) -> HostRows | SharedHostRows:
    """Return turns at hosts, in memory or shared; ``request_s`` is how long a request may take."""
    if not node.is_one_of_many:
        return HostRows(archive, clock)
    return SharedHostRows(archive, clock, by=node.name, request_s=request_s, is_live=queue.may_ask)


def waker(deliverer: Deliverer, queue: Queue) -> Callable[[], None]:
    """Return what to call after messages were booked: they are sent here, or by whoever claims their channel."""

    def wake() -> None:
        deliverer.wake()
        queue.wake()

    return wake


class Fleet:
    """Keeps this node in step with the others: signs of life, hosts it is asking, settings they put in force."""

    def __init__(self, parts: Parts, reload: Reload) -> None:
        self._parts = parts
        self._reload = reload
        self._beat = Beat(node=parts.node, archive=parts.archive, clock=parts.clock, version=VERSION)
        self._tried: str | None = None

    async def beat(self) -> None:
        """Say that this node lives, and follow the others' rules where their news was missed."""
        parts, ours = self._parts, self._parts.in_force.settings.rules.version
        try:
            theirs = await self._beat.beat(rules_version=ours, in_flight=len(parts.line.flights))
        except ArchiveError as error:
            _log.debug("sign of life failed", reason=str(error))
            return
        if theirs is not None and theirs not in {ours, self._tried}:
            await self._follow(theirs)

    async def measure(self) -> None:
        """Bring the gauges of nodes and shared work up to date."""
        parts, now = self._parts, self._parts.clock.now()
        nodes = await parts.archive.read(reads.nodes)
        silent = sum(node.is_silent(now) for node in nodes)
        parts.metrics.nodes.labels("alive").set(len(nodes) - silent)
        parts.metrics.nodes.labels("silent").set(silent)
        for state in await parts.archive.read(lambda tx: reads.queue_states(tx, parts.node.lease_s)):
            for name in ("waiting", "doing", "stalled", "failed"):
                parts.metrics.jobs.labels(state.kind, name).set(getattr(state, name))
            parts.metrics.oldest_job.labels(state.kind).set(state.oldest_s or 0.0)

    async def _leave(self) -> None:
        """Be missed by nobody."""
        with suppress(ArchiveError):
            await self._parts.archive.write(lambda tx: writes.forget_node(tx, self._parts.node.name))

    async def join(self, ending: AsyncExitStack) -> None:
        """Be seen by the others from now on, and hear of their changes."""
        if not self._parts.node.is_one_of_many:
            return
        await self.beat()
        ending.push_async_callback(self._leave)
        listening = asyncio.create_task(self._listen(), name="news")
        ending.callback(listening.cancel)

    async def _listen(self) -> None:
        while True:
            news = await self._parts.queue.heard()
            await self._follow(news.version)

    async def _follow(self, version: str) -> None:
        self._tried = version
        await self._reload.follow(version)
