"""What people read: briefs before they are rendered, messages after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crawler.model import Article
from monitor.model.decisions import Alert
from monitor.model.deliveries import Delivery, DeliveryKind, Notice, Subscription
from monitor.model.found import Evidence
from monitor.model.stories import Report
from monitor.model.tracked import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryBrief:
    """All a message says of one story: the article that spoke, its evidence, the others, the themes with their reasons.

    ``also`` are the other outlets' reports, first one first; ``related`` the headlines of stories that may be about the same.
    """

    story_id: int
    article: Article
    outlet_name: str
    alerts: tuple[Alert, ...]
    evidence: tuple[Evidence, ...]
    also: tuple[Report, ...] = ()
    theme_labels: Mapping[str, str] = field(default_factory=dict)
    evidence_by_rule: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What one delivery has to say, before it is rendered for its channel's format."""

    delivery: Delivery
    stories: tuple[StoryBrief, ...] = ()
    notice: Notice | None = None
    subscription: Subscription | None = None
    timezone: str = "UTC"
    public_url: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    silent_sources: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    total: int = 0


class MessageFormat(StrEnum):
    """How a message is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A rendered message: ``title`` one line without CR or LF, ``body`` in ``format``; ``text`` the plain form beside an HTML body.

    ``message_id`` is stable over retries; ``thread`` names the story it belongs to; ``payload`` is the JSON of a webhook. ``lead`` is the
    first line of ``text``, for channels with a field of their own for it; ``at`` is when the message became due, aware UTC.
    """

    message_id: str
    format: MessageFormat
    title: str
    body: str
    text: str = ""
    thread: str | None = None
    themes: tuple[str, ...] = ()
    severity: Severity = Severity.NORMAL
    payload: Mapping[str, object] | None = None
    footer: str = ""
    url: str | None = None
    lead: str = ""
    kind: DeliveryKind = DeliveryKind.STORY
    at: datetime | None = None
