"""Reads what the story rooms and the decisions need: candidates, stories, what was decided and told before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from crawler.model import Article
from monitor.archive import tables as t
from monitor.archive.shapes import alert_of, chunks, day_of, title_hash
from monitor.archive.tx import Row, Tx
from monitor.archive.writes.stories import ALL_ARTICLES, BOILERPLATE_TITLES, FEATURE_HOURS, living, unpack
from monitor.model import (
    Candidate,
    DeliveryKind,
    DeliveryStatus,
    Feature,
    Fingerprint,
    Mute,
    Past,
    Report,
    Severity,
    Story,
    Told,
)
from monitor.stories import Frequencies

MAX_POSTINGS = 400
MAX_SAME_TEXT = 20
MAX_SAME_EVENT = 30
MAX_ROWS = 3_000

_f, _p, _a = t.features.c, t.prints.c, t.articles.c
_HASHES = (
    sa.select(t.fingerprints.c.article_id)
    .where(t.fingerprints.c.hash.in_(sa.bindparam("hashes", expanding=True)))
    .order_by(t.fingerprints.c.article_id.desc())
    .limit(MAX_ROWS)
)
_OLDEST = sa.select(_p.article_id).where(_p.at >= sa.bindparam("since", type_=_p.at.type)).order_by(_p.at).limit(1)
_POSTINGS = sa.select(_f.feature, _f.article_id).where(
    _f.feature.in_(sa.bindparam("features", expanding=True)), _f.article_id >= sa.bindparam("oldest")
)
_COUNTS = (
    sa.select(t.feature_df.c.feature, t.feature_df.c.language, sa.func.sum(t.feature_df.c.n).label("n"))
    .where(t.feature_df.c.feature.in_(sa.bindparam("features", expanding=True)), t.feature_df.c.day >= sa.bindparam("since"))
    .group_by(t.feature_df.c.feature, t.feature_df.c.language)
)
_CANDIDATES = (
    sa.select(
        *(_a.article_id, _a.story_id, _a.outlet_id, _a.source_id, _a.language, _a.headline, _a.published_at, _a.seen_at, _a.agency),
        *(_p.word_count, _p.shingles, _p.features),
    )
    .join(t.prints, _p.article_id == _a.article_id)
    .where(_a.article_id.in_(sa.bindparam("ids", expanding=True)), _a.story_id.is_not(None))
)
_REPORTS = (
    sa.select(
        *(_a.article_id, _a.outlet_id, _a.language, _a.headline, _a.key, _a.url, _a.published_at, _a.seen_at, _a.agency),
        *(t.outlets.c.name, t.outlets.c.country, t.outlets.c.tier),
    )
    .select_from(t.articles.outerjoin(t.outlets, t.outlets.c.outlet_id == _a.outlet_id))
    .where(_a.story_id == sa.bindparam("id"))
    .order_by(_a.seen_at, _a.article_id)
)


# ---- candidates


def story_candidates(tx: Tx, article: Article, fingerprint: Fingerprint, now: datetime) -> tuple[list[Candidate], Frequencies]:
    """The articles that may be of the same story: those that share text, and those that share rare features within 72 hours."""
    worn = boilerplate(tx, fingerprint.shingles, article)
    frequencies = _frequencies(tx, fingerprint, now, worn)
    ids = _same_text(tx, [h for h in fingerprint.shingles if h not in worn])
    ids += _same_event(tx, fingerprint, frequencies, article.language, now)
    wanted = [i for i in dict.fromkeys(ids) if i != article.article_id]
    found = {row["article_id"]: row for part in chunks(wanted) for row in tx.rows(_CANDIDATES, {"ids": part})}
    return [_candidate(found[i]) for i in wanted if i in found], frequencies


def boilerplate(tx: Tx, shingles: Collection[int], article: Article) -> frozenset[int]:
    """The shingles that one source prints under four titles or more, this article's among them."""
    h, own = t.fingerprints.c.hash, title_hash(article.headline)
    worn = set()
    for part in chunks(sorted(set(shingles))):
        titles = (
            sa.select(h, _p.source_id, sa.func.count(_p.title_hash.distinct()).label("n"))
            .join(t.prints, _p.article_id == t.fingerprints.c.article_id)
            .where(h.in_(part), sa.or_(_p.source_id != article.source_id, _p.title_hash != own))
            .group_by(h, _p.source_id)
            .having(sa.func.count(_p.title_hash.distinct()) >= BOILERPLATE_TITLES - 1)
        )
        worn |= {row["hash"] for row in tx.rows(titles) if row["n"] + (row["source_id"] == article.source_id) >= BOILERPLATE_TITLES}
    return frozenset(worn)


def _frequencies(tx: Tx, fingerprint: Fingerprint, now: datetime, worn: frozenset[int]) -> Frequencies:
    hashes = [ALL_ARTICLES, *{f.hash for f in fingerprint.features}]
    pooled: Counter[int] = Counter()
    by_language: dict[str, dict[int, int]] = {}
    for part in chunks(hashes):
        for row in tx.rows(_COUNTS, {"features": part, "since": day_of(now - timedelta(hours=FEATURE_HOURS))}):
            n = int(row["n"])
            pooled[row["feature"]] += n
            by_language.setdefault(row["language"], {})[row["feature"]] = n
    documents = pooled.pop(ALL_ARTICLES, 0)
    languages = {language: counts.pop(ALL_ARTICLES, 0) for language, counts in by_language.items()}
    return Frequencies(documents=documents, languages=languages, pooled=dict(pooled), by_language=by_language, boilerplate=worn)


def _same_text(tx: Tx, shingles: Sequence[int]) -> list[int]:
    shared: Counter[int] = Counter()
    for part in chunks(shingles):
        shared.update(row["article_id"] for row in tx.rows(_HASHES, {"hashes": part}))
    return [article_id for article_id, _ in sorted(shared.items(), key=lambda item: (-item[1], -item[0]))[:MAX_SAME_TEXT]]


def _same_event(tx: Tx, fingerprint: Fingerprint, frequencies: Frequencies, language: str, now: datetime) -> list[int]:
    weights = {
        f.hash: frequencies.idf(f.hash, language)
        for f in fingerprint.features
        if f.kind != "g" and 0 < frequencies.pooled.get(f.hash, 0) <= MAX_POSTINGS
    }
    oldest = tx.value(_OLDEST, {"since": now - timedelta(hours=FEATURE_HOURS)}) if weights else None
    if oldest is None:
        return []
    scores: Counter[int] = Counter()
    for feature, article_id in tx.connection.execute(_POSTINGS, {"features": list(weights), "oldest": oldest}):
        scores[article_id] += weights[feature]  # type: ignore[assignment]
    return [article_id for article_id, _ in sorted(scores.items(), key=lambda item: (-item[1], -item[0]))[:MAX_SAME_EVENT]]


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
        features=tuple(Feature(kind=k, value=v, in_title=bool(n), hash=h) for k, v, n, h in row["features"]),
        agency=row["agency"],
    )


# ---- stories and what was said of them


def story(tx: Tx, story_id: int) -> Story:
    """The story, or the one it became, with its reports in the order they were seen."""
    story_id = living(tx, story_id)
    row = tx.row(sa.select(t.stories.c.first_at, t.stories.c.last_at).where(t.stories.c.story_id == story_id))
    assert row is not None, f"no story {story_id}"
    reports = tuple(_report(r) for r in tx.rows(_REPORTS, {"id": story_id}))
    return Story(story_id=story_id, first_at=row["first_at"], last_at=row["last_at"], reports=reports)


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
    merged = tx.rows(sa.select(t.stories.c.story_id).where(t.stories.c.merged_into == root).order_by(t.stories.c.story_id))
    return [root, *(row["story_id"] for row in merged)]


def past(tx: Tx, story_id: int) -> Past:
    """Every alert on the story and on what merged into it, the first one first."""
    rows = tx.rows(sa.select(t.alerts).where(t.alerts.c.story_id.in_(family(tx, story_id))).order_by(t.alerts.c.alert_id))
    return Past(alerts=tuple(alert_of(row) for row in rows))


def told(tx: Tx, channels: Collection[str], story_id: int) -> list[Told]:
    """What each channel was told of the story, or will be: one per message."""
    a, d, da = t.alerts.c, t.deliveries.c, t.delivery_alerts.c
    rows = tx.rows(
        sa.select(*(d.delivery_id, d.channel, d.status, d.kind, d.sent_at, d.created_at), *(a.theme_id, a.severity))
        .select_from(t.alerts.join(t.delivery_alerts, da.alert_id == a.alert_id).join(t.deliveries, d.delivery_id == da.delivery_id))
        .where(a.story_id.in_(family(tx, story_id)), d.channel.in_(list(channels)))
        .order_by(d.delivery_id, a.alert_id)
    )
    messages: dict[int, list[Row]] = {}
    for row in rows:
        messages.setdefault(row["delivery_id"], []).append(row)
    return [_told(carried, story_id) for carried in messages.values()]


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
    rows = tx.rows(sa.select(t.mutes).where(t.mutes.c.until > now).order_by(t.mutes.c.mute_id))
    return [Mute(scope=row["scope"], target=row["target"], until=row["until"], at=row["at"]) for row in rows]
