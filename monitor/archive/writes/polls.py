"""Records polls: validators, cadence and every unseen entry in one transaction, so that a crash after a poll loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crawler.cadence import FeedState, Plan
from crawler.model import Entry, Poll, PollStatus
from monitor.archive import tables as t
from monitor.archive.ready import Ready
from monitor.archive.shapes import CHUNK, RETITLED, chunks, day_of, entry_of, entry_row, fit_key, title_hash
from monitor.archive.tx import Row, Tx

FEW = 20
FETCHES_PER_POLL = 1_000
FLOOD_PAUSE = timedelta(minutes=20)
"""Of one poll a thousand entries are due at once, the next thousand this much later: the cap limits fetches, never rows."""

Planner = Callable[[FeedState | None, Poll], tuple[FeedState, Plan]]

_s, _p, _e = t.sources.c, t.polls.c, t.entries.c
_TITLED = ("title", "title_hash", "summary", "text", "modified_at")
_VALIDATORS = ("etag", "last_modified", "body_hash", "unconditional_at")
_BEFORE = ("state", "last_ok_at", "last_new_at", "failures", "window_size", *_VALIDATORS)
_UNKNOWN = dict.fromkeys(_BEFORE) | {"failures": 0, "window_size": 0}
_SOURCE = Ready(lambda _: sa.select(*(_s[name] for name in _BEFORE)).where(_s.source_id == sa.bindparam("id")))
_KNOWN = Ready(lambda make: sa.select(_e.entry_id, _e.key, _e.source_id, _e.title_hash, _e.state).where(make.among(_e.key, "keys")))
_INSERT_POLL = Ready(lambda _: sa.insert(t.polls).returning(_p.poll_id))
_INSERT_ENTRY = Ready(lambda make: make.insert(t.entries).on_conflict_do_nothing(index_elements=["key"]).returning(_e.entry_id))


def _retitle(*more: str) -> sa.Update:
    return sa.update(t.entries).where(_e.entry_id == sa.bindparam("id")).values({n: sa.bindparam(f"new_{n}") for n in (*_TITLED, *more)})


_RETITLE = Ready(lambda _: _retitle())
_RETITLE_DUE = Ready(lambda _: _retitle("next_at", "tries", "reason"))


def _set(table: sa.Table, key: sa.Column[Any], *names: str) -> Ready:
    return Ready(lambda _: sa.update(table).where(key == sa.bindparam("id")).values({n: sa.bindparam(f"new_{n}") for n in names}))


_CLOSE_POLL = _set(t.polls, _p.poll_id, "seen", "new", "is_overflow", "plan_reason", "next_at")
_PLANNED = ("state", "next_at", "plan_reason")
_POLLED = (*_PLANNED, "last_poll_at", "last_status", "last_error", "failures")
_ANSWERED = (*_POLLED, "last_ok_at", "last_new_at", "window_size", *_VALIDATORS)
_SET_PUT_OFF = _set(t.sources, _s.source_id, *_PLANNED)
_SET_POLLED = _set(t.sources, _s.source_id, *_POLLED)
_SET_ANSWERED = _set(t.sources, _s.source_id, *_ANSWERED)


def record_poll(tx: Tx, poll: Poll, entries: Sequence[Entry], plan: Planner) -> tuple[Poll, tuple[Entry, ...]]:
    """Commit one poll and return it with its counts, and the entries nobody had seen before, in the source's order.

    The insert is the seen-check. ``plan`` turns the source's state and the counted poll into the next state and the next poll.
    A truncated poll stores no validators; a known entry whose listed title changed in the source that listed it first is due again.
    """
    source = (tx.get(_SOURCE, id=poll.source_id) or [_UNKNOWN])[0]
    state = FeedState.from_json(source["state"]) if source["state"] else None
    is_first = source["last_ok_at"] is None
    listed = {fit_key(entry.key): entry for entry in entries}
    known = _known(tx, tuple(listed))
    poll_id = _insert_poll(tx, poll)
    unseen = [entry for key, entry in listed.items() if key not in known]
    new = _insert_entries(tx, unseen, poll.at, poll_id, is_first=is_first)
    _take_titles(tx, listed, known, poll)
    counted = _counted(poll, len(listed), new, is_first=is_first)
    state, planned = plan(state, counted)
    tx.do(
        _CLOSE_POLL,
        id=poll_id,
        new_seen=counted.seen,
        new_new=counted.new,
        new_is_overflow=counted.is_overflow,
        new_plan_reason=planned.reason,
        new_next_at=planned.at,
    )
    _update_source(tx, counted, state, planned, source)
    return counted, new


def put_entries(tx: Tx, entries: Sequence[Entry], now: datetime, *, due_at: datetime, apart_s: float) -> tuple[Entry, ...]:
    """Keep entries that no poll brought, as a backfill does, and return those nobody had seen; the sources' cadence learns nothing.

    They come due from ``due_at`` on, one every ``apart_s`` seconds, so that the outlet's news is not kept waiting behind its past.
    """
    listed = {fit_key(entry.key): entry for entry in entries}
    known = _known(tx, tuple(listed))
    unseen = [entry for key, entry in listed.items() if key not in known]
    due = [due_at + timedelta(seconds=apart_s * number) for number in range(len(unseen))]
    return _insert_entries(tx, unseen, now, None, is_first=False, due=due)


def _known(tx: Tx, keys: Sequence[str]) -> Mapping[str, Row]:
    return {row["key"]: row for part in chunks(keys) for row in tx.get(_KNOWN, keys=part)}


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
    return int(tx.get(_INSERT_POLL, **values)[0]["poll_id"])


def _insert_entries(
    tx: Tx, entries: Sequence[Entry], at: datetime, poll_id: int | None, *, is_first: bool, due: Sequence[datetime] = ()
) -> tuple[Entry, ...]:
    """Insert what is unseen; another node may have seen some of it a moment ago. Rows are made as they are written: of a flood they fill the memory."""
    common = {"poll_id": poll_id, "seen_at": at, "day": day_of(at), "state": "new", "reason": "", "tries": 0, "is_first_pass": is_first}
    new: list[Entry] = []
    for first in range(0, len(entries), CHUNK):
        rows = [entry_row(entry) | common for entry in entries[first : first + CHUNK]]
        for i, row in enumerate(rows, first):
            row["next_at"] = due[i] if due else at + FLOOD_PAUSE * (i // FETCHES_PER_POLL)
        made = _made(tx, rows) if len(rows) <= FEW else _made_at_once(tx, rows)
        new += (entry_of(row | {"entry_id": made[row["key"]], "article_id": None}) for row in rows if row["key"] in made)
    return tuple(new)


def _made(tx: Tx, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    return {row["key"]: made[0]["entry_id"] for row in rows if (made := tx.get(_INSERT_ENTRY, **row))}


def _made_at_once(tx: Tx, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The same for a flood: hundreds of rows to a statement."""
    insert = tx.insert(t.entries).on_conflict_do_nothing(index_elements=["key"]).returning(_e.key, _e.entry_id)
    return {str(row[0]): int(row[1]) for row in tx.connection.execute(insert, rows)}


def _take_titles(tx: Tx, listed: Mapping[str, Entry], known: Mapping[str, Row], poll: Poll) -> None:
    """Take over changed titles; where the entry was fetched already it is due again, unless it was refused."""
    quiet, due = [], []
    for key, old in known.items():
        entry = listed[key]
        if old["source_id"] != entry.source_id or not entry.title or old["title_hash"] == title_hash(entry.title):
            continue
        row = entry_row(entry)
        values = {"id": old["entry_id"], **{f"new_{name}": row[name] for name in _TITLED}}
        if old["state"] in {"done", "failed"}:
            due.append({**values, "new_next_at": poll.at, "new_tries": 0, "new_reason": RETITLED})
        else:
            quiet.append(values)
    tx.do_many(_RETITLE, quiet)
    tx.do_many(_RETITLE_DUE, due)


def _counted(poll: Poll, listed: int, new: Sequence[Entry], *, is_first: bool) -> Poll:
    window = poll.window_size or listed
    return replace(
        poll,
        seen=listed,
        new=len(new),
        item_times=tuple(e.published_at for e in new),
        window_size=window,
        is_overflow=not is_first and 0 < window <= len(new),
    )


def _update_source(tx: Tx, poll: Poll, state: FeedState, planned: Plan, before: Row) -> None:
    values: dict[str, Any] = {"state": state.to_json(), "next_at": planned.at, "plan_reason": planned.reason}
    if poll.status is PollStatus.PUT_OFF:  # nobody was asked, so what the source last answered stands
        tx.do(_SET_PUT_OFF, id=poll.source_id, **{f"new_{name}": value for name, value in values.items()})
        return
    values |= {
        "last_poll_at": poll.at,
        "last_status": poll.status.value,
        "last_error": poll.error,
        "failures": 0 if poll.status.is_success else before["failures"] + 1,
    }
    if poll.status.is_success:
        values |= {"last_ok_at": poll.at, **{name: before[name] for name in _VALIDATORS}, **_validators(poll)}
        values["last_new_at"] = poll.at if poll.new else before["last_new_at"]
        values["window_size"] = poll.window_size if poll.seen else before["window_size"]
    statement = _SET_ANSWERED if poll.status.is_success else _SET_POLLED
    tx.do(statement, id=poll.source_id, **{f"new_{name}": value for name, value in values.items()})


def _validators(poll: Poll) -> dict[str, str | datetime | None]:
    """What the answer says of them; a read that was cut short leaves none, because the next one must bring the rest."""
    if poll.is_truncated:
        return {"etag": None, "last_modified": None, "body_hash": None}
    if poll.validators is None:
        return {}
    v = poll.validators
    return {"etag": v.etag, "last_modified": v.last_modified, "body_hash": v.body_hash, "unconditional_at": v.unconditional_at}
