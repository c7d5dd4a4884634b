"""Writes what is watched: outlets with their sources, themes with their rules, entities."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crawler.model import Outlet, Source
from monitor.archive import tables as t
from monitor.archive.tx import Tx
from monitor.model import RuleSet


def put_outlets(tx: Tx, outlets: Sequence[Outlet], now: datetime) -> None:
    """Make the archive watch exactly these outlets: new sources are due at once, absent ones are retired, returning ones resume."""
    _upsert(tx, t.outlets, [{**_outlet(o), "added_at": now, "retired_at": None} for o in outlets], kept={"added_at"})
    sources = [s for o in outlets for s in o.sources]
    _upsert(
        tx,
        t.sources,
        [{**_source(s), "next_at": now, "added_at": now, "retired_at": None} for s in sources],
        kept={"added_at", "next_at"},
    )
    _retire(tx, t.outlets, t.outlets.c.outlet_id, {o.outlet_id for o in outlets}, now)
    _retire(tx, t.sources, t.sources.c.source_id, {s.source_id for s in sources}, now)


def put_rules(tx: Tx, rules: RuleSet, now: datetime) -> None:
    """Name themes, rules and entities for the views, and remember the version of the set in force."""
    themes: list[dict[str, Any]] = [
        {"theme_id": m.theme_id, "label": m.label, "need": m.need, "severity": int(m.severity), "retired_at": None} for m in rules.themes
    ]
    queries: list[dict[str, Any]] = [
        {"rule_id": r.rule_id, "theme_id": r.theme_id, "query": r.query, "retired_at": None} for m in rules.themes for r in m.rules
    ]
    entities: list[dict[str, Any]] = [
        {"entity_id": e.entity_id, "label": e.label, "kind": e.kind, "retired_at": None} for e in rules.entities
    ]
    _upsert(tx, t.themes, themes)
    _upsert(tx, t.rules, queries)
    _upsert(tx, t.entities, entities)
    _retire(tx, t.themes, t.themes.c.theme_id, {m["theme_id"] for m in themes}, now)
    _retire(tx, t.rules, t.rules.c.rule_id, {r["rule_id"] for r in queries}, now)
    _retire(tx, t.entities, t.entities.c.entity_id, {e["entity_id"] for e in entities}, now)
    put_meta(tx, "rules_version", rules.version)


def put_meta(tx: Tx, key: str, value: str) -> None:
    """Remember one word about the archive itself."""
    _upsert(tx, t.meta, [{"key": key, "value": value}])


def put_silence(tx: Tx, source_id: str, at: datetime | None) -> None:
    """Mark a source as silent since ``at``, or as heard again."""
    tx.run(sa.update(t.sources).where(t.sources.c.source_id == source_id).values(silent_at=at))


def _outlet(outlet: Outlet) -> dict[str, Any]:
    return {
        "outlet_id": outlet.outlet_id,
        "name": outlet.name,
        "home": outlet.home,
        "country": outlet.country,
        "language": outlet.language,
        "tier": outlet.tier,
        "paywall": outlet.paywall.value,
        "is_agency": outlet.is_agency,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "source_id": source.source_id,
        "outlet_id": source.outlet_id,
        "kind": source.kind.value,
        "url": source.url,
        "section": source.section,
    }


def _upsert(tx: Tx, table: sa.Table, rows: Sequence[dict[str, Any]], kept: Collection[str] = ()) -> None:
    """Insert rows, or bring the ones that are there up to date in all but their ``kept`` columns.

    What is as it should be is not touched: a node that starts would lock every source, and wait for one that polls and waits for it.
    """
    if not rows:
        return
    statement = tx.insert(table)
    keys = [c.name for c in table.primary_key]
    names = [name for name in rows[0] if name not in kept]
    known = {tuple(row[name] for name in names) for row in tx.rows(sa.select(*(table.c[name] for name in names)))}
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    different = [row for row in rows if tuple(row[name] for name in names) not in known]
    tx.run_many(statement.on_conflict_do_update(index_elements=keys, set_=changed), different)


def _retire(tx: Tx, table: sa.Table, key: sa.Column[Any], present: set[str], now: datetime) -> None:
    """Retire what is no longer there; its history stays."""
    living = {row[key.name] for row in tx.rows(sa.select(key).where(table.c.retired_at.is_(None)))}
    tx.run_many(
        sa.update(table).where(key == sa.bindparam("gone")).values(retired_at=now), [{"gone": name} for name in sorted(living - present)]
    )
