"""News about Presswatch itself for its operator: told once when something breaks and once when it is well again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import structlog

from crawler import cadence
from monitor.archive import Archive, Tx, reads, writes
from monitor.clock import Clock
from monitor.daemon.watch import InForce
from monitor.delivery.ports import CircuitNews
from monitor.metrics import Metrics
from monitor.model import Delivery, DeliveryKind, DeliveryStatus, Notice, Routed, Subscription

_log = structlog.get_logger()


class Notices:
    """Records notices and books them to whoever asked for their kind; a dead channel is told over another.

    ``wake`` is called after each booking; the delivery loop, which is made later, puts itself there.
    """

    def __init__(self, *, archive: Archive, clock: Clock, metrics: Metrics, in_force: InForce) -> None:
        self._archive = archive
        self._clock = clock
        self._metrics = metrics
        self._in_force = in_force
        self.wake: Callable[[], None] = lambda: None

    async def tell(self, kind: str, subject: str, text: str, *, is_recovery: bool = False, not_over: str | None = None) -> None:
        """Record one notice and book a message for every subscription that wants its kind, except over the channel it is about."""
        notice = Notice(kind=kind, subject=subject, text=text, at=self._clock.now(), is_recovery=is_recovery)
        takers = [s for s in self._in_force.settings.subscriptions if kind in s.notices and s.channel != not_over]
        _log.log(20 if is_recovery else 30, "notice", kind=kind, subject=subject, reason=text)
        await self._archive.write(lambda tx: _book(tx, notice, takers))
        self.wake()

    async def circuit(self, news: CircuitNews) -> None:
        """A channel went down, or came back."""
        text = f"channel {news.channel} is down: {news.reason}" if news.is_open else f"channel {news.channel} delivers again"
        await self.tell("channel-dead", news.channel, text, is_recovery=not news.is_open, not_over=news.channel if news.is_open else None)

    async def look_for_silence(self) -> None:
        """Compare every source with its own habit; only a change of state is told."""
        now = self._clock.now()
        rows = await self._archive.read(reads.source_states)
        for row in rows:
            source_id, outlet = row["source_id"], self._in_force.watch.desk.outlets.get(row["outlet_id"])
            if outlet is None or not row["state"]:
                continue
            is_silent = cadence.is_silent(cadence.FeedState.from_json(row["state"]), now)
            self._metrics.source_silent.labels(source_id).set(int(is_silent))
            if is_silent == (row["silent_at"] is not None):
                continue
            await self._archive.write(partial(writes.put_silence, source_id=source_id, at=now if is_silent else None))
            since = f"since {row['last_new_at']:%d %b, %H:%M} UTC" if row["last_new_at"] else "since it was added"
            text = f"{outlet.name} lists nothing new {since}, against its habit" if is_silent else f"{outlet.name} publishes again"
            await self.tell("silent", source_id, text, is_recovery=not is_silent)


def _book(tx: Tx, notice: Notice, takers: Sequence[Subscription]) -> None:
    notice_id = writes.put_notice(tx, notice)
    deliveries = tuple(
        Delivery(
            channel=s.channel,
            subscription_id=s.subscription_id,
            kind=DeliveryKind.NOTICE,
            status=DeliveryStatus.PENDING,
            notice_id=notice_id,
            due_at=notice.at,
            created_at=notice.at,
            message_id=f"notice-{notice_id}-{s.subscription_id}",
        )
        for s in takers
    )
    writes.put_deliveries(tx, Routed(deliveries=deliveries), notice.at)
