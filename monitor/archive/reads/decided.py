"""Reads what was decided over time: a theme's days, what it said on one, and what a subscription has missed."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.columns import is_so, isnt
from monitor.archive.shapes import alert_of, day_of
from monitor.archive.tx import Tx
from monitor.model import Alert, Reason


def alerts_since(tx: Tx, since: datetime) -> list[Alert]:
    """Every alert decided since then, the first one first."""
    a = t.alerts.c
    return [alert_of(row) for row in tx.rows(sa.select(t.alerts).where(a.decided_at >= since).order_by(a.alert_id))]


def has_spoken(tx: Tx, theme_id: str, reason: Reason, day: str) -> bool:
    """Whether a theme had an alert of this reason on a UTC day."""
    a = t.alerts.c
    return tx.row(sa.select(a.alert_id).where(a.theme_id == theme_id, a.day == day, a.reason == reason.value).limit(1)) is not None


def watched_days(tx: Tx, since: datetime) -> list[str]:
    """The UTC days since then on which anything new was seen: on others nobody watched, and that no story came is no news."""
    first = t.stories.c.first_day
    step = sa.select(sa.func.min(first)).where(first > sa.bindparam("after"))  # from day to day along the index
    found: list[str] = []
    day = tx.run(step, {"after": day_of(since - timedelta(days=1))}).scalar()
    while day is not None:
        found.append(day)
        day = tx.run(step, {"after": day}).scalar()
    return found


def widest(tx: Tx, theme_id: str, day: str) -> tuple[int, tuple[str, ...], int] | None:
    """Of a theme's stories of a UTC day the one most outlets tell: its newest matching article, the rules that found it, its relevance."""
    m, a, s = t.matches.c, t.articles.c, t.stories.c
    of_day = sa.and_(m.theme_id == theme_id, m.day == day, isnt(m.is_below))
    found = tx.row(
        sa.select(a.article_id)
        .select_from(t.matches.join(t.articles, a.article_id == m.article_id).join(t.stories, s.story_id == a.story_id))
        .where(of_day, isnt(a.is_backfill))
        .order_by(s.outlet_count.desc(), s.story_id, a.article_id.desc())
        .limit(1)
    )
    if found is None:
        return None
    rows = tx.rows(sa.select(m.rule_id, m.relevance).where(of_day, m.article_id == found["article_id"]).order_by(m.rule_id))
    return found["article_id"], tuple(row["rule_id"] for row in rows), max(row["relevance"] for row in rows)


def last_poll(tx: Tx) -> datetime | None:
    """When a source was last polled."""
    row = tx.row(sa.select(t.polls.c.at).order_by(t.polls.c.at.desc()).limit(1))
    return row["at"] if row else None


def waiting_channels(tx: Tx, now: datetime) -> dict[str, datetime | None]:
    """The channels with messages that are due or wait for another try, and when each last took one, of two days back."""
    d = t.deliveries.c
    open_now = sa.and_(sa.text("deliveries.status IN ('pending', 'held', 'retry')"), sa.or_(d.status == "retry", d.next_at <= now))
    names = [row["channel"] for row in tx.rows(sa.select(d.channel).where(open_now).group_by(d.channel))]
    since = day_of(now - timedelta(days=1))
    taken = sa.select(d.channel, sa.func.max(d.sent_at).label("at")).where(d.day >= since, d.channel.in_(names)).group_by(d.channel)
    return dict.fromkeys(names) | {row["channel"]: row["at"] for row in tx.rows(taken)} if names else {}


def dropped(tx: Tx, channel: str, since: datetime) -> tuple[str, ...]:
    """What was lost since then for a reader of a channel: messages given up, pages nobody could read, lists that were longer than their window."""
    d, e, p, o = t.deliveries.c, t.entries.c, t.polls.c, t.outlets.c
    day = day_of(since)
    dead = tx.value(
        sa.select(sa.func.count()).where(d.day >= day, d.created_at >= since, d.channel == channel, d.status == "dead", d.kind != "notice")
    )
    failed = tx.value(sa.select(sa.func.count()).where(e.day >= day, e.seen_at >= since, e.state == "failed", e.article_id.is_(None)))
    outlets = tx.rows(
        sa.select(o.name)
        .join(t.polls, p.outlet_id == o.outlet_id)
        .where(p.at >= since, is_so(p.is_overflow))
        .group_by(o.name)
        .order_by(o.name)
    )
    said = []
    if dead:
        said.append(f"{dead} {'message' if dead == 1 else 'messages'} given up (presswatch alerts list --failed)")
    if failed:
        said.append(f"{failed} {'article' if failed == 1 else 'articles'} that could not be read")
    if outlets:
        said.append(f"perhaps older articles of {', '.join(row['name'] for row in outlets)}: all that was listed was new")
    return tuple(said)


def silent_sources(tx: Tx) -> tuple[str, ...]:
    """The outlets, with the kind of source, that say nothing against their habit."""
    s, o = t.sources.c, t.outlets.c
    rows = tx.rows(
        sa.select(o.name, s.kind, s.section)
        .join(t.outlets, o.outlet_id == s.outlet_id)
        .where(s.silent_at.is_not(None), s.retired_at.is_(None))
        .order_by(o.name, s.kind, s.section)
    )
    return tuple(f"{row['name']} ({row['kind']}{', ' + row['section'] if row['section'] else ''})" for row in rows)
