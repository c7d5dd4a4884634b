"""Reads all that is known of one URL, article or alert, gate by gate, for ``presswatch why``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from monitor.archive import seen
from monitor.archive import tables as t
from monitor.archive.columns import is_so, isnt
from monitor.archive.reads.stories import family
from monitor.archive.shapes import fit_key
from monitor.archive.tx import Row, Tx

Facts = tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The way of one thing as rows of the tables, in the order of the gates; what is empty never happened.

    ``outlet`` and ``source`` are those that listed it, or whose host the URL shares; ``first_poll`` is the poll that saw it first,
    ``last_poll`` the source's latest. ``below`` are matches under their theme's relevance. ``alerts`` and ``decisions`` are those of
    the whole story; ``silences`` say which subscription got none of these alerts and why.
    """

    entry: Row | None = None
    outlet: Row | None = None
    source: Row | None = None
    first_poll: Row | None = None
    last_poll: Row | None = None
    robots: Row | None = None
    host: Row | None = None
    article: Row | None = None
    revisions: Facts = ()
    mentions: Facts = ()
    matches: Facts = ()
    below: Facts = ()
    story: Row | None = None
    reports: Facts = ()
    related: Facts = ()
    decisions: Facts = ()
    alerts: Facts = ()
    silences: Facts = ()
    deliveries: Facts = ()
    marks: Facts = ()
    mutes: Facts = ()

    @property
    def decisions_of_it(self) -> Facts:
        """What was decided of this article alone."""
        return tuple(d for d in self.decisions if self.article is not None and d["article_id"] == self.article["article_id"])


def about_url(tx: Tx, key: str) -> Trail:
    """The way of a URL (canonical) or any other key; of one nobody listed, what is known of its host."""
    entry = tx.row(sa.select(t.entries).where(t.entries.c.key == fit_key(key)))
    article_id = entry["article_id"] if entry else None
    if article_id is None:
        article_id = tx.value(sa.select(t.articles.c.article_id).where(seen.is_of(tx, fit_key(key))))
    return _trail(tx, entry=entry, article_id=article_id, url=key)


def about_article(tx: Tx, article_id: int) -> Trail:
    """The way of an article."""
    entry = tx.row(sa.select(t.entries).where(t.entries.c.article_id == article_id).order_by(t.entries.c.entry_id).limit(1))
    return _trail(tx, entry=entry, article_id=article_id, url=entry["key"] if entry else "")


def about_alert(tx: Tx, alert_id: int) -> Trail | None:
    """The way of the article an alert spoke of; None where there is no such alert."""
    row = tx.row(sa.select(t.alerts.c.article_id, t.alerts.c.story_id).where(t.alerts.c.alert_id == alert_id))
    if row is None:
        return None
    if row["article_id"] is not None:
        return about_article(tx, row["article_id"])
    return _of_story(tx, row["story_id"], Trail())


def _trail(tx: Tx, *, entry: Row | None, article_id: int | None, url: str) -> Trail:
    article = tx.row(sa.select(t.articles).where(t.articles.c.article_id == article_id)) if article_id is not None else None
    known = article or entry
    source = tx.row(sa.select(t.sources).where(t.sources.c.source_id == known["source_id"])) if known else _source_by_host(tx, url)
    trail = Trail(
        entry=entry,
        article=article,
        source=source,
        outlet=_one(tx, t.outlets, t.outlets.c.outlet_id, source["outlet_id"] if source else known["outlet_id"] if known else None),
        first_poll=_one(tx, t.polls, t.polls.c.poll_id, entry["poll_id"] if entry else None),
        last_poll=_last_poll(tx, source["source_id"]) if source else None,
        robots=_robots(tx, url),
        host=_one(tx, t.hosts, t.hosts.c.host, urlsplit(url).hostname),
    )
    if article is None:
        return trail
    trail = replace(
        trail,
        revisions=_all(tx, t.revisions, t.revisions.c.article_id == article_id, t.revisions.c.revision_id),
        mentions=_all(tx, t.mentions, t.mentions.c.article_id == article_id, t.mentions.c.entity_id),
        matches=_all(tx, t.matches, sa.and_(t.matches.c.article_id == article_id, isnt(t.matches.c.is_below)), t.matches.c.rule_id),
        below=_all(tx, t.matches, sa.and_(t.matches.c.article_id == article_id, is_so(t.matches.c.is_below)), t.matches.c.rule_id),
    )
    return _of_story(tx, article["story_id"], trail) if article["story_id"] is not None else trail


def _of_story(tx: Tx, story_id: int, trail: Trail) -> Trail:
    members = family(tx, story_id)
    root, a, links = members[0], t.articles.c, t.story_links.c
    alerts = _all(tx, t.alerts, t.alerts.c.story_id.in_(members), t.alerts.c.alert_id)
    alert_ids = [row["alert_id"] for row in alerts]
    reports = tx.rows(
        sa.select(
            *(a.article_id, a.outlet_id, a.language, a.headline, a.key, a.url, a.published_at, a.seen_at),
            *(a.assigned, a.assigned_score, a.assigned_to_article_id),
        )
        .where(a.story_id == root)
        .order_by(a.seen_at, a.article_id)
    )
    targets = (
        [("story", str(s)) for s in members]
        + [("theme", row["theme_id"]) for row in alerts]
        + [("outlet", r["outlet_id"]) for r in reports]
    )
    return replace(
        trail,
        story=_one(tx, t.stories, t.stories.c.story_id, root),
        reports=tuple(reports),
        related=_all(tx, t.story_links, sa.or_(links.story_a == root, links.story_b == root), links.score.desc()),
        decisions=_all(tx, t.decisions, t.decisions.c.story_id.in_(members), t.decisions.c.decision_id),
        alerts=alerts,
        silences=_all(tx, t.silences, t.silences.c.alert_id.in_(alert_ids), t.silences.c.alert_id),
        deliveries=_deliveries(tx, alert_ids),
        marks=_all(tx, t.marks, t.marks.c.alert_id.in_(alert_ids), t.marks.c.mark_id),
        mutes=_all(tx, t.mutes, sa.tuple_(t.mutes.c.scope, t.mutes.c.target).in_(sorted(set(targets))), t.mutes.c.mute_id),
    )


def _deliveries(tx: Tx, alert_ids: Collection[int]) -> Facts:
    d, c = t.deliveries, t.delivery_alerts.c
    rows = tx.rows(
        sa.select(d, c.alert_id)
        .join(t.delivery_alerts, c.delivery_id == d.c.delivery_id)
        .where(c.alert_id.in_(list(alert_ids)))
        .order_by(d.c.delivery_id, c.alert_id)
    )
    return tuple(rows)


def _last_poll(tx: Tx, source_id: str) -> Row | None:
    p = t.polls.c
    return tx.row(sa.select(t.polls).where(p.source_id == source_id).order_by(p.at.desc()).limit(1))


def _robots(tx: Tx, url: str) -> Row | None:
    parts = urlsplit(url)
    return _one(tx, t.robots, t.robots.c.origin, f"{parts.scheme}://{parts.netloc}") if parts.netloc else None


def _source_by_host(tx: Tx, url: str) -> Row | None:
    """A source on the URL's host, or on its domain."""
    host = urlsplit(url).hostname or ""
    if not host:
        return None
    s = t.sources.c
    domain = ".".join(host.split(".")[-2:])
    near = sa.or_(s.url.like(f"%://{host}/%"), s.url.like(f"%.{domain}/%"), s.url.like(f"%://{domain}/%"))
    return tx.row(sa.select(t.sources).where(near).order_by(s.retired_at.is_not(None), s.source_id).limit(1))


def _one(tx: Tx, table: sa.Table, column: sa.ColumnElement[Any], value: Any) -> Row | None:
    return None if value is None else tx.row(sa.select(table).where(column == value))


def _all(tx: Tx, table: sa.Table, condition: sa.ColumnElement[bool], order: sa.ColumnElement[Any]) -> Facts:
    return tuple(tx.rows(sa.select(table).where(condition).order_by(order)))
