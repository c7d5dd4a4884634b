"""The Atom feed of a theme's alerts, as the HTTP server asks for it."""

from __future__ import annotations

from datetime import datetime

from monitor.archive import Tx, reads
from monitor.daemon.parts import Parts
from monitor.model import Delivery, DeliveryKind, DeliveryStatus, StoryBrief
from monitor.render import atom

_LENGTH = 50


async def feed(parts: Parts, theme_id: str) -> bytes | None:
    """Return the feed, None where there is no such theme."""
    watch, now = parts.in_force.watch, parts.clock.now()
    theme = watch.desk.themes.get(theme_id)
    if theme is None:
        return None
    settings = watch.settings
    stories = await parts.archive.read(lambda tx: _stories(tx, theme_id, now))
    link = f"{settings.public_url.rstrip('/')}/alerts/{theme_id}.atom" if settings.public_url else None
    return atom.feed(theme_id, theme.label, stories, now=now, self_url=link, timezone=settings.timezone)


def _stories(tx: Tx, theme_id: str, now: datetime) -> tuple[StoryBrief, ...]:
    """The stories of a theme's last alerts, as a message would tell them."""
    rows = reads.listing(tx, "v_alerts", reads.Filter(themes=[theme_id], limit=_LENGTH))
    told = Delivery(
        channel="feed", subscription_id="", kind=DeliveryKind.DIGEST, status=DeliveryStatus.SENT, due_at=now, created_at=now,
        alert_ids=tuple(row["alert_id"] for row in rows),
    )  # fmt: skip
    return reads.brief(tx, told).stories
