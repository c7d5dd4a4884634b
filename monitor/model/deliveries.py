"""Whom an alert concerns: subscriptions, channels, deliveries, mutes, marks, notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from crawler.model import Place
from monitor.model.decisions import Reason
from monitor.model.tracked import Severity


class FollowUps(StrEnum):
    """What happens with later alerts on a story a channel knows already."""

    SEND = "send"
    DIGEST = "digest"
    OFF = "off"


class DigestEvery(StrEnum):
    """How often a digest goes out."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """When a digest goes out, local time of ``timezone`` of its subscription; ``weekday`` 0 = Monday."""

    every: DigestEvery
    at: time = time(7, 0)
    weekday: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Local hours in which messages are held; may span midnight."""

    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who gets which themes, where, how often. ``subscription_id`` is stable; ``themes`` holds ids or "*"; ``order`` is the file's."""

    subscription_id: str
    channel: str
    themes: tuple[str, ...] = ()
    min_severity: Severity = Severity.LOW
    min_relevance: int = 0
    languages: tuple[str, ...] = ()
    group_wait_s: float = 0.0
    quiet_hours: QuietHours | None = None
    digest: Digest | None = None
    follow_ups: FollowUps | None = None
    unusual_volume: bool = False
    storm: bool | None = None
    timezone: str = "UTC"
    notices: tuple[str, ...] = ()
    order: int = 0
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """One channel as configured; ``options`` are the keys of its kind, secrets already read and never shown (``repr`` is masked)."""

    name: str
    kind: str
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    option_places: Mapping[str, Place] = field(default_factory=dict, repr=False)
    rate_per_minute: float | None = None
    place: Place | None = None


class DeliveryStatus(StrEnum):
    """Where a delivery stands; the value is what the archive and views hold."""

    PENDING = "pending"
    HELD = "held"
    SENT = "sent"
    RETRY = "retry"
    DEAD = "dead"


class DeliveryKind(StrEnum):
    """What a delivery carries."""

    STORY = "story"
    GROUP = "group"
    DIGEST = "digest"
    STORM = "storm"
    NOTICE = "notice"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one channel, carrying one alert or more, with its attempts. ``message_id`` is stable over retries.

    A booked delivery whose ``message_id`` is held already joins it: its alerts go into that row, the higher severity wins.
    """

    delivery_id: int | None = None
    channel: str
    subscription_id: str
    kind: DeliveryKind
    status: DeliveryStatus
    story_id: int | None = None
    alert_ids: tuple[int, ...] = ()
    notice_id: int | None = None
    reason: Reason | None = None
    due_at: datetime
    created_at: datetime
    attempts: int = 0
    error: str | None = None
    sent_at: datetime | None = None
    message_id: str = ""
    severity: Severity = Severity.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What ``route`` says: deliveries to book, and for every (subscription_id, alert_id) that gets none, why."""

    deliveries: tuple[Delivery, ...]
    silences: tuple[tuple[str, int, Reason], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a channel was told of a story: highest severity, themes, the delivery to thread under, whether it was sent yet."""

    channel: str
    story_id: int
    severity: Severity
    themes: tuple[str, ...]
    delivery_id: int
    status: DeliveryStatus
    kind: DeliveryKind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """What a channel is busy with: ``at`` holds one time per story booked to it for sending at once in the last five minutes (kinds
    story, group and storm), ``waiting`` its held deliveries of kind group and storm that are not due yet.
    """

    channel: str
    at: tuple[datetime, ...] = ()
    waiting: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A silence asked for by a person: of a ``story``, ``theme`` or ``outlet``, until a time."""

    scope: str
    target: str
    until: datetime
    at: datetime


class Verdicts(StrEnum):
    """What a reader says of an alert."""

    USEFUL = "useful"
    NOISE = "noise"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A reader's verdict on an alert."""

    alert_id: int
    verdict: Verdicts
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """News about Presswatch itself; ``kind`` silent blocked extraction channel-dead disk rules-invalid ...; ``is_recovery`` ends one."""

    kind: str
    subject: str
    text: str
    at: datetime
    is_recovery: bool = False
    notice_id: int | None = None
