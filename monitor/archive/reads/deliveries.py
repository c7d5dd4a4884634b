"""Reads what a message has to say, and how busy its channel is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from crawler.model import Article
from monitor.archive import tables as t
from monitor.archive.reads.articles import article
from monitor.archive.reads.decided import dropped, silent_sources
from monitor.archive.reads.due import alerts_of
from monitor.archive.reads.pages.story import related
from monitor.archive.reads.stories import mutes, story
from monitor.archive.ready import Ready
from monitor.archive.shapes import alert_of, chunks, delivery_of, evidence_of
from monitor.archive.tx import Row, Tx
from monitor.archive.writes.deliveries import OPEN
from monitor.archive.writes.stories import living
from monitor.model import (
    Alert,
    Brief,
    Delivery,
    DeliveryKind,
    Evidence,
    Notice,
    Reason,
    Recent,
    StoryBrief,
    Subscription,
)

RECENT = timedelta(minutes=5)
RECENT_ALERTS = 500
"""A channel's last alerts are looked at up to this number: what lies beyond is a storm in any case."""
WHOLE_STORIES = 10
"""A storm shows its top ten; of the others only the count is told."""

_NOW_KINDS = (DeliveryKind.STORY.value, DeliveryKind.GROUP.value, DeliveryKind.STORM.value)


def recent(tx: Tx, channels: Collection[str], now: datetime) -> list[Recent]:
    """How busy each channel is: the stories booked to it in the last five minutes, and what it gathers."""
    return [Recent(channel=c, at=_booked(tx, c, now), waiting=_waiting(tx, c, now)) for c in dict.fromkeys(channels)]


def _booked(tx: Tx, channel: str, now: datetime) -> tuple[datetime, ...]:
    rows = tx.get(_BOOKED, to=channel, since=now - RECENT)
    return tuple(sorted({row["story_id"]: row["decided_at"] for row in rows}.values()))


def _waiting(tx: Tx, channel: str, now: datetime) -> tuple[Delivery, ...]:
    return tuple(delivery_of(row, ()) for row in tx.get(_GATHERING, to=channel, now=now))


_a, _d, _c = t.alerts.c, t.deliveries.c, t.delivery_alerts.c
_BOOKED = Ready(
    lambda _: (
        sa.select(_a.story_id, _a.decided_at)
        .select_from(t.alerts.join(t.delivery_alerts, _c.alert_id == _a.alert_id).join(t.deliveries, _d.delivery_id == _c.delivery_id))
        .where(
            *(_a.decided_at > sa.bindparam("since", type_=_a.decided_at.type), _c.channel == sa.bindparam("to")),
            sa.or_(*(_d.kind == kind for kind in _NOW_KINDS)),
            sa.or_(_d.reason.is_(None), _d.reason != Reason.QUIET_HOURS.value),
        )
        .order_by(_a.decided_at.desc())
        .limit(RECENT_ALERTS)
    )
)
_GATHERING = Ready(
    lambda _: (
        sa.select(t.deliveries)
        .where(
            *(_d.channel == sa.bindparam("to"), _d.status == "held", _d.next_at > sa.bindparam("now", type_=_d.next_at.type)),
            sa.or_(*(_d.kind == kind.value for kind in (DeliveryKind.GROUP, DeliveryKind.STORM))),
        )
        .order_by(_d.next_at, _d.delivery_id)
    )
)


def delivery(tx: Tx, delivery_id: int) -> Delivery | None:
    """One delivery with the alerts it carries now."""
    row = tx.row(sa.select(t.deliveries).where(t.deliveries.c.delivery_id == delivery_id))
    return None if row is None else delivery_of(row, alerts_of(tx, [delivery_id]).get(delivery_id, ()))


def outbox(tx: Tx) -> dict[str, int]:
    """How many deliveries stand in each open status."""
    d = t.deliveries.c
    rows = tx.rows(sa.select(d.status, sa.func.count().label("n")).where(d.status.in_((*OPEN, "dead"))).group_by(d.status))
    return {row["status"]: row["n"] for row in rows}


# ---- briefs


def brief(
    tx: Tx,
    delivery: Delivery,
    *,
    theme_labels: Mapping[str, str] | None = None,
    subscription: Subscription | None = None,
    timezone: str = "UTC",
    public_url: str | None = None,
    links: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Brief:
    """All that a delivery has to say, of the alerts it held when it was read: what joined it since is told by another one.

    The strongest story stands first (severity, then outlets, then age); a storm carries its top ten and counts the rest in ``total``.
    With ``now`` stories that were muted meanwhile are left out. A message without a story and without a notice has nothing to say.
    """
    by_story = _by_story(tx, _alerts(tx, delivery.alert_ids))
    decided = [a.decided_at for alerts in by_story.values() for a in alerts]
    if now is not None:
        by_story = _unmuted(tx, by_story, now)
    ordered = _ordered(tx, by_story)
    shown = ordered[:WHOLE_STORIES] if delivery.kind is DeliveryKind.STORM else ordered
    labels = dict(theme_labels or {}) or _labels(tx, {a.theme_id for alerts in by_story.values() for a in alerts})
    is_digest = delivery.kind is DeliveryKind.DIGEST
    stories = tuple(_story_brief(tx, story_id, by_story[story_id], labels, with_related=is_digest) for story_id in shown)
    return Brief(
        delivery=delivery,
        stories=tuple(s for s in stories if s is not None),
        notice=_notice(tx, delivery.notice_id) if delivery.notice_id is not None else None,
        subscription=subscription,
        timezone=timezone,
        public_url=public_url,
        links=dict(links or {}),
        since=min(decided, default=None),
        until=max(decided, default=None),
        silent_sources=silent_sources(tx) if is_digest else (),
        dropped=dropped(tx, delivery.channel, min(decided, default=delivery.created_at)) if is_digest else (),
        total=len(ordered),
    )


def _unmuted(tx: Tx, by_story: Mapping[int, list[Alert]], now: datetime) -> dict[int, list[Alert]]:
    silent = {(m.scope, m.target) for m in mutes(tx, now)}
    if not silent:
        return dict(by_story)
    kept = {
        story_id: [a for a in alerts if not {("theme", a.theme_id), ("story", str(a.story_id)), ("outlet", a.outlet_id)} & silent]
        for story_id, alerts in by_story.items()
        if ("story", str(story_id)) not in silent
    }
    return {story_id: alerts for story_id, alerts in kept.items() if alerts}


def _alerts(tx: Tx, alert_ids: Sequence[int]) -> list[Alert]:
    rows = [row for part in chunks(alert_ids) for row in tx.rows(sa.select(t.alerts).where(t.alerts.c.alert_id.in_(part)))]
    return sorted((alert_of(row) for row in rows), key=lambda a: a.alert_id or 0)


def _by_story(tx: Tx, alerts: Iterable[Alert]) -> dict[int, list[Alert]]:
    found: dict[int, list[Alert]] = {}
    for alert in alerts:
        found.setdefault(living(tx, alert.story_id), []).append(alert)
    return found


def _ordered(tx: Tx, by_story: Mapping[int, Sequence[Alert]]) -> list[int]:
    counts: dict[int, int] = {}
    for part in chunks(list(by_story)):
        s = t.stories.c
        counts |= {
            row["story_id"]: row["outlet_count"] for row in tx.rows(sa.select(s.story_id, s.outlet_count).where(s.story_id.in_(part)))
        }
    return sorted(by_story, key=lambda s: (-max(a.severity for a in by_story[s]), -counts.get(s, 0), s))


def _labels(tx: Tx, theme_ids: Collection[str]) -> dict[str, str]:
    rows = tx.rows(sa.select(t.themes.c.theme_id, t.themes.c.label).where(t.themes.c.theme_id.in_(sorted(theme_ids))))
    return {row["theme_id"]: row["label"] for row in rows}


def _story_brief(tx: Tx, story_id: int, alerts: Sequence[Alert], labels: Mapping[str, str], *, with_related: bool) -> StoryBrief | None:
    """The article of the strongest alert speaks; None where retention has taken it."""
    lead = next((a for a in sorted(alerts, key=lambda a: (-a.severity, a.alert_id or 0)) if a.article_id is not None), None)
    spoken = article(tx, lead.article_id) if lead is not None and lead.article_id is not None else None
    if spoken is None or lead is None:
        return None
    whole = story(tx, story_id)
    rules = {rule for a in alerts if a.article_id == lead.article_id for rule in a.rules}
    by_rule = _evidence(tx, spoken, rules)
    name = next((r.outlet_name for r in whole.reports if r.article_id == spoken.article_id), spoken.outlet_id)
    return StoryBrief(
        story_id=story_id,
        article=spoken,
        outlet_name=name,
        alerts=tuple(alerts),
        evidence=tuple(
            sorted({e for found in by_rule.values() for e in found}, key=lambda e: (e.field != "title", e.start, e.end, e.term))
        ),
        also=tuple(r for r in whole.reports if r.article_id != spoken.article_id),
        theme_labels={a.theme_id: labels.get(a.theme_id, a.theme_id) for a in alerts},
        evidence_by_rule=by_rule,
        related=tuple(r.headline for r in related(tx, story_id)) if with_related else (),
    )


def _evidence(tx: Tx, spoken: Article, rules: Collection[str]) -> dict[str, tuple[Evidence, ...]]:
    m = t.matches.c
    rows: Sequence[Row] = tx.rows(
        sa.select(m.rule_id, m.evidence).where(m.article_id == spoken.article_id, m.rule_id.in_(sorted(rules))).order_by(m.rule_id)
    )
    return {row["rule_id"]: evidence_of(row["evidence"]) for row in rows}


def _notice(tx: Tx, notice_id: int) -> Notice | None:
    row = tx.row(sa.select(t.notices).where(t.notices.c.notice_id == notice_id))
    return None if row is None else Notice(**row)
