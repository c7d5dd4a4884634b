"""Reads listings for people, as rows of plain values: from the public views, narrowed and ordered, times aware UTC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.columns import is_so, isnt, stamp
from monitor.archive.filters import Filter, speaks
from monitor.archive.shapes import day_of
from monitor.archive.tx import Row, Tx

ListedRow = dict[str, Any]

_ORDERS: Mapping[str, str] = {
    "v_articles": "article_id DESC",
    "v_mentions": "article_id DESC, entity_id",
    "v_matches": "match_id DESC",
    "v_theme_timeline": "day DESC, theme_id, language",
    "v_stories": "outlets DESC, story_id DESC",
    "v_alerts": "alert_id DESC",
    "v_deliveries": "delivery_id DESC, alert_id",
    "v_polls": "poll_id DESC",
    "v_outlet_health": "outlet, kind, url",
    "v_first_reports": "story_id DESC, behind_s, article_id",
    "v_rule_quality": "rule_id",
    "v_entities_daily": "day DESC, entity_id, language",
}
_COLUMNS: Mapping[str, frozenset[str]] = {
    "v_articles": frozenset({"day", "outlet_id", "language"}),
    "v_mentions": frozenset({"day", "outlet_id", "language"}),
    "v_matches": frozenset({"day", "theme_id", "outlet_id", "language"}),
    "v_theme_timeline": frozenset({"day", "theme_id", "language"}),
    "v_stories": frozenset({"last_day", "language"}),
    "v_alerts": frozenset({"day", "theme_id", "outlet_id", "language"}),
    "v_deliveries": frozenset({"day", "theme_id", "channel", "status"}),
    "v_polls": frozenset({"day", "outlet_id", "status"}),
    "v_outlet_health": frozenset({"outlet_id", "language"}),
    "v_first_reports": frozenset({"day", "outlet_id", "language"}),
    "v_rule_quality": frozenset({"theme_id"}),
    "v_entities_daily": frozenset({"day", "language"}),
}
VIEWS = tuple(_ORDERS)
_INTEGERS = frozenset({
    "article_id", "story_id", "first_article_id", "match_id", "alert_id", "delivery_id", "notice_id", "poll_id", "tier", "word_count",
    "revision", "occurrences", "relevance", "term_count", "articles", "stories", "outlets", "languages", "countries", "channels_told",
    "attempts", "http_status", "bytes", "seen", "new", "fetched", "blocked", "empty", "paywalled", "refused", "waiting", "failures",
    "window_size", "behind_s", "matches", "below", "one_term", "alerts", "useful", "noise", "duplicate", "in_title",
})  # fmt: skip
_FLOATS = frozenset({"duration_s", "delay_s"})


def kind_of(column: str) -> str:
    """What a column of a public view holds: ``int``, ``float``, ``time`` or ``text``; a name means the same in all of them."""
    if column.endswith("_at"):
        return "time"
    if column in _FLOATS:
        return "float"
    return "int" if column in _INTEGERS or column.startswith("is_") else "text"


def listing(tx: Tx, view: str, where: Filter | None = None) -> list[ListedRow]:
    """The rows of one public view, the newest first (stories: the most reported first)."""
    return [plain(row) for row in tx.rows(_query(tx, view, where or Filter()))]


def export(tx: Tx, view: str, where: Filter | None = None) -> Iterator[ListedRow]:
    """The same as a stream that never holds more than a few hundred rows."""
    query = _query(tx, view, where or Filter()).execution_options(stream_results=True, yield_per=500)
    for row in tx.connection.execute(query).mappings():
        yield plain(cast("Row", row))


def deaf_to(view: str, where: Filter) -> list[str]:
    """Which of the filters that were set the view has no column for: its rows would come as if nobody had asked."""
    named = {
        "since": (where.since, {"day", "last_day"}),
        "theme": (where.themes, {"theme_id"}),
        "outlet": (where.outlets, {"outlet_id"}),
        "language": (where.languages, {"language"}),
    }
    return [name for name, (wanted, columns) in named.items() if wanted and not columns & _COLUMNS[view]]


def count(tx: Tx, view: str, where: Filter | None = None) -> int:
    """How many rows that is."""
    query = _query(tx, view, where or Filter()).order_by(None)
    return int(tx.value(sa.select(sa.func.count()).select_from(query.subquery())))


def plain(row: Mapping[str, Any]) -> ListedRow:
    """A row with its times as aware UTC, whichever database it came from."""
    return {name: _time(value) if name.endswith("_at") else value for name, value in row.items()}


def _time(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _query(tx: Tx, view: str, where: Filter) -> sa.Select[Any]:
    columns = _COLUMNS[view]
    query = sa.select(sa.text("*")).select_from(sa.table(view)).order_by(sa.text(_ORDERS[view]))
    for day in ("day", "last_day"):
        if day in columns and where.since is not None:
            query = query.where(sa.column(day) >= day_of(where.since))
        if day in columns and where.until is not None:
            query = query.where(sa.column(day) <= day_of(where.until))
    if where.since is not None and (exact := _EXACT.get(view)):
        query = query.where(sa.column(exact) >= (where.since if tx.is_postgres else stamp(where.since, millis=True)))
    for name, wanted in (("theme_id", where.themes), ("outlet_id", where.outlets), ("channel", where.channels), ("status", where.status)):
        if wanted and name in columns:
            query = query.where(sa.column(name).in_(list(wanted)))
    if where.languages and "language" in columns:
        query = query.where(speaks(sa.column("language"), where.languages))
    return query.limit(where.limit) if where.limit is not None else query


_EXACT: Mapping[str, str] = {"v_alerts": "decided_at", "v_deliveries": "created_at", "v_polls": "polled_at"}
"""Where a moment counts and not only its day."""


# ---- how things stand


def status(tx: Tx, now: datetime) -> ListedRow:
    """Counts of what is watched, what the last hour and today brought, and what waits."""
    hour, today = now - timedelta(hours=1), day_of(now)
    a, e, p, s, alert, d = t.articles.c, t.entries.c, t.polls.c, t.sources.c, t.alerts.c, t.deliveries.c
    watched = sa.and_(s.retired_at.is_(None))
    counts: dict[str, sa.Select[Any]] = {
        "articles": sa.select(sa.func.count(a.article_id)),
        "sources": sa.select(sa.func.count()).select_from(t.sources).where(watched),
        "sources_failing": sa.select(sa.func.count()).select_from(t.sources).where(watched, s.failures > 0),
        "sources_silent": sa.select(sa.func.count()).select_from(t.sources).where(watched, s.silent_at.is_not(None)),
        "sources_never_polled": sa.select(sa.func.count()).select_from(t.sources).where(watched, s.last_poll_at.is_(None)),
        "entries_waiting": sa.select(sa.func.count()).select_from(t.entries).where(e.next_at <= now),
        "polls_last_hour": sa.select(sa.func.count()).select_from(t.polls).where(p.at >= hour),
        "entries_last_hour": sa.select(sa.func.coalesce(sa.func.sum(p.new), 0)).where(p.at >= hour),
        "articles_last_week": sa.select(sa.func.count(a.article_id)).where(a.archived_at >= now - timedelta(days=7)),
        "articles_last_hour": sa.select(sa.func.count(a.article_id)).where(a.archived_at >= hour),
        "alerts_today": sa.select(sa.func.count(alert.alert_id)).where(alert.day == today),
        "sent_today": sa.select(sa.func.count()).select_from(t.deliveries).where(d.day == today, d.status == "sent"),
        "dead": sa.select(sa.func.count()).select_from(t.deliveries).where(d.status == "dead"),
    }
    found: ListedRow = {name: int(tx.value(query) or 0) for name, query in counts.items()}
    found |= {f"outbox_{state}": 0 for state in ("pending", "held", "retry")}
    found |= {f"outbox_{row['status']}": row["n"] for row in tx.rows(_OUTBOX)}
    return found | {"median_delay_s": _median_delay(tx, today), "last_poll_at": tx.value(sa.select(sa.func.max(p.at)))}


_OUTBOX = (
    sa.select(t.deliveries.c.status, sa.func.count().label("n"))
    .where(sa.text("status IN ('pending', 'held', 'retry')"))
    .group_by(t.deliveries.c.status)
)


def _median_delay(tx: Tx, day: str) -> float | None:
    """The median from first sight to sent of today's messages that were sent at once."""
    d = t.deliveries.c
    chosen = sa.select(d.delay_s).where(d.day == day, d.status == "sent", d.delay_s.is_not(None), d.kind == "story")
    count = tx.value(sa.select(sa.func.count()).select_from(chosen.subquery()))
    if not count:
        return None
    return float(tx.value(chosen.order_by(d.delay_s).offset(count // 2).limit(1)))


def theme_days(tx: Tx, theme_id: str, since: datetime) -> dict[str, int]:
    """How many stories a theme had on each UTC day since then; days without one are left out."""
    m, a = t.matches.c, t.articles.c
    rows = tx.rows(
        sa.select(m.day, sa.func.count(a.story_id.distinct()).label("n"))
        .join(t.articles, a.article_id == m.article_id)
        .where(m.theme_id == theme_id, m.day >= day_of(since), isnt(m.is_below), isnt(a.is_backfill))
        .group_by(m.day)
        .order_by(m.day)
    )
    return {row["day"]: row["n"] for row in rows}


def extraction_health(tx: Tx, since: datetime) -> list[ListedRow]:
    """Of every outlet since then: articles, how many came without text, date or headline, how many behind a paywall, mean words."""
    a = t.articles.c

    def share(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    rows = tx.rows(
        sa.select(
            a.outlet_id,
            sa.func.count().label("articles"),
            share(a.extract_status.in_(("empty", "failed"))).label("without_text"),
            share(a.published_at.is_(None)).label("without_date"),
            share(a.headline == "").label("without_headline"),
            share(is_so(a.is_paywalled)).label("paywalled"),
            share(a.completeness == "teaser").label("teasers"),
            sa.func.avg(a.word_count).label("mean_words"),
        )
        .where(a.day >= day_of(since), isnt(a.is_backfill))
        .group_by(a.outlet_id)
        .order_by(a.outlet_id)
    )
    return [{**row, "mean_words": float(row["mean_words"] or 0)} for row in rows]


def source_states(tx: Tx) -> Sequence[Mapping[str, Any]]:
    """What is remembered of every watched source, its cadence as JSON."""
    s = t.sources.c
    columns = (
        s.source_id,
        s.outlet_id,
        s.state,
        s.next_at,
        s.last_ok_at,
        s.last_new_at,
        s.last_status,
        s.failures,
        s.silent_at,
        s.added_at,
    )
    return tx.rows(sa.select(*columns).where(s.retired_at.is_(None)).order_by(s.source_id))


def meta(tx: Tx, key: str) -> str | None:
    """One word about the archive itself."""
    found = tx.value(sa.select(t.meta.c.value).where(t.meta.c.key == key))
    return None if found is None else str(found)


def open_notices(tx: Tx) -> list[ListedRow]:
    """The troubles that were told and have not ended, the last word on each kind and subject."""
    n = t.notices.c
    last = sa.select(sa.func.max(n.notice_id)).group_by(n.kind, n.subject)
    return [dict(row) for row in tx.rows(sa.select(t.notices).where(n.notice_id.in_(last), isnt(n.is_recovery)).order_by(n.notice_id))]
