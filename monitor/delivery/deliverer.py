"""Hands what is due to its channel's sender, and looks again when something was committed, is due, or a while has passed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush

import structlog

from monitor.channels import Channel
from monitor.clock import Clock
from monitor.delivery.marks import Ends, Marks
from monitor.delivery.policy import Options, next_try
from monitor.delivery.ports import CircuitChanged, CircuitNews, Crash, Outbox
from monitor.delivery.sender import Sender, Surroundings
from monitor.errors import ArchiveError
from monitor.metrics import Metrics
from monitor.model import Delivery

_log = structlog.get_logger()

_OWED = 200
"""Marks the archive could not take before delivery stops: what is sent must not be forgotten."""

_EXPECTED = 1_000
"""Retries known by their time; any beyond are found by the sweep."""


def _no_crash(_point: str) -> None:
    """Nothing ends here but in a drill."""


async def _untold(_news: CircuitNews) -> None:
    """Nobody asked to hear of circuits."""


class Deliverer:
    """Empties the outbox: one message in flight per channel, and no channel ever waits for another."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        clock: Clock,
        options: Options | None = None,
        *,
        metrics: Metrics | None = None,
        crash: Crash = _no_crash,
        circuit_changed: CircuitChanged = _untold,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._options = options or Options()
        self._clock = clock
        self._marks = Marks()
        self._wake = asyncio.Event()
        self._sleep = sleep
        self._spread = spread
        self._is_closing = False
        self._expected: list[float] = []
        self._around = Surroundings(
            outbox=outbox,
            marks=self._marks,
            ends=Ends(self._options),
            clock=clock,
            options=self._options,
            metrics=metrics,
            crash=crash,
            sleep=sleep,
            spread=spread,
            circuit_changed=circuit_changed,
            wake=self.wake,
            expect=self._expect,
        )
        self._senders = {name: Sender(name, channel, self._around) for name, channel in channels.items()}

    def wake(self) -> None:
        """Look into the outbox now; call it from the loop after a commit."""
        self._wake.set()

    def open_circuits(self) -> tuple[str, ...]:
        """Return the channels that are down."""
        return tuple(sorted(name for name, sender in self._senders.items() if sender.is_open))

    async def run(self) -> None:
        """Deliver until closed."""
        while not self._is_closing:
            self._wake.clear()
            try:
                self._marks.forget(self._clock.monotonic())
                await self._marks.settle()
                if self._marks.owed < _OWED:
                    await self._hand_out()
            except ArchiveError as error:
                _log.warning("outbox cannot be read; looking again", reason=str(error), retry_s=self._options.sweep_s)
            await self._rest()

    async def swap(self, channels: Mapping[str, Channel]) -> None:
        """Take other channels after a reload; a sender whose channel object is the same goes on, the others finish what is in flight."""
        gone = [sender for name, sender in self._senders.items() if channels.get(name) is not sender.channel]
        kept = {name: sender for name, sender in self._senders.items() if channels.get(name) is sender.channel}
        await asyncio.gather(*(sender.close(self._options.stop_s) for sender in gone))
        self._senders = {name: kept.get(name) or Sender(name, channel, self._around) for name, channel in channels.items()}
        await asyncio.gather(*(sender.channel.close() for sender in gone))
        self.wake()

    async def close(self) -> None:
        """Finish what is in flight, within the time there is, and let go of the channels."""
        self._is_closing = True
        self.wake()
        await asyncio.gather(*(sender.close(self._options.stop_s) for sender in self._senders.values()))
        await self._marks.settle()
        await asyncio.gather(*(sender.channel.close() for sender in self._senders.values()))

    async def _hand_out(self) -> None:
        """Give every sender that wants rows what is due for it; a sender that has some is asked again when it is done with them."""
        while not self._is_closing:
            busy = [name for name, sender in self._senders.items() if sender.is_busy]
            limit = self._options.batch + len(self._marks)
            rows = await self._around.outbox.due(self._clock.now(), limit, busy)
            given = await self._give(rows)
            if not given:
                return

    async def _give(self, rows: Sequence[Delivery]) -> int:
        """Sort rows by channel and offer them; return how many found a place."""
        by_channel: dict[str, list[Delivery]] = {}
        for row in rows:
            if row.delivery_id not in self._marks:
                by_channel.setdefault(row.channel, []).append(row)
        given = 0
        for name, found in by_channel.items():
            sender = self._senders.get(name)
            if sender is None:
                given += await self._put_off(found)
            elif not sender.is_busy:
                sender.offer(found)
                given += len(found)
        return given

    async def _put_off(self, rows: Sequence[Delivery]) -> int:
        """Let rows of a channel that is no longer configured wait as if it were down: a reload may bring it back."""
        now = self._clock.now()
        for row in rows:
            reason = f"no channel '{row.channel}' is configured"
            at = next_try(
                row, now, self._around.ends.of(row, now), self._options, spread=self._spread(), retry_after_s=self._options.longest_retry_s
            )
            _log.warning("message has no channel", channel=row.channel, reason=reason)
            if at is None:
                self._around.ends.drop(row)
                await self._marks.book(row, partial(self._around.outbox.dead, row, now, reason))
            else:
                await self._marks.book(row, partial(self._around.outbox.retry, row, now, at, reason))
        return len(rows)

    def _expect(self, at: float) -> None:
        if len(self._expected) < _EXPECTED:
            heappush(self._expected, at)

    async def _rest(self) -> None:
        """Sleep until woken, until the next known retry, or for one sweep."""
        now = self._clock.monotonic()
        while self._expected and self._expected[0] <= now:
            heappop(self._expected)
        wait = min([self._options.sweep_s, *(at - now for at in self._expected[:1])])
        woken = asyncio.ensure_future(self._wake.wait())
        slept = asyncio.ensure_future(self._sleep(wait))
        _, left = await asyncio.wait({woken, slept}, return_when=asyncio.FIRST_COMPLETED)
        for one in left:
            one.cancel()
        await asyncio.gather(*left, return_exceptions=True)
