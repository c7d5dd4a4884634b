"""Writes what the engine found in an article: mentions, matches, and the matches below their theme's relevance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.ready import Insert, Make, Ready
from monitor.archive.shapes import evidence_row
from monitor.archive.tx import Tx
from monitor.model import Evidence, Findings, Match, Mention

SNIPPET_BEFORE = 60
SNIPPET_LENGTH = 240

_OF = Ready(
    lambda _: sa.select(t.articles.c.day, t.articles.c.headline, t.articles.c.rules_version).where(
        t.articles.c.article_id == sa.bindparam("id")
    )
)
_TEXT = Ready(lambda _: sa.select(t.article_texts.c.text).where(t.article_texts.c.article_id == sa.bindparam("id")))
_VERSION = Ready(
    lambda _: sa.update(t.articles).where(t.articles.c.article_id == sa.bindparam("id")).values(rules_version=sa.bindparam("version"))
)


def _replacing(make: Make, table: sa.Table, *key: str) -> Insert:
    """Insert a row, or replace what stands under the same key."""
    insert = make.insert(table)
    changed = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in {*key, "match_id"}}
    return insert.on_conflict_do_update(index_elements=list(key), set_=changed)


_PUT_MENTION = Ready(lambda make: _replacing(make, t.mentions, "article_id", "entity_id"))
_PUT_MATCH = Ready(lambda make: _replacing(make, t.matches, "article_id", "rule_id"))


def put_findings(tx: Tx, article_id: int, findings: Findings, now: datetime, *, keep: bool = False) -> None:
    """Replace what is known of an article; with ``keep`` add to it, as a replay of one rule does."""
    article = tx.get(_OF, id=article_id)[0]
    tx.do(_VERSION, id=article_id, version=findings.version)
    if not keep and article["rules_version"] is not None:
        for table in (t.mentions, t.matches):
            tx.run(sa.delete(table).where(table.c.article_id == article_id))
    tx.do_many(_PUT_MENTION, [_mention(m, article_id, article["day"]) for m in findings.mentions])
    matched = [(m, False) for m in findings.matches] + [(m, True) for m in findings.below]
    if not matched:
        return
    text = str(tx.get(_TEXT, id=article_id)[0]["text"])
    common = {"article_id": article_id, "day": article["day"], "rules_version": findings.version, "matched_at": now}
    tx.do_many(_PUT_MATCH, [{**common, **_match(m, article["headline"], text), "is_below": is_below} for m, is_below in matched])


def _mention(mention: Mention, article_id: int, day: str) -> dict[str, Any]:
    return {
        "article_id": article_id,
        "entity_id": mention.entity_id,
        "day": day,
        "occurrences": len(mention.spans),
        "is_in_title": any(s.field == "title" for s in mention.spans),
        "spans": [[s.field, s.start, s.end, s.surface] for s in mention.spans],
    }


def _match(match: Match, headline: str, text: str) -> dict[str, Any]:
    return {
        "rule_id": match.rule_id,
        "theme_id": match.theme_id,
        "relevance": match.relevance,
        "term_count": len({e.term for e in match.evidence}),
        "snippet": snippet(match.evidence, headline, text),
        "evidence": evidence_row(match.evidence),
    }


def snippet(evidence: Sequence[Evidence], headline: str, text: str) -> str:
    """One line of the text around the first evidence in it; the headline where only that has any."""
    first = next((e for e in evidence if e.field == "body"), None)
    if first is None:
        return headline[:SNIPPET_LENGTH]
    start = max(first.start - SNIPPET_BEFORE, 0)
    end = min(start + SNIPPET_LENGTH, len(text))
    line = " ".join(text[start:end].split())
    return ("… " if start else "") + line + (" …" if end < len(text) else "")
