"""The outbox as the delivery loop sees it, kept in the archive."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from monitor import links
from monitor.archive import Archive, Tx, fenced, reads, writes
from monitor.daemon.watch import InForce
from monitor.errors import ClaimLost
from monitor.model import Brief, Delivery, DeliveryKind
from monitor.queue import Queue

_log = structlog.get_logger()

_WITHOUT_STORIES = (DeliveryKind.NOTICE, DeliveryKind.TEST, DeliveryKind.DIGEST)


class ArchiveOutbox:
    """Implements ``monitor.delivery.Outbox``: of the channels that the queue says are this node's. Settings are asked for at each message, so that a reload is seen at once."""

    def __init__(self, archive: Archive, in_force: InForce, queue: Queue) -> None:
        self._archive = archive
        self._in_force = in_force
        self._queue = queue

    async def due(self, now: datetime, limit: int, busy: Collection[str]) -> Sequence[Delivery]:
        ours = self._queue.channels()
        if ours is not None and not set(ours) - set(busy):
            return ()
        rows = await self._archive.read(lambda tx: reads.due_deliveries(tx, now, limit, busy, only=ours))
        if ours is not None:
            self._queue.drained(set(ours) - set(busy) - {row.channel for row in rows})
        return rows

    async def probe(self, channel: str, after: int, now: datetime) -> Delivery | None:
        return await self._archive.read(lambda tx: reads.next_unsent(tx, channel, after, now))

    async def brief(self, delivery: Delivery) -> Brief | None:
        if not self._queue.holds(delivery.channel):
            return None  # another node's by now
        settings, now = self._in_force.settings, self._archive.clock.now()
        subscription = next((s for s in settings.subscriptions if s.subscription_id == delivery.subscription_id), None)
        labels = {t.theme_id: t.label for t in settings.rules.themes}
        timezone = subscription.timezone if subscription else settings.timezone
        brief = await self._archive.read(
            lambda tx: reads.brief(
                tx, delivery, theme_labels=labels, subscription=subscription, timezone=timezone, public_url=settings.public_url, now=now
            )
        )
        if brief.stories or delivery.kind in _WITHOUT_STORIES:
            return replace(brief, links=_links(brief, self._in_force.link_key))
        await self.dead(delivery, now, "nothing is left to tell: its stories were muted or are gone")
        return None

    async def sent(self, delivery: Delivery, now: datetime) -> None:
        assert delivery.delivery_id is not None
        delivery_id = delivery.delivery_id
        if await self._mark(delivery, lambda tx: writes.mark_sent(tx, delivery_id, now, alert_ids=delivery.alert_ids)):
            return
        late = await self._archive.write(
            lambda tx: writes.mark_sent_late(tx, delivery_id, now, alert_ids=delivery.alert_ids, attempts=delivery.attempts)
        )
        _log.warning(
            "message was sent while the node was believed gone" if late else "message was sent by another node too",
            channel=delivery.channel,
        )

    async def retry(self, delivery: Delivery, now: datetime, next_at: datetime, error: str) -> None:  # noqa: ARG002 - the port's shape
        assert delivery.delivery_id is not None
        delivery_id = delivery.delivery_id
        await self._mark(delivery, lambda tx: writes.mark_retry(tx, delivery_id, error=error, next_at=next_at))

    async def dead(self, delivery: Delivery, now: datetime, error: str) -> None:  # noqa: ARG002 - the port's shape
        assert delivery.delivery_id is not None
        delivery_id = delivery.delivery_id
        await self._mark(delivery, lambda tx: writes.mark_dead(tx, delivery_id, error=error))

    async def make_due(self, channel: str, now: datetime) -> None:
        await self._archive.write(lambda tx: writes.release(tx, channel, now))

    async def _mark(self, delivery: Delivery, mark: Callable[[Tx], None]) -> bool:
        """Write a mark under the claim to its channel; False where another node has the channel now, and marks for itself."""
        try:
            await self._archive.write(fenced(mark, self._queue.claim(delivery.channel)))
        except ClaimLost as lost:
            _log.debug("mark left to another node", channel=delivery.channel, reason=str(lost))
            return False
        return True


def _links(brief: Brief, key: bytes | None) -> Mapping[str, str]:
    """Every story's page and what may be done about it; dated by the delivery, so that a retry is the same message."""
    found: dict[str, str] = {}
    for story in brief.stories if brief.public_url else ():
        alert_id = min((a.alert_id for a in story.alerts if a.alert_id is not None), default=None)
        if alert_id is not None and brief.public_url:
            found |= links.of_story(brief.public_url, key, story.story_id, alert_id, brief.delivery.created_at)
    return found
