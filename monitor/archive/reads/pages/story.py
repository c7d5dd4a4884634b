"""One story: the order in which outlets came, what each article proves, why we spoke or stayed silent, who was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.columns import isnt
from monitor.archive.reads.pages.items import ARTICLES, THIN, AlertItem, MuteItem, ReportItem, alert_items, reason, reports
from monitor.archive.reads.stories import family, mutes
from monitor.archive.tx import Row, Tx

PAGE = 25
"""Articles on one page of a story."""
MOST_ALERTS = 40
_MOST_OUTLETS = 60
_MOST_RELATED = 10
_DIFFS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An outlet's first article of the story, and how long after the very first one it was seen."""

    outlet_id: str
    outlet: str
    language: str
    behind_s: int
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """How often a theme stayed silent for one reason."""

    theme_id: str
    reason: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedStory:
    """A story that may be about the same; the link is shown and silences nothing."""

    story_id: int
    headline: str
    language: str
    outlets: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPage:
    """Everything of one story; ``reports`` are those from the ``offset``-th on, in the order they were seen."""

    story_id: int
    headline: str
    language: str
    first_at: datetime
    last_at: datetime
    articles: int
    outlets: int
    languages: int
    countries: int
    arrivals: tuple[Arrival, ...]
    offset: int
    reports: tuple[ReportItem, ...]
    alerts: tuple[AlertItem, ...]
    alert_count: int
    silences: tuple[Silence, ...]
    related: tuple[RelatedStory, ...]
    mutes: tuple[MuteItem, ...]
    merged: tuple[int, ...]


def story_page(tx: Tx, story_id: int, now: datetime, *, offset: int = 0) -> StoryPage | None:
    """Read a story, or the one it became; None where there is none."""
    members = family(tx, story_id)
    row = tx.row(sa.select(t.stories).where(t.stories.c.story_id == members[0]))
    if row is None:
        return None
    head = _head(tx, row)
    alerts, count = _alerts(tx, members)
    listed = _listed(tx, row["story_id"], offset)
    return StoryPage(
        story_id=row["story_id"],
        headline=head["headline"] if head else "",
        language=head["language"] if head else "und",
        first_at=row["first_at"],
        last_at=row["last_at"],
        articles=row["article_count"],
        outlets=row["outlet_count"],
        languages=row["language_count"],
        countries=row["country_count"],
        arrivals=_arrivals(tx, row["story_id"], row["first_epoch"]),
        offset=offset,
        reports=reports(tx, listed, row["first_epoch"], diffs=_DIFFS),
        alerts=alerts,
        alert_count=count,
        silences=_silences(tx, members),
        related=related(tx, row["story_id"]),
        mutes=_mutes(tx, members, alerts, now),
        merged=tuple(members[1:]),
    )


def _head(tx: Tx, row: Row) -> Row | None:
    a = t.articles.c
    return tx.row(sa.select(a.headline, a.language).where(a.article_id == row["first_article_id"]))


def _listed(tx: Tx, story_id: int, offset: int) -> Sequence[Row]:
    a = t.articles.c
    wanted = sa.select(a.article_id).where(a.story_id == story_id).order_by(a.seen_at, a.article_id).limit(PAGE).offset(offset)
    ids = [row["article_id"] for row in tx.rows(wanted)]
    return tx.rows(sa.select(*THIN).select_from(ARTICLES).where(a.article_id.in_(ids)).order_by(a.seen_at, a.article_id))


def _arrivals(tx: Tx, story_id: int, first_epoch: int) -> tuple[Arrival, ...]:
    a, o = t.articles.c, t.outlets.c
    first = sa.func.min(a.seen_epoch)
    rows = tx.rows(
        sa.select(
            *(a.outlet_id, sa.func.min(o.name).label("name"), sa.func.min(a.language).label("language")),
            *(first.label("first"), sa.func.count().label("articles")),
        )
        .select_from(t.articles.outerjoin(t.outlets, o.outlet_id == a.outlet_id))
        .where(a.story_id == story_id)
        .group_by(a.outlet_id)
        .order_by(first, a.outlet_id)
        .limit(_MOST_OUTLETS)
    )
    return tuple(
        Arrival(
            outlet_id=row["outlet_id"],
            outlet=row["name"] or row["outlet_id"],
            language=row["language"],
            behind_s=row["first"] - first_epoch,
            articles=row["articles"],
        )
        for row in rows
    )


def _alerts(tx: Tx, members: Sequence[int]) -> tuple[tuple[AlertItem, ...], int]:
    l = t.alerts.c  # noqa: E741 - as in the views
    chosen = l.story_id.in_(list(members))
    rows = tx.rows(sa.select(t.alerts).where(chosen).order_by(l.alert_id).limit(MOST_ALERTS))
    count = tx.value(sa.select(sa.func.count()).select_from(t.alerts).where(chosen)) if len(rows) == MOST_ALERTS else len(rows)
    return alert_items(tx, rows), int(count or 0)


def _silences(tx: Tx, members: Sequence[int]) -> tuple[Silence, ...]:
    d = t.decisions.c
    times = sa.func.count().label("times")
    rows = tx.rows(
        sa.select(d.theme_id, d.reason, d.detail, times)
        .where(d.story_id.in_(list(members)), isnt(d.is_alert))
        .group_by(d.theme_id, d.reason, d.detail)
        .order_by(d.theme_id, times.desc(), d.reason)
        .limit(MOST_ALERTS)
    )
    return tuple(Silence(theme_id=row["theme_id"], reason=reason(row["reason"], row["detail"]), times=row["times"]) for row in rows)


def related(tx: Tx, story_id: int) -> tuple[RelatedStory, ...]:
    """Return the stories that may be about the same, the likeliest first."""
    k, s, a = t.story_links.c, t.stories.c, t.articles.c
    other = sa.case((k.story_a == story_id, k.story_b), else_=k.story_a)
    linked = sa.select(other.label("other"), k.score).where(sa.or_(k.story_a == story_id, k.story_b == story_id)).subquery()
    root = t.stories.alias("root")
    rows = tx.rows(
        sa.select(root.c.story_id, root.c.outlet_count, a.headline, a.language, linked.c.score)
        .select_from(linked)
        .join(t.stories, s.story_id == linked.c.other)
        .join(root, root.c.story_id == sa.func.coalesce(s.merged_into, s.story_id))
        .join(t.articles, a.article_id == root.c.first_article_id)
        .where(root.c.story_id != story_id)
        .order_by(linked.c.score.desc(), root.c.story_id)
        .limit(_MOST_RELATED)
    )
    return tuple(
        RelatedStory(
            story_id=row["story_id"], headline=row["headline"], language=row["language"], outlets=row["outlet_count"], score=row["score"]
        )
        for row in {r["story_id"]: r for r in reversed(rows)}.values()
    )[::-1]


def _mutes(tx: Tx, members: Sequence[int], alerts: Sequence[AlertItem], now: datetime) -> tuple[MuteItem, ...]:
    """The silences in force that this story falls under."""
    concerned = {("story", str(m)) for m in members} | {("theme", a.theme_id) for a in alerts}
    found = {(m.scope, m.target): m for m in sorted(mutes(tx, now), key=lambda m: m.until)}
    return tuple(MuteItem(scope=m.scope, target=m.target, until=m.until) for key, m in found.items() if key in concerned)
