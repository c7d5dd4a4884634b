"""Every outlet: how it fares, when it speaks, when it is asked next, and what of it we could not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import sqlalchemy as sa

from crawler import cadence
from monitor.archive import tables as t
from monitor.archive.columns import is_so
from monitor.archive.tx import Row, Tx

SPAN = timedelta(hours=24)
PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What became of what an outlet listed: ``new`` entries, and of those how many were read or why not."""

    polls: int = 0
    seen: int = 0
    new: int = 0
    fetched: int = 0
    blocked: int = 0
    empty: int = 0
    paywalled: int = 0
    refused: int = 0
    waiting: int = 0

    @property
    def unseen(self) -> int:
        """Return how many new entries we have no text of."""
        return self.blocked + self.empty + self.refused

    def __add__(self, other: Ledger) -> Ledger:
        return Ledger(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Ledger)})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItem:
    """One source; ``hours`` are items per hour as learned, 24 of a working day and 24 of a weekend, empty before the first poll."""

    source_id: str
    kind: str
    url: str
    section: str | None
    state: str
    since: datetime | None
    last_status: str | None
    last_error: str | None
    failures: int
    last_ok_at: datetime | None
    last_new_at: datetime | None
    next_at: datetime | None
    plan_reason: str | None
    hours: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletItem:
    """One outlet with its sources; ``state`` is that of the worst: silent, failing, new or well."""

    outlet_id: str
    name: str
    home: str
    country: str
    language: str
    tier: int
    paywall: str
    state: str
    ledger: Ledger
    sources: tuple[SourceItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletsPage:
    """Outlets from the ``offset``-th on, the silent and failing first; counts and ``ledger`` are of all."""

    since: datetime
    total: int
    silent: int
    failing: int
    new: int
    ledger: Ledger
    offset: int
    outlets: tuple[OutletItem, ...]


STATES = ("silent", "failing", "new", "well")


def outlets_page(tx: Tx, now: datetime, *, offset: int = 0) -> OutletsPage:
    """Read what is watched and how it went in the last 24 hours."""
    since = now - SPAN
    by_outlet: dict[str, list[Row]] = {}
    for row in tx.rows(_SOURCES):
        by_outlet.setdefault(row["outlet_id"], []).append(row)
    ledgers = _ledgers(tx, since)
    states = {name: min((_state(row) for row in rows), key=STATES.index) for name, rows in by_outlet.items()}
    order = sorted(by_outlet, key=lambda name: _rank(states[name], ledgers.get(name, Ledger()), by_outlet[name][0]["name"]))
    return OutletsPage(
        since=since,
        total=len(order),
        silent=sum(s == "silent" for s in states.values()),
        failing=sum(s == "failing" for s in states.values()),
        new=sum(s == "new" for s in states.values()),
        ledger=sum(ledgers.values(), Ledger()),
        offset=offset,
        outlets=tuple(_outlet(by_outlet[name], states[name], ledgers.get(name, Ledger())) for name in order[offset : offset + PAGE]),
    )


_s, _o = t.sources.c, t.outlets.c
_SOURCES = (
    sa.select(
        *(_o.outlet_id, _o.name, _o.home, _o.country, _o.language, _o.tier, _o.paywall),
        *(_s.source_id, _s.kind, _s.url, _s.section, _s.state, _s.silent_at, _s.added_at, _s.last_status, _s.last_error, _s.failures),
        *(_s.last_poll_at, _s.last_ok_at, _s.last_new_at, _s.next_at, _s.plan_reason),
    )
    .join(t.outlets, _o.outlet_id == _s.outlet_id)
    .where(_s.retired_at.is_(None), _o.retired_at.is_(None))
    .order_by(_o.name, _s.kind, _s.url)
)


def _state(row: Row) -> str:
    if row["silent_at"] is not None:
        return "silent"
    if row["failures"] > 0:
        return "failing"
    return "new" if row["last_poll_at"] is None else "well"


def _rank(state: str, ledger: Ledger, name: str) -> tuple[int, float, str]:
    """Silent, then failing, then those of which most is missing."""
    share = ledger.unseen / ledger.new if ledger.new else 0.0
    return STATES.index(state), -round(share, 2), name.casefold()


def _outlet(rows: Sequence[Row], state: str, ledger: Ledger) -> OutletItem:
    first = rows[0]
    names = ("outlet_id", "name", "home", "country", "language", "tier", "paywall")
    return OutletItem(**{name: first[name] for name in names}, state=state, ledger=ledger, sources=tuple(_source(row) for row in rows))


def _source(row: Row) -> SourceItem:
    state = _state(row)
    learned = cadence.FeedState.from_json(row["state"]) if row["state"] else None
    since: Mapping[str, datetime | None] = {"silent": row["silent_at"], "failing": row["last_ok_at"], "new": row["added_at"]}
    names = ("source_id", "kind", "url", "section", "last_status", "last_error", "failures", "last_ok_at", "last_new_at", "next_at")
    return SourceItem(
        **{name: row[name] for name in names},
        state=state,
        since=since.get(state),
        plan_reason=row["plan_reason"],
        hours=tuple(round(rate, 3) for rate in cadence.profile(learned)) if learned and learned.last_ok else (),
    )


def _ledgers(tx: Tx, since: datetime) -> dict[str, Ledger]:
    """Per outlet the polls since then, and what became of the entries they were the first to list."""
    p, e, a = t.polls.c, t.entries.c, t.articles.c
    polled = tx.rows(
        sa.select(
            p.outlet_id,
            sa.func.count().label("polls"),
            sa.cast(sa.func.sum(p.seen), sa.Integer).label("seen"),
            sa.cast(sa.func.sum(p.new), sa.Integer).label("new"),
            sa.func.min(p.poll_id).label("first_id"),
        )
        .where(p.at >= since)
        .group_by(p.outlet_id)
    )
    if not polled:
        return {}

    def share(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.sum(sa.case((condition, 1), else_=0)), sa.Integer)

    became = {
        row["outlet_id"]: row
        for row in tx.rows(
            sa.select(
                e.outlet_id,
                share(sa.and_(e.article_id.is_not(None), a.failure.is_(None))).label("fetched"),
                share(a.failure == "the outlet refused us").label("blocked"),
                share(a.extract_status.in_(("empty", "failed"))).label("empty"),
                share(is_so(a.is_paywalled)).label("paywalled"),
                share(e.state == "refused").label("refused"),
                share(e.state == "new").label("waiting"),
            )
            .select_from(t.entries.outerjoin(t.articles, a.article_id == e.article_id))
            .where(e.poll_id >= min(row["first_id"] for row in polled))
            .group_by(e.outlet_id)
        )
    }
    counted = ("fetched", "blocked", "empty", "paywalled", "refused", "waiting")
    return {
        row["outlet_id"]: Ledger(
            polls=row["polls"],
            seen=row["seen"],
            new=row["new"],
            **{name: became[row["outlet_id"]][name] if row["outlet_id"] in became else 0 for name in counted},
        )
        for row in polled
    }
