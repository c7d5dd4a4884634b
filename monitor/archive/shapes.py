"""How values become rows and rows values again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from crawler.model import Article, Completeness, Entry, ExtractStatus, FailureReason, Genre, Validators
from monitor.archive.columns import MAX_KEY_BYTES, clean
from monitor.model import Alert, Delivery, DeliveryKind, DeliveryStatus, Evidence, Reason, Severity

T = TypeVar("T")

CHUNK = 500
"""How many values one IN takes; SQLite's limit lies far above, the planner's patience not."""


def chunks(items: Sequence[T], size: int = CHUNK) -> Sequence[Sequence[T]]:
    """Cut a sequence into pieces of at most ``size``."""
    return [items[i : i + size] for i in range(0, len(items), size)]


def day_of(at: datetime) -> str:
    """The UTC day as ``2026-11-24``: what both databases compare alike."""
    return at.astimezone(UTC).date().isoformat()


def hash64(text: str) -> int:
    """A signed 64-bit hash that is the same in every process."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big", signed=True)


def title_hash(title: str) -> int:
    """Equal for titles that differ only in white space."""
    return hash64(" ".join(title.split()))


def fit_key(key: str) -> str:
    """A key that an index takes: what is too long ends in its digest."""
    key = clean(key)
    raw = key.encode()
    if len(raw) <= MAX_KEY_BYTES:
        return key
    return raw[: MAX_KEY_BYTES - 65].decode("utf-8", "ignore") + "#" + hashlib.sha256(raw).hexdigest()


# ---- entries

RETITLED = "its listed title changed"
"""Why a finished entry is due again though nobody asked for a second look."""

_ENTRY_REST = ("authors", "section", "tags", "image_url")


def entry_row(entry: Entry) -> dict[str, Any]:
    """What an entry says of its article, as columns."""
    key = fit_key(entry.key)
    return {
        "key": key,
        "url": None if entry.url == key else entry.url,
        "is_linked": entry.url is not None,
        "outlet_id": entry.outlet_id,
        "source_id": entry.source_id,
        "title": clean(entry.title),
        "summary": clean(entry.summary),
        "text": clean(entry.text),
        "guid": None if entry.guid in {entry.url, key} else entry.guid,
        "published_at": entry.published_at,
        "modified_at": entry.modified_at,
        "language": entry.language,
        "rest": _rest(entry, _ENTRY_REST),
        "title_hash": title_hash(entry.title),
        "is_backfill": entry.is_backfill,
    }


def entry_of(row: Mapping[str, Any]) -> Entry:
    """The entry a row of ``entries`` holds."""
    rest = row["rest"] or {}
    return Entry(
        key=row["key"],
        url=(row["url"] or row["key"]) if row["is_linked"] else None,
        outlet_id=row["outlet_id"],
        source_id=row["source_id"],
        title=row["title"],
        summary=row["summary"],
        text=row["text"],
        guid=row["guid"],
        published_at=row["published_at"],
        modified_at=row["modified_at"],
        language=row["language"],
        authors=tuple(rest.get("authors", ())),
        section=rest.get("section"),
        tags=tuple(rest.get("tags", ())),
        image_url=rest.get("image_url"),
        entry_id=row["entry_id"],
        tries=row["tries"],
        seen_at=row["seen_at"],
        is_backfill=row["is_backfill"],
        is_recheck=row["article_id"] is not None and row["state"] in {"done", "failed"} and row["reason"] != RETITLED,
        validators=_validators(row),
        is_first_pass=row["is_first_pass"],
    )


def _validators(row: Mapping[str, Any]) -> Validators | None:
    known = Validators(etag=row.get("etag"), last_modified=row.get("last_modified"), body_hash=row.get("body_hash"))
    return None if known == Validators() else known


def _rest(thing: Entry | Article, names: Sequence[str]) -> dict[str, Any] | None:
    """Every named field that says something; None when none does."""
    return {name: value for name in names if (value := getattr(thing, name))} or None


# ---- articles

_ARTICLE_REST = ("authors", "tags", "image_url", "site_name")


def article_row(article: Article) -> dict[str, Any]:
    """An article without its text, as columns."""
    key = fit_key(article.key)
    return {
        "key": key,
        "outlet_id": article.outlet_id,
        "source_id": article.source_id,
        "url": None if article.url == key else article.url,
        "canonical_url": None if article.canonical_url == article.url else article.canonical_url,
        "headline": article.headline,
        "language": article.language,
        "published_at": article.published_at,
        "modified_at": article.modified_at,
        "seen_at": article.seen_at,
        "seen_epoch": int(article.seen_at.timestamp()),
        "fetched_at": article.fetched_at,
        "day": day_of(article.published_at or article.seen_at),
        "rest": _rest(article, _ARTICLE_REST),
        "section": article.section,
        "agency": article.agency,
        "genre": article.genre.value,
        "is_paywalled": article.is_paywalled,
        "is_backfill": article.is_backfill,
        "completeness": article.completeness.value,
        "extract_status": article.extract_status.value,
        "failure": article.failure.value if article.failure else None,
        "http_status": article.http_status,
        "robots": article.robots,
        "tdm": article.tdm,
        "text_hash": article.text_hash,
        "word_count": article.word_count,
        "how": article.how,
        "entry_id": article.entry_id,
    }


def article_of(row: Mapping[str, Any]) -> Article:
    """The article a row of ``articles`` joined with ``article_texts`` holds."""
    rest = row["rest"] or {}
    url = row["url"] or row["key"]
    return Article(
        key=row["key"],
        url=url,
        outlet_id=row["outlet_id"],
        source_id=row["source_id"],
        headline=row["headline"],
        text=row["text"] or "",
        language=row["language"],
        published_at=row["published_at"],
        modified_at=row["modified_at"],
        seen_at=row["seen_at"],
        fetched_at=row["fetched_at"],
        canonical_url=row["canonical_url"] or url,
        authors=tuple(rest.get("authors", ())),
        site_name=rest.get("site_name"),
        section=row["section"],
        tags=tuple(rest.get("tags", ())),
        image_url=rest.get("image_url"),
        agency=row["agency"],
        genre=Genre(row["genre"]),
        is_paywalled=row["is_paywalled"],
        completeness=Completeness(row["completeness"]),
        extract_status=ExtractStatus(row["extract_status"]),
        failure=FailureReason(row["failure"]) if row["failure"] else None,
        http_status=row["http_status"],
        robots=row["robots"],
        tdm=row["tdm"],
        text_hash=row["text_hash"],
        word_count=row["word_count"],
        how=row["how"],
        is_backfill=row["is_backfill"],
        entry_id=row["entry_id"],
        article_id=row["article_id"],
    )


# ---- evidence, alerts, deliveries


def evidence_row(evidence: Sequence[Evidence]) -> list[list[Any]]:
    """Evidence as short lists: it is stored often and read by us alone."""
    return [[e.term, e.field, e.start, e.end, e.surface, e.alias, list(e.distances)] for e in evidence]


def evidence_of(rows: Sequence[Sequence[Any]]) -> tuple[Evidence, ...]:
    """The inverse of ``evidence_row``."""
    return tuple(
        Evidence(term=term, field=field, start=start, end=end, surface=surface, alias=alias, distances=tuple(distances))
        for term, field, start, end, surface, alias, distances in rows
    )


def alert_row(alert: Alert) -> dict[str, Any]:
    """An alert as columns, without its id."""
    return {
        "theme_id": alert.theme_id,
        "story_id": alert.story_id,
        "article_id": alert.article_id,
        "reason": alert.reason.value,
        "detail": alert.detail,
        "severity": int(alert.severity),
        "relevance": alert.relevance,
        "language": alert.language,
        "outlet_id": alert.outlet_id,
        "rules": list(alert.rules),
        "decided_at": alert.decided_at,
        "day": day_of(alert.decided_at),
    }


def alert_of(row: Mapping[str, Any]) -> Alert:
    """The alert a row of ``alerts`` holds."""
    return Alert(
        alert_id=row["alert_id"],
        theme_id=row["theme_id"],
        story_id=row["story_id"],
        article_id=row["article_id"],
        reason=Reason(row["reason"]),
        detail=row["detail"],
        severity=Severity(row["severity"]),
        relevance=row["relevance"],
        language=row["language"],
        outlet_id=row["outlet_id"],
        rules=tuple(row["rules"]),
        decided_at=row["decided_at"],
    )


def delivery_of(row: Mapping[str, Any], alert_ids: Sequence[int]) -> Delivery:
    """The delivery a row of ``deliveries`` holds, with the alerts it carries."""
    return Delivery(
        delivery_id=row["delivery_id"],
        channel=row["channel"],
        subscription_id=row["subscription_id"],
        kind=DeliveryKind(row["kind"]),
        status=DeliveryStatus(row["status"]),
        story_id=row["story_id"],
        alert_ids=tuple(alert_ids),
        notice_id=row["notice_id"],
        reason=Reason(row["reason"]) if row["reason"] else None,
        due_at=row["next_at"],
        created_at=row["created_at"],
        attempts=row["attempts"],
        error=row["error"],
        sent_at=row["sent_at"],
        message_id=row["message_id"],
        severity=Severity(row["severity"]),
    )
