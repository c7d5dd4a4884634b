"""News about Presswatch itself for its operator: told once when something breaks and once when it is well again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from monitor.archive import Archive, Tx, writes
from monitor.clock import Clock
from monitor.daemon.watch import InForce
from monitor.delivery.ports import CircuitNews
from monitor.metrics import Metrics
from monitor.model import Delivery, DeliveryKind, DeliveryStatus, Notice, Routed, Subscription

_log = structlog.get_logger()

EVERY_NOTICE = "*"
_SAID_AT_THE_START = frozenset({"contact"})


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
        wanting = [s for s in self._in_force.settings.subscriptions if {kind, EVERY_NOTICE} & set(s.notices) and s.channel != not_over]
        takers = list({s.channel: s for s in reversed(wanting)}.values())[::-1]  # one message per channel, as the first in the file has it
        _log.log(20 if is_recovery or kind in _SAID_AT_THE_START else 30, "notice", kind=kind, subject=subject, reason=text)
        await self._archive.write(lambda tx: _book(tx, notice, takers))
        self.wake()

    async def circuit(self, news: CircuitNews) -> None:
        """A channel went down, or came back."""
        text = f"channel {news.channel} is down: {news.reason}" if news.is_open else f"channel {news.channel} delivers again"
        await self.tell("channel-dead", news.channel, text, is_recovery=not news.is_open, not_over=news.channel if news.is_open else None)


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
