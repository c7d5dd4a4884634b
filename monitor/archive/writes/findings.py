"""Writes what the engine found in an article: mentions, matches, and the matches below their theme's relevance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.archive import tables as t
from monitor.archive.shapes import evidence_row
from monitor.archive.tx import Tx
from monitor.model import Evidence, Findings, Match, Mention

SNIPPET_BEFORE = 60
SNIPPET_LENGTH = 240

_OF = sa.select(t.articles.c.day, t.articles.c.headline).where(t.articles.c.article_id == sa.bindparam("id"))
_TEXT = sa.select(t.article_texts.c.text).where(t.article_texts.c.article_id == sa.bindparam("id"))
_FORGET = tuple(sa.delete(table).where(table.c.article_id == sa.bindparam("id")) for table in (t.mentions, t.matches))
_VERSION = sa.update(t.articles).where(t.articles.c.article_id == sa.bindparam("id")).values(rules_version=sa.bindparam("version"))


def put_findings(tx: Tx, article_id: int, findings: Findings, now: datetime, *, keep: bool = False) -> None:
    """Replace what is known of an article; with ``keep`` add to it, as a replay of one rule does."""
    article = tx.row(_OF, {"id": article_id})
    assert article is not None, f"no article {article_id}"
    tx.run(_VERSION, {"id": article_id, "version": findings.version})
    if not keep:
        for statement in _FORGET:
            tx.run(statement, {"id": article_id})
    _insert(tx, t.mentions, ["article_id", "entity_id"], [_mention(m, article_id, article["day"]) for m in findings.mentions])
    matched = [(m, False) for m in findings.matches] + [(m, True) for m in findings.below]
    if not matched:
        return
    text = str(tx.value(_TEXT, {"id": article_id}) or "")
    common = {"article_id": article_id, "day": article["day"], "rules_version": findings.version, "matched_at": now}
    rows = [{**common, **_match(m, article["headline"], text), "is_below": is_below} for m, is_below in matched]
    _insert(tx, t.matches, ["article_id", "rule_id"], rows)


def _insert(tx: Tx, table: sa.Table, key: list[str], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, or replace what stands under the same key."""
    if not rows:
        return
    statement = tx.insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    tx.run_many(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)


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
