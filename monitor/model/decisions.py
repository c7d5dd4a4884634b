"""Whether we speak, and why: reasons, verdicts, alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.tracked import Severity


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
