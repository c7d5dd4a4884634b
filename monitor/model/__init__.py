"""The monitor's values: entity, theme, rule, mention, match, story, reason, alert, subscription, delivery."""

from __future__ import annotations

from monitor.model.decisions import Alert, Past, Reason, Said, Verdict
from monitor.model.deliveries import (
    ChannelSettings,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Digest,
    DigestEvery,
    FollowUps,
    Mark,
    Mute,
    Notice,
    QuietHours,
    Recent,
    Routed,
    Subscription,
    Told,
    Verdicts,
)
from monitor.model.found import Evidence, Findings, Match, Mention, Span
from monitor.model.messages import Brief, Message, MessageFormat, StoryBrief
from monitor.model.stories import Candidate, Feature, Fingerprint, HowAssigned, Report, Story, StoryAssignment
from monitor.model.tracked import ANY_LANGUAGE, Alias, Entity, Example, Rule, RuleSet, Severity, Theme
from monitor.model.work import Claim, NodeState, QueueState

__all__ = [
    "ANY_LANGUAGE",
    "Alert",
    "Alias",
    "Brief",
    "Candidate",
    "ChannelSettings",
    "Claim",
    "Delivery",
    "DeliveryKind",
    "DeliveryStatus",
    "Digest",
    "DigestEvery",
    "Entity",
    "Evidence",
    "Example",
    "Feature",
    "Findings",
    "Fingerprint",
    "FollowUps",
    "HowAssigned",
    "Mark",
    "Match",
    "Mention",
    "Message",
    "MessageFormat",
    "Mute",
    "NodeState",
    "Notice",
    "Past",
    "QueueState",
    "QuietHours",
    "Reason",
    "Recent",
    "Report",
    "Routed",
    "Rule",
    "RuleSet",
    "Said",
    "Severity",
    "Span",
    "Story",
    "StoryAssignment",
    "StoryBrief",
    "Subscription",
    "Theme",
    "Told",
    "Verdict",
    "Verdicts",
]
