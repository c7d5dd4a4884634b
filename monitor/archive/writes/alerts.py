"""Writes decisions: every answer of ``decide``, and the alerts among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.ready import Ready
from monitor.archive.shapes import alert_row, day_of
from monitor.archive.tx import Tx
from monitor.model import Alert, Mark, Mute, Notice, Verdict


def put_verdicts(tx: Tx, story_id: int, article_id: int, verdicts: Sequence[Verdict], now: datetime) -> None:
    """Keep every answer, above all those that stayed silent: an invisible decision does not exist."""
    rows = [
        {
            "theme_id": v.theme_id,
            "story_id": story_id,
            "article_id": article_id,
            "reason": v.reasons[0].reason.value,
            "detail": v.reasons[0].detail,
            "reasons": [[s.reason.value, s.detail] for s in v.reasons],
            "is_alert": v.speaks,
            "decided_at": now,
            "day": day_of(now),
        }
        for v in verdicts
        if v.reasons
    ]
    tx.do_many(_PUT_DECISION, rows)


def put_alerts(tx: Tx, alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    """Record alerts and return the new ones with their ids; what was said of a story before is refused by its UNIQUE."""
    made = []
    for alert in alerts:
        row = tx.get(_PUT_ALERT, **alert_row(alert))
        if row:
            made.append(replace(alert, alert_id=int(row[0]["alert_id"])))
    tx.do_many(_PUT_RULE, [{"alert_id": a.alert_id, "rule_id": r} for a in made for r in dict.fromkeys(a.rules)])
    return tuple(made)


_PUT_DECISION = Ready(lambda make: make.insert(t.decisions))
_PUT_ALERT = Ready(lambda make: make.insert(t.alerts).on_conflict_do_nothing().returning(t.alerts.c.alert_id))
_PUT_RULE = Ready(lambda make: make.insert(t.alert_rules))


def put_mark(tx: Tx, mark: Mark) -> int:
    """Record a reader's verdict on an alert."""
    values = {"alert_id": mark.alert_id, "verdict": mark.verdict.value, "at": mark.at}
    return int(tx.value(sa.insert(t.marks).returning(t.marks.c.mark_id), values))


def put_mute(tx: Tx, mute: Mute) -> int:
    """Record a silence asked for by a person."""
    values = {"scope": mute.scope, "target": mute.target, "until": mute.until, "at": mute.at}
    return int(tx.value(sa.insert(t.mutes).returning(t.mutes.c.mute_id), values))


def end_mute(tx: Tx, mute_id: int, now: datetime) -> bool:
    """End a silence early; False where there is none."""
    done = tx.run(sa.update(t.mutes).where(t.mutes.c.mute_id == mute_id, t.mutes.c.until > now).values(until=now))
    return done.rowcount > 0


def put_notice(tx: Tx, notice: Notice) -> int:
    """Record news about Presswatch itself; route it with ``put_deliveries``."""
    values = {
        "kind": notice.kind,
        "subject": notice.subject,
        "text": notice.text,
        "at": notice.at,
        "is_recovery": notice.is_recovery,
    }
    return int(tx.value(sa.insert(t.notices).returning(t.notices.c.notice_id), values))
