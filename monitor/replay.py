"""Records what a new rule finds in articles that were archived before it, and tells of it only when asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor import alerting, routing
from monitor.archive import Tx, reads, writes
from monitor.model import Findings, Match
from monitor.pipeline import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a theme found in one archived article."""

    article_id: int
    story_id: int
    findings: Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What was recorded: matches (those below the theme's relevance apart), new alerts, messages booked."""

    matches: int = 0
    below: int = 0
    alerts: int = 0
    deliveries: int = 0

    def __add__(self, other: Replayed) -> Replayed:
        return Replayed(
            matches=self.matches + other.matches,
            below=self.below + other.below,
            alerts=self.alerts + other.alerts,
            deliveries=self.deliveries + other.deliveries,
        )


def record(tx: Tx, found: Sequence[Found], now: datetime) -> Replayed:
    """Add matches and mentions to what is known of the articles."""
    for one in found:
        writes.put_findings(tx, one.article_id, one.findings, now, keep=True)
    return Replayed(
        matches=sum(len(one.findings.matches) for one in found),
        below=sum(len(one.findings.below) for one in found),
    )


def tell(tx: Tx, one: Found, theme_id: str, desk: Desk, now: datetime) -> Replayed:
    """Decide about one story by the article given, route and book deliveries; a theme that spoke of the story before stays silent.

    Called with the newest match of a story: what the story holds by now is told with it, and follow-ups start from there.
    """
    writes.lock_stories(tx)
    article, theme = reads.article(tx, one.article_id), desk.themes[theme_id]
    matches: tuple[Match, ...] = tuple(match for match in one.findings.matches if match.theme_id == theme_id)
    if article is None or not matches:
        return Replayed()
    story = reads.story_of(tx, one.article_id)
    history = reads.past(tx, story.story_id)
    if any(alert.theme_id == theme_id for alert in history.alerts):
        return Replayed()
    verdict = alerting.decide(theme, story, article, matches, history, now)
    writes.put_verdicts(tx, story.story_id, one.article_id, [verdict], now)
    alerts = writes.put_alerts(tx, alerting.alerts(theme, story, article, matches, verdict, now))
    channels = tuple(dict.fromkeys(s.channel for s in desk.subscriptions))
    told = reads.told(tx, channels, story.story_id)
    recent = reads.recent(tx, channels, now) if desk.storms else ()
    routed = routing.route(alerts, desk.subscriptions, reads.mutes(tx, now), told, now, recent=recent, storms=desk.storms)
    return Replayed(alerts=len(alerts), deliveries=writes.put_deliveries(tx, routed, now))
