"""Writes the outbox: deliveries booked, merged, sent, tried again, given up, sent again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.ready import Ready
from monitor.archive.shapes import day_of
from monitor.archive.tx import Tx
from monitor.model import Delivery, DeliveryKind, DeliveryStatus, Routed

OPEN = (DeliveryStatus.PENDING.value, DeliveryStatus.HELD.value, DeliveryStatus.RETRY.value)

_FIRST_SIGHT = (
    sa.select(t.articles.c.seen_at)
    .select_from(
        t.delivery_alerts.join(t.alerts, t.alerts.c.alert_id == t.delivery_alerts.c.alert_id).join(
            t.articles, t.articles.c.article_id == t.alerts.c.article_id
        )
    )
    .where(t.delivery_alerts.c.delivery_id == sa.bindparam("id"))
    .order_by(t.articles.c.seen_at)
    .limit(1)
)
_is_open = t.deliveries.c.status.in_(OPEN)


def put_deliveries(tx: Tx, routed: Routed, now: datetime) -> int:
    """Book deliveries and keep why the others got none; return how many messages are new.

    An alert that the channel carries already is left out. What is left joins an open delivery of the same channel and story,
    or the open one of the same message id (a digest, a group, a storm); the earlier due time and the higher severity win.
    """
    made = sum(_book(tx, delivery, now) for delivery in routed.deliveries)
    tx.do_many(_SILENCE, [{"subscription_id": s, "alert_id": a, "reason": reason.value, "at": now} for s, a, reason in routed.silences])
    return made


def _book(tx: Tx, delivery: Delivery, now: datetime) -> bool:
    alert_ids = _untold(tx, delivery)
    if delivery.alert_ids and not alert_ids:
        return False
    open_id = _open_like(tx, delivery) if alert_ids else None
    delivery_id = open_id if open_id is not None else _insert(tx, delivery, now)
    _carry(tx, delivery_id, alert_ids, delivery.channel)
    if open_id is not None:
        _raise(tx, open_id, delivery)
    return open_id is None


def _untold(tx: Tx, delivery: Delivery) -> list[int]:
    """The alerts that no message of this channel carries."""
    told = {row["alert_id"] for row in tx.get(_CARRIED, to=delivery.channel, ids=list(delivery.alert_ids))}
    return [a for a in dict.fromkeys(delivery.alert_ids) if a not in told]


def _open_like(tx: Tx, delivery: Delivery) -> int | None:
    """An unsent message these alerts belong into: of the same id, or about the same story."""
    found = tx.get(_OPEN_OF_ID, to=delivery.channel, message=delivery.message_id)
    if not found and delivery.kind is DeliveryKind.STORY and delivery.story_id is not None:
        found = tx.get(_OPEN_OF_STORY, to=delivery.channel, story=delivery.story_id)
    return int(found[0]["delivery_id"]) if found else None


_d, _c = t.deliveries.c, t.delivery_alerts.c
_SILENCE = Ready(lambda make: make.insert(t.silences).on_conflict_do_nothing())
_CARRY = Ready(lambda make: make.insert(t.delivery_alerts).on_conflict_do_nothing())
_CARRIED = Ready(lambda make: sa.select(_c.alert_id).where(_c.channel == sa.bindparam("to"), make.among(_c.alert_id, "ids")))
_UNSENT = (_d.status != DeliveryStatus.SENT.value, _d.status != DeliveryStatus.DEAD.value)
"""Said so that the index of open messages is not taken: of one channel it may hold tens of thousands."""
_OPEN_OF_ID = Ready(
    lambda _: sa.select(_d.delivery_id).where(_d.message_id == sa.bindparam("message"), _d.channel == sa.bindparam("to"), *_UNSENT)
)
_OPEN_OF_STORY = Ready(
    lambda _: (
        sa.select(_d.delivery_id)
        .where(
            *(_d.story_id == sa.bindparam("story"), _d.channel == sa.bindparam("to")),
            *(_d.kind == DeliveryKind.STORY.value, *_UNSENT),
        )
        .order_by(_d.delivery_id)
        .limit(1)
    )
)
_INSERT = Ready(lambda make: make.insert(t.deliveries).on_conflict_do_nothing(index_elements=["message_id"]).returning(_d.delivery_id))


def _insert(tx: Tx, delivery: Delivery, now: datetime) -> int:
    values = {
        "channel": delivery.channel,
        "subscription_id": delivery.subscription_id,
        "kind": delivery.kind.value,
        "status": delivery.status.value,
        "story_id": delivery.story_id,
        "notice_id": delivery.notice_id,
        "reason": delivery.reason.value if delivery.reason else None,
        "severity": int(delivery.severity),
        "next_at": delivery.due_at,
        "created_at": now,
        "day": day_of(now),
        "attempts": 0,
    }
    fresh = f"{delivery.kind.value}-{uuid4().hex[:20]}"
    made = tx.get(_INSERT, **values, message_id=delivery.message_id or fresh)
    made = made or tx.get(_INSERT, **values, message_id=fresh)  # that id was sent already
    return int(made[0]["delivery_id"])


def _carry(tx: Tx, delivery_id: int, alert_ids: Sequence[int], channel: str) -> None:
    tx.do_many(_CARRY, [{"delivery_id": delivery_id, "alert_id": a, "channel": channel} for a in alert_ids])


def _raise(tx: Tx, delivery_id: int, delivery: Delivery) -> None:
    """An open message takes over what is more urgent in the alerts that joined it; a retry keeps its own time."""
    d = t.deliveries.c
    row = tx.row(sa.select(d.severity, d.next_at, d.status, d.reason).where(d.delivery_id == delivery_id))
    assert row is not None
    values: dict[str, Any] = {"severity": max(row["severity"], int(delivery.severity))}
    if row["status"] != DeliveryStatus.RETRY.value and delivery.due_at < row["next_at"]:
        values |= {
            "next_at": delivery.due_at,
            "status": delivery.status.value,
            "reason": delivery.reason.value if delivery.reason else None,
        }
    tx.run(sa.update(t.deliveries).where(d.delivery_id == delivery_id).values(values))


# ---- what became of them


def mark_sent(tx: Tx, delivery_id: int, now: datetime, *, alert_ids: Collection[int] | None = None) -> None:
    """Note that the channel took the message.

    ``alert_ids`` are those the message carried; alerts that joined the delivery while it was on its way get one of their own.
    """
    if alert_ids is not None:
        _split(tx, delivery_id, alert_ids, now)
    first = tx.row(_FIRST_SIGHT, {"id": delivery_id})
    delay_s = round((now - first["seen_at"]).total_seconds(), 3) if first else None
    tx.run(
        sa.update(t.deliveries)
        .where(t.deliveries.c.delivery_id == delivery_id)
        .values(status=DeliveryStatus.SENT.value, sent_at=now, delay_s=delay_s, error=None, attempts=t.deliveries.c.attempts + 1)
    )


def mark_sent_late(tx: Tx, delivery_id: int, now: datetime, *, alert_ids: Collection[int], attempts: int) -> bool:
    """Note what a node sent before it lost the channel, where nobody has touched the message since; say whether that was so."""
    d = t.deliveries.c
    untouched = sa.select(d.delivery_id).where(d.delivery_id == delivery_id, _is_open, d.attempts == attempts).with_for_update()
    if tx.row(untouched) is None:
        return False
    mark_sent(tx, delivery_id, now, alert_ids=alert_ids)
    return True


def mark_retry(tx: Tx, delivery_id: int, *, error: str, next_at: datetime, is_attempt: bool = True) -> None:
    """Note that the channel may take the message later; a probe of an open circuit is no attempt."""
    tx.run(
        sa.update(t.deliveries)
        .where(t.deliveries.c.delivery_id == delivery_id, _is_open)
        .values(status=DeliveryStatus.RETRY.value, error=error, next_at=next_at, attempts=t.deliveries.c.attempts + int(is_attempt))
    )


def mark_dead(tx: Tx, delivery_id: int, *, error: str) -> None:
    """Note that the channel will never take the message; ``resend`` tries again."""
    tx.run(
        sa.update(t.deliveries)
        .where(t.deliveries.c.delivery_id == delivery_id, _is_open)
        .values(status=DeliveryStatus.DEAD.value, error=error, attempts=t.deliveries.c.attempts + 1)
    )


def release(tx: Tx, channel: str, now: datetime) -> int:
    """Make every retry of a channel due now: it takes messages again."""
    waiting = sa.update(t.deliveries).where(
        t.deliveries.c.channel == channel, t.deliveries.c.status == DeliveryStatus.RETRY.value, t.deliveries.c.next_at > now
    )
    return tx.run(waiting.values(next_at=now)).rowcount


def resend(tx: Tx, delivery_ids: Collection[int], now: datetime) -> int:
    """Make deliveries due once more, dead and sent ones too; their message ids stay."""
    chosen = sa.update(t.deliveries).where(t.deliveries.c.delivery_id.in_(list(delivery_ids)))
    return tx.run(chosen.values(status=DeliveryStatus.PENDING.value, next_at=now, error=None, attempts=0, sent_at=None)).rowcount


def _split(tx: Tx, delivery_id: int, carried: Collection[int], now: datetime) -> None:
    """Give alerts that came too late for a message another one, due now."""
    a = t.delivery_alerts.c
    late = [row["alert_id"] for row in tx.rows(sa.select(a.alert_id).where(a.delivery_id == delivery_id)) if row["alert_id"] not in carried]
    row = tx.row(sa.select(t.deliveries).where(t.deliveries.c.delivery_id == delivery_id)) if late else None
    if row is None:
        return
    values = {name: row[name] for name in ("channel", "subscription_id", "kind", "story_id", "severity", "reason")}
    again = {**values, "status": "pending", "next_at": now, "created_at": now, "day": day_of(now), "attempts": 0, "message_id": uuid4().hex}
    new_id = tx.value(sa.insert(t.deliveries).returning(t.deliveries.c.delivery_id), again)
    tx.run(sa.update(t.delivery_alerts).where(a.delivery_id == delivery_id, a.alert_id.in_(late)).values(delivery_id=new_id))
