"""The outbox as the delivery loop sees it, kept in the archive."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor import links
from monitor.archive import Archive, reads, writes
from monitor.daemon.watch import InForce
from monitor.model import Brief, Delivery, DeliveryKind

_WITHOUT_STORIES = (DeliveryKind.NOTICE, DeliveryKind.TEST, DeliveryKind.DIGEST)


class ArchiveOutbox:
    """Implements ``monitor.delivery.Outbox``; settings are asked for at each message, so that a reload is seen at once."""

    def __init__(self, archive: Archive, in_force: InForce) -> None:
        self._archive = archive
        self._in_force = in_force

    async def due(self, now: datetime, limit: int, busy: Collection[str]) -> Sequence[Delivery]:
        return await self._archive.read(lambda tx: reads.due_deliveries(tx, now, limit, busy))

    async def probe(self, channel: str, after: int, now: datetime) -> Delivery | None:
        return await self._archive.read(lambda tx: reads.next_unsent(tx, channel, after, now))

    async def brief(self, delivery: Delivery) -> Brief | None:
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
        await self._archive.write(lambda tx: writes.mark_sent(tx, delivery_id, now, alert_ids=delivery.alert_ids))

    async def retry(self, delivery: Delivery, now: datetime, next_at: datetime, error: str) -> None:  # noqa: ARG002 - the port's shape
        assert delivery.delivery_id is not None
        delivery_id = delivery.delivery_id
        await self._archive.write(lambda tx: writes.mark_retry(tx, delivery_id, error=error, next_at=next_at))

    async def dead(self, delivery: Delivery, now: datetime, error: str) -> None:  # noqa: ARG002 - the port's shape
        assert delivery.delivery_id is not None
        delivery_id = delivery.delivery_id
        await self._archive.write(lambda tx: writes.mark_dead(tx, delivery_id, error=error))

    async def make_due(self, channel: str, now: datetime) -> None:
        await self._archive.write(lambda tx: writes.release(tx, channel, now))


def _links(brief: Brief, key: bytes | None) -> Mapping[str, str]:
    """Every story's page and what may be done about it; dated by the delivery, so that a retry is the same message."""
    found: dict[str, str] = {}
    for story in brief.stories if brief.public_url else ():
        alert_id = min((a.alert_id for a in story.alerts if a.alert_id is not None), default=None)
        if alert_id is not None and brief.public_url:
            found |= links.of_story(brief.public_url, key, story.story_id, alert_id, brief.delivery.created_at)
    return found
