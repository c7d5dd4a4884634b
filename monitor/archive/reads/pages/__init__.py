"""What the pages show: one frozen value per page, which is also its JSON, and the read that fills it."""

from __future__ import annotations

from monitor.archive.reads.pages.alert import AlertPage, alert_page
from monitor.archive.reads.pages.items import (
    AlertItem,
    DeliveryItem,
    MatchItem,
    MuteItem,
    ReportItem,
    RevisionItem,
    Unheard,
)
from monitor.archive.reads.pages.limit import within
from monitor.archive.reads.pages.outlets import Ledger, OutletItem, OutletsPage, SourceItem, outlets_page
from monitor.archive.reads.pages.story import Arrival, RelatedStory, Silence, StoryPage, story_page
from monitor.archive.reads.pages.theme import Day, EntityItem, RuleItem, ThemePage, Timelines, theme_page
from monitor.archive.reads.pages.today import Held, ThemeToday, Today, TodayStory, today

__all__ = [
    "AlertItem",
    "AlertPage",
    "Arrival",
    "Day",
    "DeliveryItem",
    "EntityItem",
    "Held",
    "Ledger",
    "MatchItem",
    "MuteItem",
    "OutletItem",
    "OutletsPage",
    "RelatedStory",
    "ReportItem",
    "RevisionItem",
    "RuleItem",
    "Silence",
    "SourceItem",
    "StoryPage",
    "ThemePage",
    "ThemeToday",
    "Timelines",
    "Today",
    "TodayStory",
    "Unheard",
    "alert_page",
    "outlets_page",
    "story_page",
    "theme_page",
    "today",
    "within",
]
