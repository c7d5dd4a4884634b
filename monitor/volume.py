"""Themes that are louder than they usually are: asked every now and then, told once a day to whoever wants to know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from monitor import alerting, routing
from monitor.archive import Tx, reads, writes
from monitor.model import Alert, Reason, Theme, Verdict
from monitor.pipeline import Desk, book

_BACK = timedelta(weeks=alerting.WEEKS, days=1)


def look_for_volume(tx: Tx, desk: Desk, now: datetime) -> int:
    """Decide for every theme that somebody wants to hear of in this way; return how many alerts that made.

    Days are UTC's, as everywhere in the archive; a day that is still young is compared with whole ones, so that only excess speaks.
    """
    wanting = [s for s in desk.subscriptions if s.unusual_volume]
    wanted = [t for t in desk.themes.values() if any({routing.EVERY_THEME, t.theme_id} & set(s.themes) for s in wanting)]
    if not wanted:
        return 0
    writes.lock_stories(tx)
    watched = [date.fromisoformat(day) for day in reads.watched_days(tx, now - _BACK)]
    return sum(_decide(tx, theme, watched, desk, now) for theme in wanted)


def _decide(tx: Tx, theme: Theme, watched: list[date], desk: Desk, now: datetime) -> int:
    """Speak of the story that most outlets tell, for a message needs one; what is said is said of the theme."""
    today = now.astimezone(UTC).date()
    said = alerting.unusual_volume(_daily(tx, theme, watched, now), today)
    if said is None or reads.has_spoken(tx, theme.theme_id, Reason.UNUSUAL_VOLUME, today.isoformat()):
        return 0
    found = reads.widest(tx, theme.theme_id, today.isoformat())
    if found is None:
        return 0
    article_id, rules, relevance = found
    story, article = reads.story_of(tx, article_id), reads.article(tx, article_id)
    assert article is not None
    alert = Alert(
        theme_id=theme.theme_id,
        story_id=story.story_id,
        article_id=article_id,
        reason=said.reason,
        detail=said.detail,
        severity=theme.severity,
        relevance=relevance,
        language=article.language,
        outlet_id=article.outlet_id,
        rules=rules,
        decided_at=now,
    )
    writes.put_verdicts(tx, story.story_id, article_id, [Verdict(theme_id=theme.theme_id, reasons=(said,))], now)
    made = writes.put_alerts(tx, [alert])
    book(tx, made, story, desk, now)
    return len(made)


def _daily(tx: Tx, theme: Theme, watched: list[date], now: datetime) -> dict[date, int]:
    """Stories per watched day since the theme first matched; before that it was not asked for."""
    counted = {date.fromisoformat(day): n for day, n in reads.theme_days(tx, theme.theme_id, now - _BACK).items()}
    first = min(counted, default=date.max)
    return {day: counted.get(day, 0) for day in {*watched, *counted} if day >= first}
