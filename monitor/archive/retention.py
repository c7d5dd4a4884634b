"""What an archive may forget, and how it is taken out beside a running daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from monitor.archive import dropping, search, seen
from monitor.archive import tables as t
from monitor.archive.archive import Archive
from monitor.archive.shapes import article_of, day_of
from monitor.archive.tx import Tx
from monitor.archive.writes.stories import forget_prints, tidy

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is in all."""

BATCH: Final = 200
KINDS: Final = ("texts", "articles", "polls", "entries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long what is kept, in seconds; None is for ever.

    ``texts_s`` of every article, ``unmatched_texts_s`` of those no rule matched, where that is shorter; ``outlets`` says of single outlets
    how long their texts are kept, whatever the other two say. ``unmatched_s`` is how long an article stays at all that no rule matched and no
    alert tells of. Headlines of the others, matches, stories, alerts and deliveries always stay.
    """

    texts_s: float | None = None
    unmatched_texts_s: float | None = None
    unmatched_s: float | None = None
    polls_s: float | None = None
    entries_s: float | None = None
    outlets: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many articles lost their text, and how many articles, polls and entries are gone."""

    texts: int = 0
    articles: int = 0
    polls: int = 0
    entries: int = 0

    @property
    def total(self) -> int:
        """How many rows that is."""
        return self.texts + self.articles + self.polls + self.entries


def forgettable(tx: Tx, keep: Keep, now: datetime) -> Forgotten:
    """Count what would be taken; an article that goes whole is not counted for its text too."""
    counts = {kind: int(tx.value(sa.select(sa.func.count()).select_from(q.subquery()))) for kind, q in _old(keep, now).items()}
    return Forgotten(**counts)


def oldest(tx: Tx, kind: str, keep: Keep, now: datetime, *, after: int = 0) -> list[int]:
    """The next ids to take, in order; asked of a reader, so that looking for them stops no writer."""
    query = _old(keep, now).get(kind)
    if query is None:
        return []
    (key,) = query.selected_columns
    return [int(row[0]) for row in tx.connection.execute(query.where(key > after).order_by(key).limit(BATCH))]


def take(tx: Tx, kind: str, ids: Sequence[int]) -> int:
    """Take these out and return how many there were."""
    _TAKERS[kind](tx, ids)
    return len(ids)


def forget(archive: Archive, keep: Keep, now: datetime, *, progress: Progress = lambda _done, _all: None) -> Forgotten:
    """Take everything out that is older than it is kept, in small transactions; broken off it goes on where it was."""
    total, taken = archive.read_now(lambda tx: forgettable(tx, keep, now)).total, dict.fromkeys(KINDS, 0)
    taken["articles"] = _drop_months(archive, keep, now)
    for kind, ids in _batches(archive, keep, now):
        taken[kind] += archive.write_now(lambda tx, k=kind, i=ids: take(tx, k, i))  # type: ignore[misc]
        done = sum(taken.values())
        progress(done, max(total, done))
    return Forgotten(**taken)


def _batches(archive: Archive, keep: Keep, now: datetime) -> Iterator[tuple[str, list[int]]]:
    for kind in ("articles", "texts", "polls", "entries"):
        after = 0
        while ids := archive.read_now(lambda tx, k=kind, a=after: oldest(tx, k, keep, now, after=a)):  # type: ignore[misc]
            yield kind, ids
            after = ids[-1]


async def forget_nightly(archive: Archive, keep: Keep, now: datetime) -> Forgotten:
    """The same from inside the daemon: between two batches its writer does what else is queued."""
    taken = dict.fromkeys(KINDS, 0)
    taken["articles"] = await asyncio.to_thread(_drop_months, archive, keep, now)
    for kind in ("articles", "texts", "polls", "entries"):
        after = 0
        while ids := await archive.read(lambda tx, k=kind, a=after: oldest(tx, k, keep, now, after=a)):  # type: ignore[misc]
            taken[kind] += await archive.write(lambda tx, k=kind, i=ids: take(tx, k, i))  # type: ignore[misc]
            after = ids[-1]
    return Forgotten(**taken)


def _drop_months(archive: Archive, keep: Keep, now: datetime) -> int:
    """Whole months first: what is left are rows of months that others stay in."""
    return 0 if keep.unmatched_s is None else dropping.drop_months(archive, now - timedelta(seconds=keep.unmatched_s))


# ---- what is old


def _old(keep: Keep, now: datetime) -> dict[str, sa.Select[int]]:
    """Of each kind that is not kept for ever the ids of what is too old."""
    a, p, e = t.articles.c, t.polls.c, t.entries.c
    found: dict[str, sa.Select[int]] = {}
    whole = _untold(now - timedelta(seconds=keep.unmatched_s)) if keep.unmatched_s is not None else None
    if whole is not None:
        found["articles"] = sa.select(a.article_id).where(whole)
    texts = _texts(keep, now)
    if texts:
        some = sa.select(a.article_id).join(t.article_texts, t.article_texts.c.article_id == a.article_id)
        some = some.where(sa.or_(*texts), t.article_texts.c.text != "")
        found["texts"] = some if whole is None else some.where(sa.not_(whole))
    if keep.polls_s is not None:
        found["polls"] = sa.select(p.poll_id).where(p.at < now - timedelta(seconds=keep.polls_s))
    if keep.entries_s is not None:
        limit = day_of(now - timedelta(seconds=keep.entries_s))
        found["entries"] = sa.select(e.entry_id).where(e.day < limit, e.article_id.is_(None), e.next_at.is_(None))
    return found


def _texts(keep: Keep, now: datetime) -> list[sa.ColumnElement[bool]]:
    """Conditions of which one is enough for a text to go."""
    a = t.articles.c

    def older(seconds: float) -> sa.ColumnElement[bool]:
        return a.archived_at < now - timedelta(seconds=seconds)

    named = a.outlet_id.not_in(list(keep.outlets)) if keep.outlets else sa.true()
    found = [sa.and_(a.outlet_id == outlet, older(seconds)) for outlet, seconds in keep.outlets.items() if seconds is not None]
    if keep.texts_s is not None:
        found.append(sa.and_(older(keep.texts_s), named))
    if keep.unmatched_texts_s is not None and (keep.texts_s is None or keep.unmatched_texts_s < keep.texts_s):
        found.append(sa.and_(older(keep.unmatched_texts_s), named, _unmatched()))
    return found


def _unmatched() -> sa.ColumnElement[bool]:
    return ~sa.exists().where(t.matches.c.article_id == t.articles.c.article_id)


def _untold(since: datetime) -> sa.ColumnElement[bool]:
    """Articles so old that nothing was found in and nothing was said about, nor decided."""
    a = t.articles.c
    return sa.and_(
        a.archived_at < since,
        _unmatched(),
        ~sa.exists().where(t.alerts.c.article_id == a.article_id),
        ~sa.exists().where(t.decisions.c.article_id == a.article_id),
    )


# ---- taking it out


def _take_texts(tx: Tx, ids: Sequence[int]) -> None:
    """Empty texts; the index keeps their headlines."""
    for row in _unindex(tx, ids):
        search.put_headline(tx, row["article_id"], row["revision"], row["headline"])
    tx.run(sa.update(t.article_texts).where(t.article_texts.c.article_id.in_(ids)).values(text=""))
    tx.run(sa.update(t.revisions).where(t.revisions.c.article_id.in_(ids)).values(text=""))


def _unindex(tx: Tx, ids: Sequence[int]) -> list[Mapping[str, Any]]:
    """Take texts out of the index and return their articles, as long as today's tokenizer made it and so can tell what to forget."""
    if not search.is_current(tx):
        return []
    whole = sa.select(t.articles, t.article_texts.c.text).join(t.article_texts, t.article_texts.c.article_id == t.articles.c.article_id)
    rows = list(tx.rows(whole.where(t.articles.c.article_id.in_(ids))))
    for row in rows:
        search.take_out(tx, row["article_id"], row["revision"], article_of(row))
    return rows


def _take_articles(tx: Tx, ids: Sequence[int]) -> None:
    """Take whole articles out; their entries stay, so that nobody fetches them again."""
    a = t.articles.c
    story_ids = (
        tx.connection.execute(sa.select(a.story_id).where(a.article_id.in_(ids), a.story_id.is_not(None)).distinct()).scalars().all()
    )
    _unindex(tx, ids)
    forget_prints(tx, ids)
    if tx.is_postgres:
        seen.forget(tx, ids)
    for table in (t.article_texts, t.revisions, t.mentions, t.articles):
        tx.run(sa.delete(table).where(table.c.article_id.in_(ids)))
    tidy(tx, story_ids)


def _take_polls(tx: Tx, ids: Sequence[int]) -> None:
    tx.run(sa.delete(t.polls).where(t.polls.c.poll_id.in_(ids)))


def _take_entries(tx: Tx, ids: Sequence[int]) -> None:
    tx.run(sa.delete(t.entries).where(t.entries.c.entry_id.in_(ids)))


_TAKERS: Final = {"texts": _take_texts, "articles": _take_articles, "polls": _take_polls, "entries": _take_entries}
