"""Records polls: validators, cadence and every unseen entry in one transaction, so that a crash after a poll loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crawler.cadence import FeedState, Plan
from crawler.model import Entry, Poll
from monitor.archive import tables as t
from monitor.archive.shapes import chunks, day_of, entry_of, entry_row
from monitor.archive.tx import Row, Tx

FETCHES_PER_POLL = 1_000
FLOOD_PAUSE = timedelta(minutes=20)
"""Of one poll a thousand entries are due at once, the next thousand this much later: the cap limits fetches, never rows."""

Planner = Callable[[FeedState | None, Poll], tuple[FeedState, Plan]]

_SOURCE = sa.select(t.sources.c.state, t.sources.c.last_ok_at, t.sources.c.failures).where(t.sources.c.source_id == sa.bindparam("id"))
_KNOWN = sa.select(
    t.entries.c.entry_id, t.entries.c.key, t.entries.c.source_id, t.entries.c.title_hash, t.entries.c.state, t.entries.c.article_id
).where(t.entries.c.key.in_(sa.bindparam("keys", expanding=True)))
_TITLED = ("title", "title_hash", "summary", "text", "modified_at")
_RETITLE = (
    sa.update(t.entries).where(t.entries.c.entry_id == sa.bindparam("id")).values({name: sa.bindparam(f"new_{name}") for name in _TITLED})
)
_RETITLE_DUE = _RETITLE.values(next_at=sa.bindparam("due_at"), tries=0)


def record_poll(tx: Tx, poll: Poll, entries: Sequence[Entry], plan: Planner) -> tuple[Poll, tuple[Entry, ...]]:
    """Commit one poll and return it with its counts, and the entries nobody had seen before, in the source's order.

    The insert is the seen-check. ``plan`` turns the source's state and the counted poll into the next state and the next poll.
    A truncated poll stores no validators; a known entry whose listed title changed in the source that listed it first is due again.
    """
    source = tx.row(_SOURCE, {"id": poll.source_id})
    state = FeedState.from_json(source["state"]) if source and source["state"] else None
    is_first = source is None or source["last_ok_at"] is None
    listed = list({row["key"]: row for row in map(entry_row, entries)}.values())
    known = _known(tx, [row["key"] for row in listed])
    poll_id = _insert_poll(tx, poll)
    unseen = [row for row in listed if row["key"] not in known]
    new = _insert_entries(tx, unseen, poll, poll_id, is_first=is_first)
    _retitle(tx, listed, known, poll)
    counted = _counted(poll, listed, new, is_first=is_first)
    state, planned = plan(state, counted)
    _close_poll(tx, poll_id, counted, planned)
    _update_source(tx, counted, state, planned, failures=source["failures"] if source else 0)
    return counted, new


def _known(tx: Tx, keys: Sequence[str]) -> Mapping[str, Row]:
    return {row["key"]: row for part in chunks(keys) for row in tx.rows(_KNOWN, {"keys": part})}


def _insert_poll(tx: Tx, poll: Poll) -> int:
    values = {
        "source_id": poll.source_id,
        "outlet_id": poll.outlet_id,
        "at": poll.at,
        "day": day_of(poll.at),
        "status": poll.status.value,
        "http_status": poll.http_status,
        "error": poll.error,
        "duration_s": poll.duration_s,
        "size": poll.size,
        "seen": 0,
        "new": 0,
        "parser": poll.parser,
        "repairs": ", ".join(poll.repairs) or None,
        "is_partial": poll.is_partial,
        "is_truncated": poll.is_truncated,
        "is_overflow": False,
    }
    return int(tx.value(sa.insert(t.polls).returning(t.polls.c.poll_id), values))


def _insert_entries(tx: Tx, rows: Sequence[dict[str, Any]], poll: Poll, poll_id: int, *, is_first: bool) -> tuple[Entry, ...]:
    """Insert what is unseen; another node may have seen some of it a moment ago."""
    for i, row in enumerate(rows):
        row |= {
            "poll_id": poll_id,
            "seen_at": poll.at,
            "day": day_of(poll.at),
            "state": "new",
            "reason": "",
            "tries": 0,
            "next_at": poll.at + FLOOD_PAUSE * (i // FETCHES_PER_POLL),
            "is_first_pass": is_first,
        }
    insert = tx.insert(t.entries).on_conflict_do_nothing(index_elements=["key"]).returning(t.entries.c.entry_id, t.entries.c.key)
    made: dict[str, int] = {}
    for part in chunks(rows):
        made |= {key: entry_id for entry_id, key in tx.connection.execute(insert, part)}
    return tuple(entry_of({**row, "entry_id": made[row["key"]], "article_id": None}) for row in rows if row["key"] in made)


def _retitle(tx: Tx, listed: Sequence[dict[str, Any]], known: Mapping[str, Row], poll: Poll) -> None:
    """Take over changed titles; where the entry was fetched already it is due again, unless it was refused."""
    quiet, due = [], []
    for row in listed:
        old = known.get(row["key"])
        if old is None or not row["title"] or old["title_hash"] == row["title_hash"] or old["source_id"] != row["source_id"]:
            continue
        values = {"id": old["entry_id"], **{f"new_{name}": row[name] for name in _TITLED}}
        if old["state"] in {"done", "failed"}:
            due.append({**values, "due_at": poll.at})
        else:
            quiet.append(values)
    tx.run_many(_RETITLE, quiet)
    tx.run_many(_RETITLE_DUE, due)


def _counted(poll: Poll, listed: Sequence[Mapping[str, Any]], new: Sequence[Entry], *, is_first: bool) -> Poll:
    window = poll.window_size or len(listed)
    return replace(
        poll,
        seen=len(listed),
        new=len(new),
        item_times=tuple(e.published_at for e in new),
        window_size=window,
        is_overflow=not is_first and 0 < window <= len(new),
    )


def _close_poll(tx: Tx, poll_id: int, poll: Poll, planned: Plan) -> None:
    tx.run(
        sa.update(t.polls)
        .where(t.polls.c.poll_id == poll_id)
        .values(seen=poll.seen, new=poll.new, is_overflow=poll.is_overflow, plan_reason=planned.reason, next_at=planned.at)
    )


def _update_source(tx: Tx, poll: Poll, state: FeedState, planned: Plan, *, failures: int) -> None:
    values: dict[str, Any] = {
        "state": state.to_json(),
        "next_at": planned.at,
        "plan_reason": planned.reason,
        "last_poll_at": poll.at,
        "last_status": poll.status.value,
        "last_error": poll.error,
        "failures": 0 if poll.status.is_success else failures + 1,
    }
    if poll.status.is_success:
        values |= {"last_ok_at": poll.at, **_validators(poll)}
    if poll.seen:
        values["window_size"] = poll.window_size
    if poll.new:
        values["last_new_at"] = poll.at
    tx.run(sa.update(t.sources).where(t.sources.c.source_id == poll.source_id).values(values))


def _validators(poll: Poll) -> dict[str, str | datetime | None]:
    if poll.is_truncated:
        return {"etag": None, "last_modified": None, "body_hash": None}
    if poll.validators is None:
        return {}
    v = poll.validators
    return {"etag": v.etag, "last_modified": v.last_modified, "body_hash": v.body_hash, "unconditional_at": v.unconditional_at}
