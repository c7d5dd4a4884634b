"""Every theme as an Atom feed (RFC 4287): one entry per alert, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from monitor.model import Alert, MessageFormat, Said, StoryBrief
from monitor.render import phrases
from monitor.render.clean import address, line
from monitor.render.escape import fill
from monitor.render.views import FULL, view

_ATOM = "http://www.w3.org/2005/Atom"
_SCHEME = "tag:presswatch,2026"
"""A tag URI (RFC 4151): the id of an entry survives a change of host, port and address."""


def feed(
    theme_id: str,
    label: str,
    stories: Sequence[StoryBrief],
    *,
    now: datetime,
    self_url: str | None = None,
    timezone: str = "UTC",
) -> bytes:
    """Write the alerts of one theme; those of other themes in the same stories are left out."""
    entries = sorted(
        ((a, s) for s in stories for a in s.alerts if a.theme_id == theme_id),
        key=lambda pair: (pair[0].decided_at, pair[0].alert_id or 0),
        reverse=True,
    )
    root = ET.Element("feed", {"xmlns": _ATOM})
    _text(root, "id", f"{_SCHEME}:theme/{line(theme_id)}")
    _text(root, "title", f"{line(label) or line(theme_id)} - Presswatch")
    _text(root, "updated", _time(entries[0][0].decided_at if entries else now))
    _text(root, "generator", "Presswatch")
    if link := address(self_url):
        ET.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": link})
    zone = ZoneInfo(timezone)
    for alert, story in entries:
        root.append(_entry(alert, story, zone, year=now.astimezone(zone).year))
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _entry(alert: Alert, story: StoryBrief, zone: ZoneInfo, *, year: int) -> ET.Element:
    article = story.article
    shown = view(story, FULL, zone=zone, year=year)
    entry = ET.Element("entry")
    _text(entry, "id", f"{_SCHEME}:alert/{alert.alert_id}")
    _text(entry, "title", line(article.headline) or shown.headline)
    _text(entry, "updated", _time(alert.decided_at))
    _text(entry, "published", _time(article.published_at or article.seen_at))
    _text(ET.SubElement(entry, "author"), "name", line(story.outlet_name) or article.outlet_id)
    if shown.url:
        ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": shown.url})
    ET.SubElement(
        entry, "category", {"term": line(alert.theme_id), "label": phrases.reason(Said(reason=alert.reason, detail=alert.detail))}
    )
    _text(entry, "content", fill("story", MessageFormat.HTML, {"story": shown}), type="html")
    return entry


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = text


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
