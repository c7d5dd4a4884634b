"""The desk's morning: per theme the stories of the last 24 hours, what is held, and who is silent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.columns import isnt
from monitor.archive.reads.decided import silent_sources
from monitor.archive.reads.pages.items import ARTICLES, THIN, MuteItem, excerpt, marked, reason
from monitor.archive.reads.stories import mutes
from monitor.archive.shapes import chunks, day_of, evidence_of
from monitor.archive.tx import Row, Tx
from monitor.model import Evidence, Severity
from monitor.render.snippet import Part

SPAN = timedelta(hours=24)
PER_THEME = 6
NAMED_OUTLETS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayStory:
    """A story as a theme sees it: the article that proves it, who has it, and why it spoke or stayed silent.

    ``why`` are the reasons of its alerts, or the one for which it stayed silent; ``untold`` says why an alert went to nobody.
    """

    story_id: int
    alert_id: int | None
    headline: tuple[Part, ...]
    language: str
    url: str
    excerpt: tuple[Part, ...]
    first_outlet: str
    first_at: datetime
    last_at: datetime
    articles: int
    outlets: int
    languages: tuple[str, ...]
    others: tuple[str, ...]
    is_told: bool
    why: tuple[str, ...]
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeToday:
    """A theme's stories, the biggest first; ``total`` and ``told`` count those that are not shown too, ``told`` whenever it was told."""

    theme_id: str
    label: str
    severity: Severity
    total: int
    told: int
    stories: tuple[TodayStory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Messages that wait for their time at one channel."""

    channel: str
    kind: str
    reason: str | None
    due_at: datetime
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What the last 24 hours brought."""

    since: datetime
    until: datetime
    articles: int
    themes: tuple[ThemeToday, ...]
    without_news: tuple[str, ...]
    held: tuple[Held, ...]
    mutes: tuple[MuteItem, ...]
    silent_sources: tuple[str, ...]
    failing_sources: int


def today(tx: Tx, now: datetime) -> Today:
    """Read the last 24 hours."""
    since = now - SPAN
    labels = {row["theme_id"]: row for row in tx.rows(sa.select(t.themes).where(t.themes.c.retired_at.is_(None)))}
    themes = themes_today(tx, now, per_theme=PER_THEME)
    a = t.articles.c
    return Today(
        since=since,
        until=now,
        articles=int(tx.value(sa.select(sa.func.count()).select_from(t.articles).where(a.archived_at >= since)) or 0),
        themes=themes,
        without_news=tuple(sorted(row["label"] for row in labels.values() if row["theme_id"] not in {m.theme_id for m in themes})),
        held=_held(tx),
        mutes=tuple(MuteItem(scope=m.scope, target=m.target, until=m.until) for m in mutes(tx, now)),
        silent_sources=silent_sources(tx),
        failing_sources=_failing(tx),
    )


def _failing(tx: Tx) -> int:
    """Count the sources that fail; those that are silent besides are told as silent, here as on the page of outlets."""
    s = t.sources.c
    failing = sa.select(sa.func.count()).select_from(t.sources).where(s.failures > 0, s.silent_at.is_(None), s.retired_at.is_(None))
    return int(tx.value(failing) or 0)


def themes_today(tx: Tx, now: datetime, *, per_theme: int, theme_id: str | None = None) -> tuple[ThemeToday, ...]:
    """Return themes with their biggest stories, the gravest theme first; one theme where it is named."""
    ranked = tx.rows(_ranked(now - SPAN, per_theme, theme_id))
    if not ranked:
        return ()
    known = _Known(tx, ranked)
    labels = {row["theme_id"]: row for row in tx.rows(sa.select(t.themes))}
    by_theme: dict[str, list[Row]] = {}
    for row in ranked:
        by_theme.setdefault(row["theme_id"], []).append(row)
    found = [_theme(labels.get(name), rows, known) for name, rows in by_theme.items()]
    return tuple(sorted(found, key=lambda m: (-m.severity, -max((s.outlets for s in m.stories), default=0), m.label)))


def _ranked(since: datetime, per_theme: int, theme_id: str | None) -> sa.Select[tuple[object, ...]]:
    """Every (theme, story) that was decided about, its rank within the theme, and how many there are."""
    d, s = t.decisions.c, t.stories.c
    root = sa.func.coalesce(s.merged_into, s.story_id)
    decided = (
        sa.select(d.theme_id, root.label("root"), sa.func.max(d.decision_id).label("last_id"), sa.func.max(d.is_alert).label("spoke"))
        .join(t.stories, s.story_id == d.story_id)
        .where(d.day >= day_of(since), d.decided_at >= since)
        .group_by(d.theme_id, root)
    )
    if theme_id is not None:
        decided = decided.where(d.theme_id == theme_id)
    one = decided.subquery("one")
    whole = t.stories.alias("whole")
    rank = sa.func.row_number().over(
        partition_by=one.c.theme_id, order_by=(whole.c.outlet_count.desc(), whole.c.last_at.desc(), whole.c.story_id.desc())
    )
    l, member = t.alerts.c, t.stories.alias("member")  # noqa: E741 - as in the views
    of_it = sa.select(member.c.story_id).where(member.c.merged_into == one.c.root).correlate(one)
    earlier = [sa.exists().where(l.theme_id == one.c.theme_id, family) for family in (l.story_id == one.c.root, l.story_id.in_(of_it))]
    is_told = sa.case((sa.or_(one.c.spoke == 1, *earlier), 1), else_=0)  # also of days before these: the story says so beside it
    ranked = (
        sa.select(
            *(one.c.theme_id, one.c.last_id, whole.c.story_id, whole.c.first_at, whole.c.last_at, whole.c.first_article_id),
            *(whole.c.article_count, whole.c.outlet_count),
            rank.label("place"),
            sa.func.count().over(partition_by=one.c.theme_id).label("total"),
            sa.cast(sa.func.sum(is_told).over(partition_by=one.c.theme_id), sa.Integer).label("told"),
        )
        .join(whole, whole.c.story_id == one.c.root)
        .subquery("ranked")
    )
    return sa.select(ranked).where(ranked.c.place <= per_theme).order_by(ranked.c.theme_id, ranked.c.place)


class _Known:
    """All that is read of the stories of a page, each table asked once."""

    def __init__(self, tx: Tx, ranked: Sequence[Row]) -> None:
        roots = sorted({row["story_id"] for row in ranked})
        self.last = _by_id(tx, t.decisions, t.decisions.c.decision_id, [row["last_id"] for row in ranked])
        self.alerts = _alerts(tx, roots)
        self.untold = _untold(tx, [a["alert_id"] for found in self.alerts.values() for a in found])
        spoken = {found[0]["article_id"] for found in self.alerts.values() if found[0]["article_id"] is not None}
        wanted = spoken | {row["article_id"] for row in self.last.values()} | {row["first_article_id"] for row in ranked}
        self.articles = {
            row["article_id"]: row
            for part in chunks(sorted(wanted))
            for row in tx.rows(sa.select(*THIN).select_from(ARTICLES).where(t.articles.c.article_id.in_(part)))
        }
        self.evidence = _evidence(tx, sorted(wanted))
        self.voices = _voices(tx, roots)


def _theme(label: Row | None, rows: Sequence[Row], known: _Known) -> ThemeToday:
    name = rows[0]["theme_id"]
    stories = [story for row in rows if (story := _story(row, known)) is not None]
    return ThemeToday(
        theme_id=name,
        label=label["label"] if label else name,
        severity=Severity(label["severity"]) if label else Severity.LOW,
        total=rows[0]["total"],
        told=rows[0]["told"],
        stories=tuple(stories),
    )


def _story(row: Row, known: _Known) -> TodayStory | None:
    """A story whose article is gone (retention) is left out of the list, not of the count."""
    theme_id, story_id, last = row["theme_id"], row["story_id"], known.last.get(row["last_id"])
    alerts = known.alerts.get((theme_id, story_id), [])
    lead = known.articles.get(alerts[0]["article_id"] if alerts else last["article_id"] if last else None)
    first = known.articles.get(row["first_article_id"])
    if lead is None or last is None:
        return None
    evidence = known.evidence.get((lead["article_id"], theme_id), [])
    said = dict.fromkeys(reason(a["reason"], a["detail"]) for a in alerts) or [reason(last["reason"], last["detail"])]
    voices = known.voices.get(story_id, [])
    first_outlet = (first or lead)["name"] or (first or lead)["outlet_id"]
    return TodayStory(
        story_id=story_id,
        alert_id=alerts[-1]["alert_id"] if alerts else None,
        headline=marked(lead["headline"], evidence),
        language=lead["language"],
        url=lead["url"] or lead["key"],
        excerpt=excerpt(lead["text"] or "", evidence),
        first_outlet=first_outlet,
        first_at=row["first_at"],
        last_at=row["last_at"],
        articles=row["article_count"],
        outlets=row["outlet_count"],
        languages=tuple(dict.fromkeys(v["language"] for v in voices)),
        others=tuple(name for name in dict.fromkeys(v["name"] or v["outlet_id"] for v in voices) if name != first_outlet)[:NAMED_OUTLETS],
        is_told=bool(alerts),
        why=tuple(said),
        untold=tuple(known.untold.get(alerts[-1]["alert_id"], ())) if alerts else (),
    )


def _by_id(tx: Tx, table: sa.Table, column: sa.ColumnElement[int], ids: Collection[int]) -> Mapping[int, Row]:
    return {row[column.key or ""]: row for part in chunks(list(ids)) for row in tx.rows(sa.select(table).where(column.in_(part)))}


def _alerts(tx: Tx, roots: Sequence[int]) -> dict[tuple[str, int], list[Row]]:
    """The alerts of stories and of what merged into them, by theme and living story, the first one first."""
    l, s = t.alerts.c, t.stories.c  # noqa: E741 - as in the views
    living = {root: root for root in roots}
    for part in chunks(roots):
        merged = tx.rows(sa.select(s.story_id, s.merged_into).where(s.merged_into.in_(part)))
        living |= {row["story_id"]: row["merged_into"] for row in merged}
    query = sa.select(l.alert_id, l.theme_id, l.story_id, l.article_id, l.reason, l.detail)
    rows = [row for part in chunks(sorted(living)) for row in tx.rows(query.where(l.story_id.in_(part)))]
    found: dict[tuple[str, int], list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["alert_id"]):
        found.setdefault((row["theme_id"], living[row["story_id"]]), []).append(row)
    return found


def _untold(tx: Tx, ids: Sequence[int]) -> dict[int, list[str]]:
    """Why alerts that no message carries went to nobody."""
    s, c, found = t.silences.c, t.delivery_alerts.c, dict[int, list[str]]()
    nobody = ~sa.exists().where(c.alert_id == s.alert_id)
    for part in chunks(ids):
        for row in tx.rows(sa.select(s.alert_id, s.reason).distinct().where(s.alert_id.in_(part), nobody).order_by(s.reason)):
            found.setdefault(row["alert_id"], []).append(row["reason"])
    return found


def _evidence(tx: Tx, ids: Sequence[int]) -> dict[tuple[int, str], list[Evidence]]:
    m, found = t.matches.c, dict[tuple[int, str], list[Evidence]]()
    for part in chunks(ids):
        for row in tx.rows(sa.select(m.article_id, m.theme_id, m.evidence).where(m.article_id.in_(part), isnt(m.is_below))):
            found.setdefault((row["article_id"], row["theme_id"]), []).extend(evidence_of(row["evidence"]))
    return found


def _voices(tx: Tx, roots: Sequence[int]) -> dict[int, list[Row]]:
    """Outlets and languages of each story in the order they came."""
    a, o, found = t.articles.c, t.outlets.c, dict[int, list[Row]]()
    first = sa.func.min(a.article_id)
    query = (
        sa.select(a.story_id, a.outlet_id, a.language, o.name, first.label("first_id"))
        .select_from(t.articles.outerjoin(t.outlets, o.outlet_id == a.outlet_id))
        .group_by(a.story_id, a.outlet_id, a.language, o.name)
        .order_by(a.story_id, first)
    )
    for part in chunks(roots):
        for row in tx.rows(query.where(a.story_id.in_(part))):
            found.setdefault(row["story_id"], []).append(row)
    return found


def _held(tx: Tx) -> tuple[Held, ...]:
    """Messages not sent because their time has not come."""
    d, c = t.deliveries.c, t.delivery_alerts.c
    rows = tx.rows(
        sa.select(d.channel, d.kind, d.reason, d.next_at, sa.func.count(c.alert_id).label("alerts"))
        .outerjoin(t.delivery_alerts, c.delivery_id == d.delivery_id)
        .where(sa.text("deliveries.status IN ('pending', 'held', 'retry')"), d.status == "held")
        .group_by(d.delivery_id, d.channel, d.kind, d.reason, d.next_at)
        .order_by(d.next_at, d.delivery_id)
        .limit(20)
    )
    return tuple(
        Held(channel=row["channel"], kind=row["kind"], reason=row["reason"], due_at=row["next_at"], alerts=row["alerts"]) for row in rows
    )
