"""An outbox in memory, scripted channels and a time of their own, for tests of delivery."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from monitor.channels import Channel
from monitor.clock import FixedClock
from monitor.delivery import CircuitNews, Deliverer, Options
from monitor.errors import ArchiveError
from monitor.model import Brief, Delivery, DeliveryStatus, Message, MessageFormat
from tests.briefs import NOW, brief, delivery, story

UNSENT = {DeliveryStatus.PENDING, DeliveryStatus.RETRY}


class FakeOutbox:
    """Rows by id, with the semantics of the archive's; ``is_down`` makes everything raise, ``is_full`` every write."""

    def __init__(self, rows: Sequence[Delivery] = ()) -> None:
        self.rows = {r.delivery_id or 0: r for r in rows}
        self.history: list[tuple[str, int]] = []
        self.asked: list[int] = []
        self.marked = asyncio.Event()
        self.is_down = False
        self.is_full = False
        self.muted: set[int] = set()
        self.brief_of: Callable[[Delivery], Brief] = lambda row: replace(brief(story()), delivery=row)

    def add(self, *rows: Delivery) -> None:
        self.rows |= {r.delivery_id or 0: r for r in rows}

    def status(self, *ids: int) -> list[str]:
        return [self.rows[i].status.value for i in (ids or sorted(self.rows))]

    async def due(self, now: datetime, limit: int, busy: Collection[str]) -> Sequence[Delivery]:
        await self._read()
        found = [r for r in self.rows.values() if r.status in UNSENT and r.due_at <= now and r.channel not in busy]
        found = sorted(found, key=lambda r: (-r.severity, r.due_at, r.delivery_id))[:limit]
        self.asked.append(len(found))
        return found

    async def probe(self, channel: str, after: int, now: datetime) -> Delivery | None:
        await self._read()
        unsent = sorted((r for r in self.rows.values() if r.channel == channel and r.status in UNSENT), key=lambda r: r.delivery_id or 0)
        return next((r for r in unsent if (r.delivery_id or 0) > after), unsent[0] if unsent else None)

    async def brief(self, delivery: Delivery) -> Brief | None:
        await self._read()
        row = self.rows[delivery.delivery_id or 0]
        return self.brief_of(row) if row.status in UNSENT and row.delivery_id not in self.muted else None

    async def sent(self, delivery: Delivery, now: datetime) -> None:
        await self._mark("sent", delivery, status=DeliveryStatus.SENT, sent_at=now)

    async def retry(self, delivery: Delivery, now: datetime, next_at: datetime, error: str) -> None:
        row = self.rows[delivery.delivery_id or 0]
        await self._mark("retry", delivery, status=DeliveryStatus.RETRY, due_at=next_at, error=error, attempts=row.attempts + 1)

    async def dead(self, delivery: Delivery, now: datetime, error: str) -> None:
        await self._mark("dead", delivery, status=DeliveryStatus.DEAD, error=error)

    async def make_due(self, channel: str, now: datetime) -> None:
        await self._write()
        self.history.append(("make_due", 0))
        for row in [r for r in self.rows.values() if r.channel == channel and r.status is DeliveryStatus.RETRY]:
            self.rows[row.delivery_id or 0] = replace(row, due_at=now)

    async def _mark(self, how: str, delivery: Delivery, **changes: object) -> None:
        await self._write()
        self.history.append((how, delivery.delivery_id or 0))
        self.rows[delivery.delivery_id or 0] = replace(self.rows[delivery.delivery_id or 0], **changes)  # type: ignore[arg-type]
        self.marked.set()

    async def _read(self) -> None:
        await asyncio.sleep(0)
        if self.is_down:
            raise ArchiveError("archive is away")

    async def _write(self) -> None:
        await self._read()
        if self.is_full:
            raise ArchiveError("no space left")


class FakeChannel:
    """Answers each message as ``answer`` says: None takes it, an exception is raised, "hang" never returns."""

    format = MessageFormat.TEXT
    body_limit = 0
    template: str | None = None

    def __init__(
        self, answer: Callable[[Message], Exception | str | None] = lambda _: None, *, rate_per_minute: float | None = None
    ) -> None:
        self.answer = answer
        self.rate_per_minute = rate_per_minute
        self.taken: list[str] = []
        self.tried: list[tuple[float, str]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.is_closed = False
        self.now: Callable[[], float] = lambda: 0.0

    async def send(self, message: Message) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.tried.append((self.now(), message.message_id))
        try:
            await asyncio.sleep(0)
            answer = self.answer(message)
            if answer == "hang":
                await asyncio.Event().wait()
            if isinstance(answer, Exception):
                raise answer
            self.taken.append(message.message_id)
        finally:
            self.in_flight -= 1

    async def close(self) -> None:
        self.is_closed = True


class VirtualTime:
    """Sleeps that end when time is moved; time moves only when nobody can do anything else."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.clock.monotonic() + seconds, self._count, future))
        await future

    async def settle(self) -> None:
        """Let everything run that can run without time passing: until the loop has nothing left to call."""
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        while ready:  # noqa: ASYNC110 - nothing tells when a loop is idle
            await asyncio.sleep(0)

    async def until(self, condition: Callable[[], bool], *, most_s: float = 10 * 24 * 3600.0) -> None:
        """Move time from sleeper to sleeper until the condition holds."""
        end = self.clock.monotonic() + most_s
        while not condition():
            await self.settle()
            if condition():
                return
            self._forget()
            assert self._sleepers, "nothing will ever happen"
            assert self._sleepers[0][0] <= end, "it did not happen in time"
            self._step()

    async def pass_s(self, seconds: float) -> None:
        """Let this much time pass."""
        end = self.clock.monotonic() + seconds
        await self.settle()
        self._forget()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._step()
            await self.settle()
            self._forget()
        self.clock.advance(end - self.clock.monotonic())
        await self.settle()

    def _forget(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)

    def _step(self) -> None:
        at, _, future = heapq.heappop(self._sleepers)
        self.clock.advance(max(0.0, at - self.clock.monotonic()))
        if not future.done():
            future.set_result(None)


@dataclass
class World:
    """A deliverer over a fake outbox and fake channels, in its own time."""

    channels: dict[str, FakeChannel]
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    options: Options = field(default_factory=Options)
    time: VirtualTime = field(default_factory=VirtualTime)
    news: deque[CircuitNews] = field(default_factory=deque)
    points: Counter[str] = field(default_factory=Counter)
    crash_at: str = ""
    deliverer: Deliverer = field(init=False)
    task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        for channel in self.channels.values():
            channel.now = self.time.clock.monotonic
        real: dict[str, Channel] = dict(self.channels)
        self.deliverer = Deliverer(
            self.outbox,
            real,
            self.time.clock,
            self.options,
            crash=self.crash,
            circuit_changed=self.heard,
            sleep=self.time.sleep,
            spread=lambda: 0.5,
        )

    def crash(self, point: str) -> None:
        self.points[point] += 1
        if point == self.crash_at:
            self.deliverer._is_closing = True
            for sender in self.deliverer._senders.values():
                sender._is_closing = True
            self.deliverer.wake()
            raise Crashed(point)

    async def heard(self, news: CircuitNews) -> None:
        self.news.append(news)

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.deliverer.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.deliverer.close()
        assert self.task is not None
        await self.task


class Crashed(BaseException):
    """The process ends here."""


def rows(count: int, channel: str = "desk", *, first: int = 1) -> list[Delivery]:
    return [delivery(first + i, channel) for i in range(count)]
