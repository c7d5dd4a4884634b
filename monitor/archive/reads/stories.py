"""Reads what the story rooms and the decisions need: candidates, stories, what was decided and told before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from heapq import nsmallest

import sqlalchemy as sa

from crawler.model import Article
from monitor.archive import tables as t
from monitor.archive.ready import Ready
from monitor.archive.shapes import alert_of, day_of, title_hash
from monitor.archive.tx import Row, Tx
from monitor.archive.writes.stories import ALL_ARTICLES, BOILERPLATE_TITLES, FEATURE_HOURS, living, unpack
from monitor.model import (
    Candidate,
    DeliveryKind,
    DeliveryStatus,
    Feature,
    Features,
    Fingerprint,
    Mute,
    Past,
    Report,
    Severity,
    Story,
    Told,
)
from monitor.stories import Frequencies
from monitor.text.languages import primary

MAX_POSTINGS = 400
MAX_SAME_TEXT = 20
MAX_SAME_EVENT = 30

_f, _p, _a = t.features.c, t.prints.c, t.articles.c
_HOLDERS = Ready(
    lambda make: (
        sa.select(t.fingerprints.c.hash, t.fingerprints.c.article_id, _p.source_id, _p.title_hash)
        .join(t.prints, _p.article_id == t.fingerprints.c.article_id)
        .where(make.among(t.fingerprints.c.hash, "hashes"))
    )
)
_OLDEST = sa.select(_p.article_id).where(_p.at >= sa.bindparam("since", type_=_p.at.type)).order_by(_p.at).limit(1)
_POSTINGS = Ready(
    lambda make: sa.select(_f.feature, _f.article_id).where(make.among(_f.feature, "features"), _f.article_id >= _OLDEST.scalar_subquery())
)
_df = t.feature_df.c
_COUNTS = Ready(
    lambda make: (
        sa.select(_df.feature, _df.language, sa.cast(sa.func.sum(_df.n), sa.Integer).label("n"))
        .where(make.among(_df.feature, "features"), _df.day >= sa.bindparam("since_day"))
        .group_by(_df.feature, _df.language)
    )
)
_CANDIDATES = Ready(
    lambda make: (
        sa.select(
            *(_a.article_id, _a.story_id, _a.outlet_id, _a.source_id, _a.language, _a.headline, _a.published_at, _a.seen_at, _a.agency),
            *(_p.word_count, _p.shingles, sa.type_coerce(_p.features, sa.Text).label("features")),
        )
        .join(t.prints, _p.article_id == _a.article_id)
        .where(make.among(_a.article_id, "ids"), _a.story_id.is_not(None))
    )
)
_REPORTS = Ready(
    lambda _: (
        sa.select(
            *(_a.article_id, _a.outlet_id, _a.language, _a.headline, _a.key, _a.url, _a.published_at, _a.seen_at, _a.agency),
            *(t.outlets.c.name, t.outlets.c.country, t.outlets.c.tier),
        )
        .select_from(t.articles.outerjoin(t.outlets, t.outlets.c.outlet_id == _a.outlet_id))
        .where(_a.story_id == sa.bindparam("id"))
        .order_by(_a.seen_at, _a.article_id)
    )
)


# ---- candidates


def story_candidates(tx: Tx, article: Article, fingerprint: Fingerprint, now: datetime) -> tuple[list[Candidate], Frequencies]:
    """The articles that may be of the same story: those that share text, and those that share rare features within 72 hours."""
    holders = tx.get(_HOLDERS, hashes=sorted(set(fingerprint.shingles)))
    worn = _boilerplate(holders, article)
    frequencies = _frequencies(tx, fingerprint, now, worn)
    ids = _best(Counter(row["article_id"] for row in holders if row["hash"] not in worn), MAX_SAME_TEXT)
    ids += _best(_same_event(tx, fingerprint, frequencies, primary(article.language), now), MAX_SAME_EVENT)
    wanted = [i for i in dict.fromkeys(ids) if i != article.article_id]
    found = {row["article_id"]: row for row in tx.get(_CANDIDATES, ids=wanted)} if wanted else {}
    return [_candidate(found[i]) for i in wanted if i in found], frequencies


def _boilerplate(holders: Sequence[Row], article: Article) -> frozenset[int]:
    """The shingles that one source prints under four titles or more, this article's among them."""
    titles: dict[tuple[int, str], set[int]] = {}
    for row in holders:
        titles.setdefault((row["hash"], row["source_id"]), set()).add(row["title_hash"])
    own = title_hash(article.headline)
    return frozenset(
        h
        for (h, source_id), known in titles.items()
        if len(known) + (source_id == article.source_id and own not in known) >= BOILERPLATE_TITLES
    )


def _frequencies(tx: Tx, fingerprint: Fingerprint, now: datetime, worn: frozenset[int]) -> Frequencies:
    hashes = [ALL_ARTICLES, *{f.hash for f in fingerprint.features}]
    pooled: Counter[int] = Counter()
    by_language: dict[str, dict[int, int]] = {}
    for row in tx.get(_COUNTS, features=hashes, since_day=day_of(now - timedelta(hours=FEATURE_HOURS))):
        pooled[row["feature"]] += row["n"]
        by_language.setdefault(row["language"], {})[row["feature"]] = row["n"]
    documents = pooled.pop(ALL_ARTICLES, 0)
    languages = {language: counts.pop(ALL_ARTICLES, 0) for language, counts in by_language.items()}
    return Frequencies(documents=documents, languages=languages, pooled=dict(pooled), by_language=by_language, boilerplate=worn)


def _same_event(tx: Tx, fingerprint: Fingerprint, frequencies: Frequencies, language: str, now: datetime) -> Mapping[int, float]:
    weights = {
        f.hash: frequencies.idf(f.hash, language)
        for f in fingerprint.features
        if f.kind != "g" and 0 < frequencies.pooled.get(f.hash, 0) <= MAX_POSTINGS
    }
    scores: dict[int, float] = {}
    if weights:
        for feature, article_id in tx.tuples(_POSTINGS, features=list(weights), since=now - timedelta(hours=FEATURE_HOURS)):
            scores[article_id] = scores.get(article_id, 0.0) + weights[feature]
    return scores


def _best(scores: Mapping[int, float], limit: int) -> list[int]:
    return [article_id for article_id, _ in nsmallest(limit, scores.items(), key=lambda item: (-item[1], -item[0]))]


def _candidate(row: Row) -> Candidate:
    return Candidate(
        article_id=row["article_id"],
        story_id=row["story_id"],
        outlet_id=row["outlet_id"],
        source_id=row["source_id"],
        language=row["language"],
        headline=row["headline"],
        at=row["published_at"] or row["seen_at"],
        word_count=row["word_count"],
        shingles=unpack(row["shingles"]),
        features=_features(row["features"]),
        agency=row["agency"],
    )


@lru_cache(maxsize=2_000)
def _features(text: str) -> Features:
    """Features from their JSON; the articles of the day are candidates again and again."""
    return Features(Feature(kind=k, value=v, in_title=bool(n), hash=h) for k, v, n, h in json.loads(text))


# ---- stories and what was said of them


def story(tx: Tx, story_id: int) -> Story:
    """The story, or the one it became, with its reports in the order they were seen."""
    reports = tx.get(_REPORTS, id=story_id)
    if not reports:
        story_id = living(tx, story_id)
        reports = tx.get(_REPORTS, id=story_id)
    assert reports, f"no story {story_id}"
    return Story(
        story_id=story_id,
        first_at=reports[0]["seen_at"],
        last_at=reports[-1]["seen_at"],
        reports=tuple(_report(r) for r in reports),
    )


def story_of(tx: Tx, article_id: int) -> Story:
    """The story an article belongs to."""
    story_id = tx.value(sa.select(_a.story_id).where(_a.article_id == article_id))
    assert story_id is not None, f"article {article_id} has no story"
    return story(tx, int(story_id))


def _report(row: Row) -> Report:
    return Report(
        article_id=row["article_id"],
        outlet_id=row["outlet_id"],
        outlet_name=row["name"] or row["outlet_id"],
        language=row["language"],
        headline=row["headline"],
        url=row["url"] or row["key"],
        at=row["published_at"] or row["seen_at"],
        agency=row["agency"],
        country=row["country"] or "",
        tier=row["tier"] or 2,
    )


def family(tx: Tx, story_id: int) -> list[int]:
    """The story and all that merged into it: alerts never move, so history is read over these."""
    root = living(tx, story_id)
    return [root, *(row["story_id"] for row in tx.get(_MERGED, id=root))]


def past(tx: Tx, story_id: int) -> Past:
    """Every alert on the story and on what merged into it, the first one first."""
    return Past(alerts=tuple(alert_of(row) for row in tx.get(_PAST, ids=family(tx, story_id))))


def told(tx: Tx, channels: Collection[str], story_id: int) -> list[Told]:
    """What each channel was told of the story, or will be: one per message."""
    messages: dict[int, list[Row]] = {}
    for row in tx.get(_TOLD, ids=family(tx, story_id), channels=list(channels)):
        messages.setdefault(row["delivery_id"], []).append(row)
    return [_told(carried, story_id) for carried in messages.values()]


_al, _d, _da = t.alerts.c, t.deliveries.c, t.delivery_alerts.c
_MERGED = Ready(
    lambda _: sa.select(t.stories.c.story_id).where(t.stories.c.merged_into == sa.bindparam("id")).order_by(t.stories.c.story_id)
)
_PAST = Ready(lambda make: sa.select(t.alerts).where(make.among(_al.story_id, "ids")).order_by(_al.alert_id))
_TOLD = Ready(
    lambda make: (
        sa.select(*(_d.delivery_id, _d.channel, _d.status, _d.kind, _d.sent_at, _d.created_at), *(_al.theme_id, _al.severity))
        .select_from(t.alerts.join(t.delivery_alerts, _da.alert_id == _al.alert_id).join(t.deliveries, _d.delivery_id == _da.delivery_id))
        .where(make.among(_al.story_id, "ids"), make.among(_d.channel, "channels"))
        .order_by(_d.delivery_id, _al.alert_id)
    )
)


def _told(rows: Sequence[Row], story_id: int) -> Told:
    first = rows[0]
    return Told(
        channel=first["channel"],
        story_id=story_id,
        severity=Severity(max(row["severity"] for row in rows)),
        themes=tuple(dict.fromkeys(row["theme_id"] for row in rows)),
        delivery_id=first["delivery_id"],
        status=DeliveryStatus(first["status"]),
        kind=DeliveryKind(first["kind"]),
        at=first["sent_at"] or first["created_at"],
    )


def mutes(tx: Tx, now: datetime) -> list[Mute]:
    """The silences in force."""
    rows = tx.get(_MUTES, now=now)
    return [Mute(scope=row["scope"], target=row["target"], until=row["until"], at=row["at"]) for row in rows]


_MUTES = Ready(
    lambda _: sa.select(t.mutes).where(t.mutes.c.until > sa.bindparam("now", type_=t.mutes.c.until.type)).order_by(t.mutes.c.mute_id)
)
