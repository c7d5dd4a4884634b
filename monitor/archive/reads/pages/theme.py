"""One theme over the weeks: stories a day by language with what is usual, alerts, its rules, the entities named with it."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from monitor import alerting
from monitor.archive import tables as t
from monitor.archive.columns import isnt
from monitor.archive.reads.pages.today import ThemeToday, themes_today
from monitor.archive.shapes import day_of
from monitor.archive.tx import Tx
from monitor.model import Severity
from monitor.text.languages import primary

DAYS = 28
"""Days of the timeline."""
RULE_DAYS = 7
"""Days, today's among them, in which a rule's matches are counted."""
_STORIES = 15
_NEWEST = 300
"""Entities are counted in so many of the theme's newest articles."""
_ENTITIES = 12
_SETTLED = 2
"""A day so many days back is no longer expected to change."""
_KEPT = 20_000
_FRESH_S = 3_600.0

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A UTC day of a theme: stories by language, what is usual on such a day (from, to), alerts."""

    day: date
    stories: int
    by_language: Counts
    usual: tuple[float, float] | None
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleItem:
    """A rule, how often it hit in the last week, and what readers said of its alerts; ``precision`` is None where nobody did."""

    rule_id: str
    query: str
    matches: int
    useful: int
    noise: int
    duplicate: int
    precision: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityItem:
    """An entity and in how many of the theme's newest articles it is named."""

    entity_id: str
    label: str
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemePage:
    """Everything of one theme."""

    theme_id: str
    label: str
    need: str
    severity: Severity
    is_retired: bool
    days: tuple[Day, ...]
    languages: tuple[str, ...]
    rules: tuple[RuleItem, ...]
    entities: tuple[EntityItem, ...]
    counted: int
    today: ThemeToday | None


class Timelines:
    """Stories a day, remembered for days that are over: the archive counts a day of a busy theme once an hour at most."""

    def __init__(self) -> None:
        self._days: OrderedDict[tuple[str, str], tuple[datetime, Counts]] = OrderedDict()

    def read(self, tx: Tx, theme_id: str, first: date, now: datetime) -> dict[date, Counts]:
        """Return stories by language of every day since ``first``; days without one are empty."""
        today = now.date()
        days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
        known = {d: self._known(theme_id, d, now) for d in days if (today - d).days >= _SETTLED}
        missing = [d for d in days if known.get(d) is None]
        found: dict[date, Counts] = {d: counts for d, counts in known.items() if counts is not None}
        if missing:
            fresh = _counts(tx, theme_id, missing[0], missing[-1])
            for day in missing:
                found[day] = fresh.get(day, {})
                if (today - day).days >= _SETTLED:
                    self._days[(theme_id, day.isoformat())] = (now, found[day])
        while len(self._days) > _KEPT:
            self._days.popitem(last=False)
        return found

    def _known(self, theme_id: str, day: date, now: datetime) -> Counts | None:
        at, counts = self._days.get((theme_id, day.isoformat()), (None, None))
        return counts if at is not None and (now - at).total_seconds() < _FRESH_S else None


def theme_page(tx: Tx, theme_id: str, now: datetime, timelines: Timelines) -> ThemePage | None:
    """Read a theme; None where there is none, as for what PostgreSQL refuses to look for."""
    row = None if "\0" in theme_id else tx.row(sa.select(t.themes).where(t.themes.c.theme_id == theme_id))
    if row is None:
        return None
    days, languages = _days(tx, theme_id, now, timelines)
    entities, counted = _entities(tx, theme_id, now)
    found = themes_today(tx, now, per_theme=_STORIES, theme_id=theme_id)
    return ThemePage(
        theme_id=theme_id,
        label=row["label"],
        need=row["need"],
        severity=Severity(row["severity"]),
        is_retired=row["retired_at"] is not None,
        days=days,
        languages=languages,
        rules=_rules(tx, theme_id, now),
        entities=entities,
        counted=counted,
        today=found[0] if found else None,
    )


def _days(tx: Tx, theme_id: str, now: datetime, timelines: Timelines) -> tuple[tuple[Day, ...], tuple[str, ...]]:
    today = now.date()
    shown_from = today - timedelta(days=DAYS - 1)
    series = timelines.read(tx, theme_id, shown_from - timedelta(weeks=4), now)
    begin = min((d for d, counts in series.items() if counts), default=today)
    daily = {d: sum(counts.values()) for d, counts in series.items() if d >= begin}
    alerts = _alerts(tx, theme_id, shown_from)
    languages: Counter[str] = Counter()
    days = []
    for day, counts in series.items():
        if day < shown_from:
            continue
        languages.update(counts)
        days.append(
            Day(day=day, stories=sum(counts.values()), by_language=counts, usual=usual(daily, day), alerts=alerts.get(day.isoformat(), 0))
        )
    return tuple(sorted(days, key=lambda d: d.day)), tuple(name for name, _ in languages.most_common())


def usual(daily: Mapping[date, int], day: date) -> tuple[float, float] | None:
    """Return between what a day's stories usually lie, by the measure that finds unusual volume; None where too little is known."""
    found = alerting.volume(daily, day)
    if found is None:
        return None
    off = found.stories - found.usual
    spread = off / found.deviations if found.deviations else 1.0
    return max(found.usual - spread, 0.0), found.usual + spread


def _counts(tx: Tx, theme_id: str, first: date, last: date) -> dict[date, Counts]:
    """Count a story once a day, in the language of its first article that matched on that day."""
    m, a = t.matches.c, t.articles.c
    once = (
        sa.select(m.day, sa.func.min(a.article_id).label("first_id"))
        .join(t.articles, a.article_id == m.article_id)
        .where(m.theme_id == theme_id, m.day.between(first.isoformat(), last.isoformat()), isnt(m.is_below), isnt(a.is_backfill))
        .group_by(m.day, a.story_id)
        .subquery("once")
    )
    rows = tx.rows(
        sa.select(once.c.day, a.language, sa.func.count().label("n"))
        .join(t.articles, a.article_id == once.c.first_id)
        .group_by(once.c.day, a.language)
    )
    found: dict[date, Counter[str]] = {}
    for row in rows:
        found.setdefault(date.fromisoformat(row["day"]), Counter())[primary(row["language"])] += row["n"]
    return {day: dict(counts) for day, counts in found.items()}


def _alerts(tx: Tx, theme_id: str, since: date) -> dict[str, int]:
    l = t.alerts.c  # noqa: E741 - as in the views
    rows = tx.rows(sa.select(l.day, sa.func.count().label("n")).where(l.theme_id == theme_id, l.day >= since.isoformat()).group_by(l.day))
    return {row["day"]: row["n"] for row in rows}


def _rules(tx: Tx, theme_id: str, now: datetime) -> tuple[RuleItem, ...]:
    r, m = t.rules.c, t.matches.c
    rules = tx.rows(sa.select(r.rule_id, r.query).where(r.theme_id == theme_id, r.retired_at.is_(None)).order_by(r.rule_id))
    names = [row["rule_id"] for row in rules]
    recent = sa.select(m.rule_id, sa.func.count().label("n")).where(
        m.rule_id.in_(names), m.day >= day_of(now - timedelta(days=RULE_DAYS - 1)), isnt(m.is_below)
    )
    matches = {row["rule_id"]: row["n"] for row in tx.rows(recent.group_by(m.rule_id))}
    said = _said(tx, names)
    return tuple(_rule(row["rule_id"], row["query"], matches.get(row["rule_id"], 0), said) for row in rules)


def _rule(rule_id: str, query: str, matches: int, said: Mapping[tuple[str, str], int]) -> RuleItem:
    useful, noise, duplicate = (said.get((rule_id, verdict), 0) for verdict in ("useful", "noise", "duplicate"))
    judged = useful + noise
    return RuleItem(
        rule_id=rule_id,
        query=query,
        matches=matches,
        useful=useful,
        noise=noise,
        duplicate=duplicate,
        precision=useful / judged if judged else None,
    )


def _said(tx: Tx, names: Sequence[str]) -> dict[tuple[str, str], int]:
    """The last word of readers on each alert, counted per rule."""
    k, x = t.marks.c, t.alert_rules.c
    last = sa.select(sa.func.max(k.mark_id)).group_by(k.alert_id)
    rows = tx.rows(
        sa.select(x.rule_id, k.verdict, sa.func.count().label("n"))
        .select_from(t.marks.join(t.alert_rules, x.alert_id == k.alert_id))
        .where(k.mark_id.in_(last), x.rule_id.in_(names))
        .group_by(x.rule_id, k.verdict)
    )
    return {(row["rule_id"], row["verdict"]): row["n"] for row in rows}


def _entities(tx: Tx, theme_id: str, now: datetime) -> tuple[tuple[EntityItem, ...], int]:
    m, n, e = t.matches.c, t.mentions.c, t.entities.c
    newest = (
        sa.select(m.article_id)
        .distinct()
        .where(m.theme_id == theme_id, m.day >= day_of(now - timedelta(days=DAYS)), m.day <= day_of(now), isnt(m.is_below))
        .order_by(m.day.desc(), m.article_id.desc())
    )
    ids = list(dict.fromkeys(row["article_id"] for row in tx.rows(newest.add_columns(m.day).limit(_NEWEST))))
    count = sa.func.count().label("n")
    rows = tx.rows(
        sa.select(n.entity_id, sa.func.min(e.label).label("label"), count)
        .select_from(t.mentions.outerjoin(t.entities, e.entity_id == n.entity_id))
        .where(n.article_id.in_(ids))
        .group_by(n.entity_id)
        .order_by(count.desc(), n.entity_id)
        .limit(_ENTITIES)
    )
    found = tuple(EntityItem(entity_id=row["entity_id"], label=row["label"] or row["entity_id"], articles=row["n"]) for row in rows)
    return found, len(ids)
