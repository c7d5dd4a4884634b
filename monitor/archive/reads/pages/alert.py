"""One alert: what it told, the article that proves it, who got it and who did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.reads.pages.items import ARTICLES, THIN, AlertItem, MuteItem, ReportItem, alert_items, reports
from monitor.archive.reads.stories import mutes
from monitor.archive.tx import Tx
from monitor.archive.writes.stories import living


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPage:
    """An alert with its article; ``report`` is None where retention has taken it. ``story_id`` is the story as it lives now."""

    alert: AlertItem
    report: ReportItem | None
    story_id: int
    articles: int
    outlets: int
    languages: int
    mutes: tuple[MuteItem, ...]


def alert_page(tx: Tx, alert_id: int, now: datetime) -> AlertPage | None:
    """Read an alert; None where there is none."""
    row = tx.row(sa.select(t.alerts).where(t.alerts.c.alert_id == alert_id))
    if row is None:
        return None
    story_id = living(tx, row["story_id"])
    story = tx.row(sa.select(t.stories).where(t.stories.c.story_id == story_id))
    found = tx.rows(sa.select(*THIN).select_from(ARTICLES).where(t.articles.c.article_id == row["article_id"]))
    shown = reports(tx, found, story["first_epoch"] if story else 0, diffs=3)
    concerned = {("story", str(story_id)), ("story", str(row["story_id"])), ("theme", row["theme_id"]), ("outlet", row["outlet_id"])}
    return AlertPage(
        alert=alert_items(tx, [row])[0],
        report=shown[0] if shown else None,
        story_id=story_id,
        articles=story["article_count"] if story else 0,
        outlets=story["outlet_count"] if story else 0,
        languages=story["language_count"] if story else 0,
        mutes=tuple(MuteItem(scope=m.scope, target=m.target, until=m.until) for m in mutes(tx, now) if (m.scope, m.target) in concerned),
    )
