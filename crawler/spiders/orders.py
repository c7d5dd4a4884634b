"""The bounded queue between the daemon and the spider: one order of a host at a time, hosts in turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from crawler import urls
from crawler.ports import FetchOrder, PollOrder

Order = PollOrder | FetchOrder


class Orders:
    """Holds orders until their host is free; a host that hangs holds up its own orders, nothing else."""

    def __init__(self, *, most: int, most_per_host: int) -> None:
        self._most = most
        self._most_per_host = most_per_host
        self._waiting: dict[str, deque[Order]] = {}
        self._ready: OrderedDict[str, None] = OrderedDict()
        self._taken: set[str] = set()
        self._count = 0
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Orders not yet taken."""
        return self._count

    @property
    def crowded_hosts(self) -> frozenset[str]:
        """Hosts that take no more orders for now."""
        return frozenset(host for host, line in self._waiting.items() if len(line) >= self._most_per_host)

    def put(self, order: Order) -> bool:
        """Queue an order; False where the queue or the host's part of it is full."""
        host = host_of(order)
        line = self._waiting.setdefault(host, deque())
        if self._count >= self._most or len(line) >= self._most_per_host:
            self._drop_empty(host)
            return False
        line.append(order)
        self._count += 1
        if host not in self._taken:
            self._ready[host] = None
        self._changed.set()
        return True

    async def get(self, *, patience_s: float) -> Order | None:
        """Take the next order whose host is free, oldest waiting host first; None after ``patience_s`` without one.

        The host stays taken until ``free`` is called with the order.
        """
        try:
            async with asyncio.timeout(patience_s):
                while not self._ready:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return None
        host, _ = self._ready.popitem(last=False)
        self._taken.add(host)
        self._count -= 1
        return self._waiting[host].popleft()

    def clear(self) -> None:
        """Forget every order that was not taken."""
        self._waiting = {host: deque() for host in self._taken}
        self._ready.clear()
        self._count = 0

    def free(self, order: Order) -> None:
        """Let the next order of this order's host be taken."""
        host = host_of(order)
        if host not in self._taken:
            return
        self._taken.discard(host)
        if self._waiting.get(host):
            self._ready[host] = None
        self._drop_empty(host)
        self._changed.set()

    def _drop_empty(self, host: str) -> None:
        if host not in self._taken and not self._waiting.get(host):
            self._waiting.pop(host, None)


def host_of(order: Order) -> str:
    """The host an order goes to first; orders that go nowhere share one."""
    url = order.source.url if isinstance(order, PollOrder) else order.entry.url
    try:
        return urls.host_key(url or "")
    except ValueError:
        return ""
