"""The JSON of a webhook, schema 1: message, then every story with its alerts, its article, the evidence and who else reports it.

A field is never renamed or removed within a schema; receivers ignore what they do not know. Times are UTC, ids are integers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from monitor.links import Act
from monitor.model import Alert, Brief, Evidence, Message, Report, Said, StoryBrief
from monitor.render import phrases
from monitor.render.clean import address, line, plain
from monitor.render.snippet import snippet
from monitor.render.views import outlets, page_of

SCHEMA = 1
_EXCERPT = 280


def payload(brief: Brief, message: Message) -> dict[str, object]:
    """Return the message as JSON values."""
    delivery = brief.delivery
    said: dict[str, object] = {
        "schema": SCHEMA,
        "message_id": message.message_id,
        "kind": delivery.kind.value,
        "channel": delivery.channel,
        "subscription": delivery.subscription_id,
        "created_at": _time(delivery.created_at),
        "severity": message.severity.word,
        "title": message.title,
        "text": message.text,
        "stories": [_story(brief, s) for s in brief.stories],
    }
    if brief.notice is not None:
        said["notice"] = {
            "kind": brief.notice.kind,
            "subject": brief.notice.subject,
            "text": brief.notice.text,
            "at": _time(brief.notice.at),
            "is_recovery": brief.notice.is_recovery,
        }
    if brief.since and brief.until:
        said |= {"since": _time(brief.since), "until": _time(brief.until)}
    if brief.silent_sources or brief.dropped:
        said |= {"silent_sources": list(brief.silent_sources), "dropped": list(brief.dropped)}
    if brief.total:
        said["total"] = brief.total
    return {key: _clean(value) for key, value in said.items()}


def _clean(value: object) -> object:
    """Return the value with every text fit for UTF-8 and free of control characters, ids and names of others included."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return {key: _clean(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def encoded(said: Mapping[str, object]) -> str:
    """Return the bytes that are signed and sent, as text: the same values give the same text."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _story(brief: Brief, story: StoryBrief) -> dict[str, object]:
    article = story.article
    return {
        "story_id": story.story_id,
        "page": page_of(brief, story),
        "links": {act.value: link for act in Act if (link := address(brief.links.get(f"{act.value}:{story.story_id}")))},
        "outlets": outlets(story),
        "alerts": [_alert(a, story) for a in story.alerts],
        "article": {
            "article_id": article.article_id,
            "url": address(article.url),
            "canonical_url": address(article.canonical_url),
            "headline": line(article.headline),
            "excerpt": "".join(p.text for p in snippet(article.text, story.evidence, width=_EXCERPT)),
            "outlet": article.outlet_id,
            "outlet_name": line(story.outlet_name),
            "language": article.language,
            "authors": [line(a) for a in article.authors],
            "published_at": _time(article.published_at),
            "seen_at": _time(article.seen_at),
            "completeness": article.completeness.value,
            "is_paywalled": article.is_paywalled,
        },
        "evidence": [_evidence(e) for e in story.evidence],
        "also": [_report(r) for r in story.also],
    }


def _alert(alert: Alert, story: StoryBrief) -> dict[str, object]:
    return {
        "alert_id": alert.alert_id,
        "theme": alert.theme_id,
        "theme_label": story.theme_labels.get(alert.theme_id, ""),
        "reason": alert.reason.value,
        "detail": alert.detail,
        "why": phrases.reason(Said(reason=alert.reason, detail=alert.detail)),
        "severity": alert.severity.word,
        "relevance": alert.relevance,
        "rules": list(alert.rules),
        "decided_at": _time(alert.decided_at),
    }


def _evidence(evidence: Evidence) -> dict[str, object]:
    return {
        "field": evidence.field,
        "start": evidence.start,
        "end": evidence.end,
        "surface": evidence.surface,
        "term": evidence.term,
    }


def _report(report: Report) -> dict[str, object]:
    return {
        "article_id": report.article_id,
        "outlet": report.outlet_id,
        "outlet_name": line(report.outlet_name),
        "language": report.language,
        "headline": line(report.headline),
        "url": address(report.url),
        "at": _time(report.at),
    }


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
