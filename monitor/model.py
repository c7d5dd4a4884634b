"""The monitor's values: entity, theme, rule, mention, match, story, reason, alert, subscription, delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import IntEnum, StrEnum

from crawler.model import Article, Place

ANY_LANGUAGE = "*"


class Severity(IntEnum):
    """How much a theme matters; ordered, spelled in lower case in files and views."""

    LOW = 1
    NORMAL = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """The spelling in files, views and messages."""
        return self.name.lower()


# ---- what is tracked


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One name of an entity; ``term`` in the rule language (a word, a phrase, or ``=exact``).

    With ``near`` (a query: a term, phrase or ``@entity``) it counts only within ``within`` of it: 0..100 words, "s" or "p".
    """

    term: str
    near: str | None = None
    within: int | str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A tracked name. ``aliases`` maps an article language or "*" to its names; ``excluded`` are the phrases of ``not:``."""

    entity_id: str
    label: str
    kind: str = ""
    aliases: Mapping[str, tuple[Alias, ...]]
    excluded: tuple[str, ...] = ()
    country: str | None = None
    is_salient: bool = True
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named boolean query of a theme; ``rule_id`` is ``<theme_id>/<name>``. ``place`` is where the query's first character stands."""

    rule_id: str
    theme_id: str
    name: str
    query: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text that a theme must match, or must ignore."""

    text: str
    language: str
    should_match: bool
    title: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """An information need. ``languages`` empty means all; ``min_relevance`` 0-100."""

    theme_id: str
    label: str
    need: str
    severity: Severity = Severity.NORMAL
    languages: tuple[str, ...] = ()
    min_relevance: int = 0
    rules: tuple[Rule, ...] = ()
    examples: tuple[Example, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Everything the engine is built from. ``version`` is a digest of it: equal sets have equal versions."""

    entities: tuple[Entity, ...]
    themes: tuple[Theme, ...]
    version: str


# ---- what is found


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Code points ``start`` to ``end`` of the original ``field`` ("title" or "body"); ``surface`` is the text there."""

    field: str
    start: int
    end: int
    surface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One span that proves a match: the term or ``@entity`` of the rule, the alias that hit, and the distances of its NEARs in words."""

    term: str
    field: str
    start: int
    end: int
    surface: str
    alias: str | None = None
    distances: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An entity's spans in one article, sorted."""

    entity_id: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule's hit on an article. ``relevance`` 0-100 says how much the article is about it."""

    rule_id: str
    theme_id: str
    relevance: int
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the engine found in one article; ``below`` are matches under their theme's ``min_relevance``, kept for ``why``."""

    mentions: tuple[Mention, ...]
    matches: tuple[Match, ...]
    version: str
    below: tuple[Match, ...] = ()


# ---- stories


class HowAssigned(StrEnum):
    """How an article came to its story."""

    NEW = "new story"
    SAME_TEXT = "same text"
    SAME_EVENT = "same event"
    OFF = "stories off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One typed feature of title and lead: ``kind`` w words, g countries, n numbers, s concepts, a happenings, e entities, z CJK bigrams, k sounds.

    Where a concept, country or sound was read from a word, ``value`` names that word's stem after a space: it counts only where the word does not.
    """

    kind: str
    value: str
    in_title: bool
    hash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What the story rooms keep of one article: ``shingles`` 64-bit signed hashes, features, title words and numbers."""

    shingles: tuple[int, ...]
    features: tuple[Feature, ...]
    word_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An article the archive hands over as perhaps of the same story; ``idf`` weights ride in ``History``."""

    article_id: int
    story_id: int
    outlet_id: str
    source_id: str
    language: str
    headline: str
    at: datetime
    word_count: int
    shingles: tuple[int, ...] = ()
    features: tuple[Feature, ...] = ()
    agency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryAssignment:
    """Where an article belongs. ``story_id`` None opens a story; ``merged`` stories join into it; ``related`` are shown, never silencing."""

    story_id: int | None
    how: HowAssigned
    score: float = 0.0
    matched_article_id: int | None = None
    merged: tuple[int, ...] = ()
    related: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One article of a story, as later decisions and messages need it."""

    article_id: int
    outlet_id: str
    outlet_name: str
    language: str
    headline: str
    url: str
    at: datetime
    agency: str | None = None
    country: str = ""
    tier: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The cluster of articles on one event. ``reports`` are in the order they were seen, the first one first."""

    story_id: int
    first_at: datetime
    last_at: datetime
    reports: tuple[Report, ...]

    @property
    def outlets(self) -> tuple[str, ...]:
        """Outlet ids in order of appearance."""
        return tuple(dict.fromkeys(r.outlet_id for r in self.reports))

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in order of appearance."""
        return tuple(dict.fromkeys(r.language for r in self.reports))

    @property
    def voices(self) -> int:
        """How many independent sources tell it: outlets with one agency's text count once."""
        return len({f"agency:{r.agency}" if r.agency else r.outlet_id for r in self.reports})


# ---- decisions


class Reason(StrEnum):
    """Why we speak or stay silent; stored, and shown in messages, pages, logs and metrics."""

    FIRST_REPORT = "first report"
    MORE_OUTLETS = "now in N outlets"
    NEW_LANGUAGE = "first in another language"
    HEADLINE_CHANGED = "headline changed"
    CORRECTION = "correction"
    WITHDRAWN = "withdrawn"
    UNUSUAL_VOLUME = "unusual volume"

    ALREADY_TOLD = "already told"
    TOO_OLD = "too old"
    SAME_TEXT = "same text"
    NO_MATCH = "no rule matched"

    MUTED = "muted"
    BELOW_RELEVANCE = "below relevance"
    BELOW_SEVERITY = "below severity"
    OTHER_LANGUAGE = "other language"
    OTHER_THEME = "no subscription wants this theme"
    QUIET_HOURS = "quiet hours (held)"
    GROUP_WAIT = "waiting for its group"
    IN_DIGEST = "in the digest"
    FOLLOW_UPS_OFF = "follow-ups are off"
    VOLUME_OFF = "volume signals are not asked for"
    STORM = "collapsed in a storm"

    @property
    def speaks(self) -> bool:
        """The world changed: this reason makes an alert."""
        return self in _SPEAKING


_SPEAKING = frozenset(
    {
        Reason.FIRST_REPORT,
        Reason.MORE_OUTLETS,
        Reason.NEW_LANGUAGE,
        Reason.HEADLINE_CHANGED,
        Reason.CORRECTION,
        Reason.WITHDRAWN,
        Reason.UNUSUAL_VOLUME,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A reason with its detail: "10" of ``now in 10 outlets``, "zh" of ``first in Chinese``; empty where it needs none."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What ``decide`` says of one theme and story; ``reasons`` strongest first. It speaks when its first reason does."""

    theme_id: str
    reasons: tuple[Said, ...]

    @property
    def speaks(self) -> bool:
        return bool(self.reasons) and self.reasons[0].reason.speaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was decided before on one story: alerts by theme, with reason and detail, and when."""

    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The decision that a story is worth a message. UNIQUE(theme_id, story_id, reason, detail)."""

    alert_id: int | None = None
    theme_id: str
    story_id: int
    article_id: int | None
    reason: Reason
    detail: str = ""
    severity: Severity
    relevance: int = 0
    language: str = "und"
    outlet_id: str = ""
    rules: tuple[str, ...] = ()
    decided_at: datetime


# ---- whom it concerns


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


# ---- what people read


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryBrief:
    """All a message says of one story: the article that spoke, its evidence, the others, the themes with their reasons.

    ``also`` are the other outlets' reports, first one first.
    """

    story_id: int
    article: Article
    outlet_name: str
    alerts: tuple[Alert, ...]
    evidence: tuple[Evidence, ...]
    also: tuple[Report, ...] = ()
    theme_labels: Mapping[str, str] = field(default_factory=dict)
    evidence_by_rule: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)


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
