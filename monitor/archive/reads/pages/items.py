"""What several pages show of an article, an alert and its messages; texts only as excerpts, never whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.columns import isnt
from monitor.archive.shapes import chunks, evidence_of
from monitor.archive.tx import Row, Tx
from monitor.model import Evidence, Reason, Said, Severity
from monitor.render import phrases
from monitor.render.changes import Change, changes, limited
from monitor.render.snippet import Part, snippet

EXCERPT = 300
"""Characters of an article's text that a page shows around its evidence."""
_TEASER = 80
_REVISIONS = 3
"""An article's newest changes are shown, the others counted."""
_HEADLINE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchItem:
    """A rule that hit an article, and what of the rule was found."""

    theme_id: str
    rule_id: str
    relevance: int
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionItem:
    """What changed at ``at``: the places where words came or went, with a few around them."""

    number: int
    at: datetime
    headline: tuple[Change, ...] = ()
    text: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportItem:
    """One article of a story. ``at`` is its own time where it states one, ``behind_s`` seconds after the story's first sight."""

    article_id: int
    outlet_id: str
    outlet: str
    country: str
    language: str
    url: str
    headline: tuple[Part, ...]
    excerpt: tuple[Part, ...]
    at: datetime
    seen_at: datetime
    behind_s: int
    how: str
    completeness: str
    failure: str | None
    is_paywalled: bool
    withdrawn_at: datetime | None
    agency: str | None
    matches: tuple[MatchItem, ...]
    revisions: tuple[RevisionItem, ...] = ()
    revision_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryItem:
    """A message that carries an alert, and how it fares."""

    delivery_id: int
    channel: str
    kind: str
    status: str
    reason: str | None
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """A subscription that was not told, and why."""

    subscription_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertItem:
    """A decision to speak; ``verdict`` is the last word of a reader."""

    alert_id: int
    story_id: int
    article_id: int | None
    theme_id: str
    theme: str
    severity: Severity
    reason: str
    relevance: int
    rules: tuple[str, ...]
    decided_at: datetime
    verdict: str | None
    deliveries: tuple[DeliveryItem, ...]
    unheard: tuple[Unheard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteItem:
    """A silence in force."""

    scope: str
    target: str
    until: datetime


def marked(headline: str, evidence: Iterable[Evidence]) -> tuple[Part, ...]:
    """Return a headline in parts, its evidence marked."""
    return snippet(headline, [replace(e, field="body") for e in evidence if e.field == "title"], width=_HEADLINE)


def excerpt(text: str, evidence: Sequence[Evidence]) -> tuple[Part, ...]:
    """Return what of a text a page may show: never more than half of it, but of the shortest teasers."""
    return snippet(text, evidence, width=min(EXCERPT, _showable(text)))


def _showable(text: str) -> int:
    return max(len(text) // 2, _TEASER)


def reason(value: str, detail: str) -> str:
    """Say a stored reason as messages do."""
    return phrases.reason(Said(reason=Reason(value), detail=detail))


# ---- articles

_a = t.articles.c
THIN = (
    *(_a.article_id, _a.outlet_id, _a.language, _a.key, _a.url, _a.headline, _a.published_at, _a.seen_at, _a.seen_epoch),
    *(_a.assigned, _a.completeness, _a.failure, _a.is_paywalled, _a.withdrawn_at, _a.agency, _a.revision, _a.story_id),
    *(t.outlets.c.name, t.outlets.c.country, t.article_texts.c.text),
)
ARTICLES = t.articles.outerjoin(t.outlets, t.outlets.c.outlet_id == _a.outlet_id).outerjoin(
    t.article_texts, t.article_texts.c.article_id == _a.article_id
)


def reports(tx: Tx, rows: Sequence[Row], first_epoch: int, *, diffs: int) -> tuple[ReportItem, ...]:
    """Return articles with their evidence; of those that changed the newest ``diffs`` changes are worked out."""
    ids = [row["article_id"] for row in rows]
    matches, changed = _matches(tx, ids), _revisions(tx, [row["article_id"] for row in rows if row["revision"] > 1])
    items = []
    for row in rows:
        proof = matches.get(row["article_id"], [])
        earlier = changed.get(row["article_id"], [])[: min(_REVISIONS, diffs)]
        diffs -= len(earlier)
        evidence = [e for m in proof for e in evidence_of(m["evidence"])]
        items.append(
            ReportItem(
                article_id=row["article_id"],
                outlet_id=row["outlet_id"],
                outlet=row["name"] or row["outlet_id"],
                country=row["country"] or "",
                language=row["language"],
                url=row["url"] or row["key"],
                headline=marked(row["headline"], evidence),
                excerpt=excerpt(row["text"] or "", evidence),
                at=row["published_at"] or row["seen_at"],
                seen_at=row["seen_at"],
                behind_s=row["seen_epoch"] - first_epoch,
                how=row["assigned"] or "",
                completeness=row["completeness"],
                failure=row["failure"],
                is_paywalled=row["is_paywalled"],
                withdrawn_at=row["withdrawn_at"],
                agency=row["agency"],
                matches=tuple(_match(m) for m in proof),
                revisions=_changed(row, earlier),
                revision_count=row["revision"] - 1,
            )
        )
    return tuple(items)


def _matches(tx: Tx, ids: Sequence[int]) -> dict[int, list[Row]]:
    m, found = t.matches.c, dict[int, list[Row]]()
    query = sa.select(m.article_id, m.theme_id, m.rule_id, m.relevance, m.evidence).order_by(m.relevance.desc(), m.rule_id)
    for part in chunks(ids):
        for row in tx.rows(query.where(m.article_id.in_(part), isnt(m.is_below))):
            found.setdefault(row["article_id"], []).append(row)
    return found


def _match(row: Row) -> MatchItem:
    found = dict.fromkeys(e.surface for e in evidence_of(row["evidence"]))
    return MatchItem(theme_id=row["theme_id"], rule_id=row["rule_id"], relevance=row["relevance"], found=tuple(found)[:12])


def _revisions(tx: Tx, ids: Sequence[int]) -> dict[int, list[Row]]:
    r, found = t.revisions.c, dict[int, list[Row]]()
    for part in chunks(ids):
        for row in tx.rows(sa.select(t.revisions).where(r.article_id.in_(part)).order_by(r.number.desc())):
            found.setdefault(row["article_id"], []).append(row)
    return found


def _changed(row: Row, earlier: Sequence[Row]) -> tuple[RevisionItem, ...]:
    """Put every earlier state beside the one that followed it, the newest first."""
    items, headline, text = [], row["headline"], row["text"] or ""
    for old in earlier:
        is_text = bool(old["is_text_changed"])
        items.append(
            RevisionItem(
                number=old["number"] + 1,
                at=old["replaced_at"],
                headline=changes(old["headline"], headline) if old["is_headline_changed"] else (),
                text=_compared(old["text"], text) if is_text and old["text"] and text else (),
            )
        )
        headline, text = old["headline"], old["text"] if is_text else text
    return tuple(items)


def _compared(before: str, after: str) -> tuple[Change, ...]:
    """Word by word, but never a whole text: many small changes must not show what an excerpt may not."""
    return limited(changes(before, after), before=_showable(before), after=_showable(after))


# ---- alerts


def alert_items(tx: Tx, rows: Sequence[Row]) -> tuple[AlertItem, ...]:
    """Return alerts with their messages, who was not told, and what readers said."""
    ids = [row["alert_id"] for row in rows]
    labels = _labels(tx, {row["theme_id"] for row in rows})
    deliveries, unheard, verdicts = _deliveries(tx, ids), _unheard(tx, ids), _verdicts(tx, ids)
    return tuple(
        AlertItem(
            alert_id=row["alert_id"],
            story_id=row["story_id"],
            article_id=row["article_id"],
            theme_id=row["theme_id"],
            theme=labels.get(row["theme_id"], row["theme_id"]),
            severity=Severity(row["severity"]),
            reason=reason(row["reason"], row["detail"]),
            relevance=row["relevance"],
            rules=tuple(row["rules"]),
            decided_at=row["decided_at"],
            verdict=verdicts.get(row["alert_id"]),
            deliveries=tuple(deliveries.get(row["alert_id"], ())),
            unheard=tuple(unheard.get(row["alert_id"], ())),
        )
        for row in rows
    )


def _labels(tx: Tx, theme_ids: Collection[str]) -> Mapping[str, str]:
    rows = tx.rows(sa.select(t.themes.c.theme_id, t.themes.c.label).where(t.themes.c.theme_id.in_(sorted(theme_ids))))
    return {row["theme_id"]: row["label"] for row in rows}


def _deliveries(tx: Tx, ids: Sequence[int]) -> dict[int, list[DeliveryItem]]:
    d, c, found = t.deliveries.c, t.delivery_alerts.c, dict[int, list[DeliveryItem]]()
    columns = (d.delivery_id, d.channel, d.kind, d.status, d.reason, d.next_at, d.sent_at, d.attempts, d.error)
    query = sa.select(c.alert_id, *columns).join(t.deliveries, d.delivery_id == c.delivery_id).order_by(d.delivery_id)
    for part in chunks(ids):
        for row in tx.rows(query.where(c.alert_id.in_(part))):
            rest = {name: value for name, value in row.items() if name not in {"alert_id", "next_at"}}
            found.setdefault(row["alert_id"], []).append(DeliveryItem(due_at=row["next_at"], **rest))
    return found


def _unheard(tx: Tx, ids: Sequence[int]) -> dict[int, list[Unheard]]:
    s, found = t.silences.c, dict[int, list[Unheard]]()
    for part in chunks(ids):
        for row in tx.rows(sa.select(t.silences).where(s.alert_id.in_(part)).order_by(s.alert_id, s.subscription_id)):
            found.setdefault(row["alert_id"], []).append(Unheard(subscription_id=row["subscription_id"], reason=row["reason"]))
    return found


def _verdicts(tx: Tx, ids: Sequence[int]) -> dict[int, str]:
    m = t.marks.c
    return {
        row["alert_id"]: row["verdict"]
        for part in chunks(ids)
        for row in tx.rows(sa.select(m.alert_id, m.verdict).where(m.alert_id.in_(part)).order_by(m.mark_id))
    }
