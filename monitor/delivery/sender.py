"""One channel's way out: a message at a time, at its own pace, whatever happens on the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import Enum

import structlog

from monitor.channels import Channel
from monitor.clock import Clock
from monitor.delivery import policy
from monitor.delivery.marks import Ends, Marks
from monitor.delivery.policy import Bucket, Circuit, Options
from monitor.delivery.ports import CircuitChanged, CircuitNews, Crash, Outbox
from monitor.errors import ArchiveError, ChannelBusy, ChannelRefused
from monitor.metrics import Metrics
from monitor.model import Brief, Delivery, DeliveryStatus, Message
from monitor.render import message

_log = structlog.get_logger()

_LONG = 3
"""Messages on more stories than this are written in a thread: a digest of hundreds takes longer than the loop may stand."""

_MEND_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all senders share; ``expect`` is told of the monotonic time of a known retry."""

    outbox: Outbox
    marks: Marks
    ends: Ends
    clock: Clock
    options: Options
    metrics: Metrics | None
    crash: Crash
    sleep: Callable[[float], Awaitable[None]]
    spread: Callable[[], float]
    circuit_changed: CircuitChanged
    wake: Callable[[], None]
    expect: Callable[[float], None]


class _Outcome(Enum):
    """How one try ended."""

    TAKEN = "taken"
    FAILED = "failed"
    HELD = "held"
    REFUSED = "refused"
    OURS = "ours"
    SKIPPED = "skipped"


class Sender:
    """The messages of one channel that are in memory, and what is known of its health.

    Either it wants rows, or a task of its own works off what it was given, waits out a pause or probes a channel that is down.
    """

    def __init__(self, name: str, channel: Channel, around: Surroundings) -> None:
        self.name = name
        self.channel = channel
        self._around = around
        self._waiting: deque[Delivery] = deque()
        self._circuit = Circuit()
        rate = channel.rate_per_minute
        self._bucket: Bucket | None = policy.bucket(rate, around.clock.monotonic()) if rate else None
        self._task: asyncio.Task[None] | None = None
        self._is_sending = False
        self._is_closing = False
        self._is_told_open = False
        self._probed = 0
        self._error = ""

    @property
    def is_busy(self) -> bool:
        """It takes no rows now."""
        return self._task is not None or self._is_closing

    @property
    def is_open(self) -> bool:
        """The circuit is open: the channel is left alone but for probes."""
        return self._circuit.is_open

    def offer(self, deliveries: Sequence[Delivery]) -> None:
        """Take rows to send and begin."""
        self._waiting.extend(deliveries)
        if not self.is_busy:
            self._start(self._work())

    async def close(self, patience_s: float) -> None:
        """Finish what is in flight, for ``patience_s`` at most; drop what only waits, it stands in the outbox."""
        self._is_closing = True
        task = self._task
        if task is None:
            return
        if not self._is_sending:
            task.cancel()
        _, late = await asyncio.wait({task}, timeout=patience_s)
        for one in late:
            _log.warning("message cut off while stopping; it is sent again after the start", channel=self.name)
            one.cancel()
            await asyncio.wait({one})

    # ---- work

    def _start(self, work: Coroutine[object, object, None]) -> None:
        self._task = asyncio.create_task(work, name=f"deliver-{self.name}")
        self._task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None and not self._is_closing:
            _log.error("delivery stumbled; it goes on", channel=self.name, exc_info=error, retry_s=_MEND_S)
            self._start(self._mend())
        else:
            self._around.wake()

    async def _mend(self) -> None:
        """Breathe, so that a fault of ours does not become a storm."""
        self._waiting.clear()
        await self._around.sleep(_MEND_S)

    async def _work(self) -> None:
        """Take step after step until nothing is left in memory and the channel is well; what is not sent stands in the outbox."""
        while (self._waiting or self._circuit.is_open or self._is_told_open) and not self._is_closing:
            try:
                await self._step()
            except ArchiveError as error:
                _log.warning("archive does not answer; delivery waits", channel=self.name, reason=str(error), retry_s=_MEND_S)
                await self._around.sleep(_MEND_S)

    async def _step(self) -> None:
        """Probe a channel that is down, set everything free on one that is back, else send the next message."""
        if self._circuit.is_open:
            self._waiting.clear()
            await self._tell(is_open=True)
            await self._probe()
        elif self._is_told_open:
            await self._around.outbox.make_due(self.name, self._around.clock.now())
            await self._tell(is_open=False)
        else:
            await self._pace()
            await self._once(self._waiting.popleft())

    async def _pace(self) -> None:
        """Wait out a pause the service asked for, then for a token."""
        now = self._around.clock.monotonic()
        if self._circuit.held_until > now:
            await self._around.sleep(self._circuit.held_until - now)
        if self._bucket is not None:
            self._bucket, wait = policy.take(self._bucket, self._around.clock.monotonic())
            if wait > 0:
                await self._around.sleep(wait)

    async def _probe(self) -> None:
        """Try one message when its time has come, another one each time."""
        wait = self._circuit.probe_at - self._around.clock.monotonic()
        if wait > 0:
            await self._around.sleep(wait)
        delivery = await self._around.outbox.probe(self.name, self._probed, self._around.clock.now())
        if delivery is None:
            self._rest()
        else:
            self._probed = delivery.delivery_id or 0
            await self._once(delivery, is_probe=True)

    async def _tell(self, *, is_open: bool) -> None:
        """Say once that the channel went down, and once that it is back."""
        if self._is_told_open is is_open:
            return
        self._is_told_open = is_open
        news = CircuitNews(channel=self.name, is_open=is_open, reason=self._error if is_open else "", at=self._around.clock.now())
        if is_open:
            _log.error("channel is down; one message every while tries it", channel=self.name, reason=news.reason)
        else:
            _log.warning("channel is back; all that waited is sent", channel=self.name)
        await self._around.circuit_changed(news)

    def _rest(self) -> None:
        """Nothing is left to try: look again as if this had been a failed probe."""
        self._circuit = policy.failed(self._circuit, self._around.clock.monotonic(), self._around.options)

    async def _once(self, delivery: Delivery, *, is_probe: bool = False) -> None:
        """Try one message and draw the conclusions for the channel."""
        if delivery.delivery_id in self._around.marks:
            if is_probe:
                self._rest()
            return
        self._is_sending = True
        try:
            started = self._around.clock.monotonic()
            outcome, wait_s = await self._deliver(delivery, is_probe=is_probe)
        finally:
            self._is_sending = False
        if outcome in {_Outcome.TAKEN, _Outcome.REFUSED}:  # it answers: a refusal is a message's fault
            self._circuit = policy.worked(self._circuit)
        elif outcome is _Outcome.HELD:
            self._circuit = policy.asked_to_wait(self._circuit, self._around.clock.monotonic(), self._around.options, retry_after_s=wait_s)
        elif outcome is _Outcome.FAILED:
            self._circuit = policy.failed(self._circuit, started, self._around.options)
        elif is_probe:
            self._rest()

    # ---- one message

    async def _deliver(self, delivery: Delivery, *, is_probe: bool) -> tuple[_Outcome, float]:
        """Send one message and book how it ended; return that, and how long the service asked us to wait."""
        around = self._around
        began = around.clock.monotonic()
        try:
            brief = await around.outbox.brief(delivery)
            if brief is None:
                around.marks.skip(delivery, began + around.options.sweep_s)
                return _Outcome.SKIPPED, 0.0
            await self._send(await self._written(brief))
        except ArchiveError:
            raise
        except ChannelRefused as refusal:
            await self._give_up(delivery, str(refusal))
            return _Outcome.REFUSED, 0.0
        except ChannelBusy as busy:
            held = busy.retry_after_s is not None
            await self._try_later(delivery, str(busy), retry_after_s=busy.retry_after_s, is_probe=is_probe and not held)
            return (_Outcome.HELD, busy.retry_after_s or 0.0) if held else (_Outcome.FAILED, 0.0)
        except Exception as error:  # noqa: BLE001 - per delivery: one message that cannot be written never stops the others
            _log.error("message could not be written or sent; this is a fault of ours", channel=self.name, exc_info=error)
            await self._try_later(delivery, f"{type(error).__name__}: {error}", retry_after_s=None, is_probe=False)
            return _Outcome.OURS, 0.0
        await self._book_sent(delivery, brief, around.clock.monotonic() - began)
        return _Outcome.TAKEN, 0.0

    async def _written(self, brief: Brief) -> Message:
        how = (self.channel.format, self.channel.body_limit, self.channel.template)
        if len(brief.stories) > _LONG:
            return await asyncio.to_thread(message, brief, *how)
        return message(brief, *how)

    async def _send(self, written: Message) -> None:
        """Send with a limit of time; what takes longer counts as not taken."""
        self._around.crash("before send")
        try:
            await asyncio.wait_for(self.channel.send(written), self._around.options.timeout_s)
        except TimeoutError as error:
            raise ChannelBusy(f"did not take the message within {self._around.options.timeout_s:g} s") from error
        self._around.crash("after send")

    async def _book_sent(self, delivery: Delivery, brief: Brief, duration_s: float) -> None:
        now = self._around.clock.now()
        self._around.ends.drop(delivery)
        self._around.crash("before mark")
        await self._around.marks.book(delivery, lambda: self._around.outbox.sent(delivery, now))
        self._around.crash("after mark")
        self._count(DeliveryStatus.SENT)
        published = next((s.article.published_at for s in brief.stories if s.article.published_at), None)
        if published is not None and self._around.metrics is not None:
            self._around.metrics.delivery_lag.observe(max(0.0, (now - published).total_seconds()))
        _log.info(
            "message sent", channel=self.name, story_id=delivery.story_id, attempts=delivery.attempts + 1, duration_s=round(duration_s, 3)
        )

    async def _try_later(self, delivery: Delivery, reason: str, *, retry_after_s: float | None, is_probe: bool) -> None:
        """Book another try, or the end; a failed probe spends nothing."""
        around = self._around
        self._error = reason
        now = around.clock.now()
        end = around.ends.of(delivery, now)
        at = policy.next_try(delivery, now, end, around.options, spread=around.spread(), retry_after_s=retry_after_s)
        if at is None:
            await self._give_up(delivery, f"given up after {around.options.give_up_s / 3600:g} h: {reason}")
            return
        self._count(DeliveryStatus.RETRY)
        if is_probe:
            _log.debug("probe failed", channel=self.name, reason=reason)
            return
        wait_s = (at - now).total_seconds()
        around.expect(around.clock.monotonic() + wait_s)
        _log.warning(
            "message not taken; trying again", channel=self.name, reason=reason, attempts=delivery.attempts + 1, retry_s=round(wait_s, 1)
        )
        await around.marks.book(delivery, lambda: around.outbox.retry(delivery, now, at, reason))

    async def _give_up(self, delivery: Delivery, reason: str) -> None:
        now = self._around.clock.now()
        self._around.ends.drop(delivery)
        self._count(DeliveryStatus.DEAD)
        _log.error(
            "message given up; presswatch alerts list --failed shows it, presswatch alerts resend sends it again",
            channel=self.name,
            story_id=delivery.story_id,
            reason=reason,
        )
        await self._around.marks.book(delivery, lambda: self._around.outbox.dead(delivery, now, reason))

    def _count(self, status: DeliveryStatus) -> None:
        if self._around.metrics is not None:
            self._around.metrics.deliveries.labels(self.name, status.value).inc()
