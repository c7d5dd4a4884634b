"""The full-text index: which articles may hold which tokens; every hit is checked against the article itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa

from crawler.model import Article
from monitor.archive import tables as t
from monitor.archive.columns import clean, isnt
from monitor.archive.filters import Filter, speaks
from monitor.archive.needs import Needs, Token
from monitor.archive.ready import Ready
from monitor.archive.shapes import article_of, day_of
from monitor.archive.tx import Row, Tx
from monitor.text.tokens import TOKENIZER_VERSION, search_tokens

T = TypeVar("T")

STATES = 1024
"""A row of the index is ``article_id * STATES + state``: a revised text takes a new row, and old rows are never taken out of SQLite's
index, only left behind, because that needs the very tokens that went in. Beyond so many states a text is no longer indexed anew."""
BATCH = 400
MAX_TOKEN = 300
RARE = 3
COUNTED = 2_000
"""Articles, the newest, in which tokens are counted: enough to tell common words from rare ones."""
INDEX_VERSION = "index_version"
"""The word in ``meta`` that tells with which tokenizer the index was made; with another one a search reads every article."""

_SQLITE_INDEX = Ready(lambda _: sa.text("INSERT INTO article_index (rowid, tokens) VALUES (:id, :tokens)"))
_SQLITE_TAKE_OUT = sa.text("INSERT INTO article_index (article_index, rowid, tokens) VALUES ('delete', :id, :tokens)")
_POSTGRES_INDEX = Ready(
    lambda _: sa.text("INSERT INTO article_index (index_id, tokens) VALUES (:id, array_to_tsvector(CAST(:tokens AS text[])))")
)
_POSTGRES_FORGET = sa.text("DELETE FROM article_index WHERE index_id BETWEEN :first AND :last")
_SQLITE_FIND = (
    "SELECT rowid FROM article_index WHERE article_index MATCH :query AND rowid BETWEEN :first AND :last ORDER BY rowid DESC LIMIT :n"
)
_POSTGRES_FIND = (
    "SELECT index_id FROM article_index WHERE tokens @@ CAST(:query AS tsquery) AND index_id BETWEEN :first AND :last"
    " ORDER BY index_id DESC LIMIT :n"
)


# ---- writing


def put_index(tx: Tx, article_id: int, state: int, article: Article) -> None:
    """Index headline and text of an article in its ``state``-th form, counted from 1."""
    if state > STATES:
        return
    if state > 1:
        forget_index(tx, article_id)
    _put(tx, article_id, state, f"{article.headline}\n{article.text}")


def put_headline(tx: Tx, article_id: int, state: int, headline: str) -> None:
    """Index only the headline: the text is forgotten."""
    _put(tx, article_id, state, headline)


def _put(tx: Tx, article_id: int, state: int, text: str) -> None:
    tokens, index_id = tokens_of(text), article_id * STATES + min(state, STATES) - 1
    if tx.is_postgres:
        tx.do(_POSTGRES_INDEX, id=index_id, tokens=tokens)
    else:  # FTS5 makes a segment of its own of whatever a savepoint ends, and merges them all again
        tx.at_end(_SQLITE_INDEX, id=index_id, tokens=" ".join(tokens))


def take_out(tx: Tx, article_id: int, state: int, article: Article) -> None:
    """Take an article's text out of the index; the article must be as it went in, by the same tokenizer."""
    if tx.is_postgres:
        forget_index(tx, article_id)
    else:
        tokens = " ".join(tokens_of(f"{article.headline}\n{article.text}"))
        tx.run(_SQLITE_TAKE_OUT, {"id": article_id * STATES + min(state, STATES) - 1, "tokens": tokens})


def forget_index(tx: Tx, article_id: int) -> None:
    """Take an article out of the index; SQLite's keeps a dead row until the next ``reindex``."""
    if tx.is_postgres:
        tx.run(_POSTGRES_FORGET, {"first": article_id * STATES, "last": article_id * STATES + STATES - 1})


def tokens_of(text: str) -> list[str]:
    """Every token of a text once, sorted. Tokens are runs of letters, digits and marks: neither database splits them further."""
    return sorted({token[:MAX_TOKEN] for token in set(search_tokens(clean(text)))})


# ---- searching


def search(tx: Tx, match: Callable[[Article], T | None], *, needs: Needs = (), where: Filter | None = None) -> Iterator[tuple[Article, T]]:
    """Yield the articles that ``match`` says something of, the newest archived first, with what it says.

    ``needs`` only spares reading articles that cannot match; memory stays flat however many there are.
    """
    chosen = where or Filter()
    found = 0
    for article in candidates(tx, needs, chosen):
        said = match(article)
        if said is None:
            continue
        yield article, said
        found += 1
        if found == chosen.limit:
            return


def candidates(
    tx: Tx, needs: Needs, where: Filter, *, batch: int = BATCH, is_over: Callable[[], bool] = lambda: False
) -> Iterator[Article]:
    """Yield every article that may match, the newest archived first, read ``batch`` at a time until ``is_over``."""
    first, last = _range(tx, where)
    batches = _by_index(tx, needs, where, first, last, batch) if needs and is_current(tx) else _by_reading(tx, where, first, last, batch)
    for rows in batches:
        yield from (article_of(row) for row in rows)
        if is_over():
            return


def is_current(tx: Tx) -> bool:
    """Whether the index was made by today's tokenizer."""
    return bool(tx.value(sa.select(t.meta.c.value).where(t.meta.c.key == INDEX_VERSION)) == str(TOKENIZER_VERSION))


def _by_index(tx: Tx, needs: Needs, where: Filter, first: int, last: int, batch: int) -> Iterator[list[Row]]:
    find = sa.text(_POSTGRES_FIND if tx.is_postgres else _SQLITE_FIND)
    values: dict[str, Any] = {"query": _tsquery(needs) if tx.is_postgres else _fts_query(needs), "first": first * STATES, "n": batch}
    top = last * STATES + STATES - 1
    while top >= first * STATES:
        ids = [int(row[0]) for row in tx.connection.execute(find, {**values, "last": top})]
        states = {i // STATES: i % STATES for i in reversed(ids)}
        rows = tx.rows(_whole(where).where(_a.article_id.in_(list(states)))) if ids else ()
        yield [row for row in rows if min(row["revision"], STATES) - 1 == states[row["article_id"]]]
        if len(ids) < batch:
            return
        top = ids[-1] - 1


def _by_reading(tx: Tx, where: Filter, first: int, last: int, batch: int) -> Iterator[Sequence[Row]]:
    while rows := tx.rows(_whole(where).where(_a.article_id.between(first, last)).limit(batch)):
        yield rows
        last = int(rows[-1]["article_id"]) - 1


_a = t.articles.c


def _whole(where: Filter) -> sa.Select[Any]:
    chosen = (
        sa.select(t.articles, t.article_texts.c.text)
        .join(t.article_texts, t.article_texts.c.article_id == _a.article_id)
        .order_by(_a.article_id.desc())
    )
    if where.since is not None:
        chosen = chosen.where(_a.day >= day_of(where.since))
    if where.until is not None:
        chosen = chosen.where(_a.day <= day_of(where.until))
    if where.outlets:
        chosen = chosen.where(_a.outlet_id.in_(list(where.outlets)))
    if where.languages:
        chosen = chosen.where(speaks(_a.language, where.languages))
    if where.themes:
        m = t.matches.c
        chosen = chosen.where(sa.exists().where(m.article_id == _a.article_id, m.theme_id.in_(list(where.themes)), isnt(m.is_below)))
    return chosen


def _range(tx: Tx, where: Filter) -> tuple[int, int]:
    """The first and the last article id that the days allow; ids grow with time, days nearly."""
    if where.since is None and where.until is None:
        # each by itself is one step into the key; both in one query are a walk over all of it
        bounds = sa.select(*(sa.select(end(_a.article_id)).scalar_subquery() for end in (sa.func.min, sa.func.max)))
    else:
        bounds = sa.select(sa.func.min(_a.article_id), sa.func.max(_a.article_id))
    if where.since is not None:
        bounds = bounds.where(_a.day >= day_of(where.since))
    if where.until is not None:
        bounds = bounds.where(_a.day <= day_of(where.until))
    first, last = tuple(tx.run(bounds).one())
    if first is None:
        return 1, 0
    return int(first), int(last) if where.before is None else min(int(last), where.before - 1)


def _fts_query(needs: Needs) -> str:
    def one(token: Token) -> str:
        quoted = token.text.replace('"', '""')
        return f'"{quoted}"' + ("*" if token.is_prefix else "")

    return " AND ".join("(" + " OR ".join(one(token) for token in group) + ")" for group in needs)


def _tsquery(needs: Needs) -> str:
    def one(token: Token) -> str:
        quoted = token.text.replace("\\", "\\\\").replace("'", "''")
        return f"'{quoted}'" + (":*" if token.is_prefix else "")

    return " & ".join("(" + " | ".join(one(token) for token in group) + ")" for group in needs)


def token_counts(tx: Tx, sample: int = COUNTED) -> dict[str, int]:
    """In how many of the newest articles each token stands, those in at least three: what the rules need to know of rarity."""
    counts: Counter[str] = Counter()
    for article in islice(candidates(tx, (), Filter()), sample):
        counts.update(tokens_of(f"{article.headline}\n{article.text}"))
    return {token: n for token, n in counts.items() if n >= RARE}


# ---- making the index anew


def clear_index(tx: Tx) -> None:
    """Empty the index; until ``finish_index`` every search reads the articles themselves."""
    tx.run(sa.delete(t.meta).where(t.meta.c.key == INDEX_VERSION))
    tx.run(sa.text("TRUNCATE article_index" if tx.is_postgres else "INSERT INTO article_index (article_index) VALUES ('delete-all')"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """How many articles one step indexed, and the last of them."""

    count: int
    last: int


def index_after(tx: Tx, article_id: int, limit: int = BATCH) -> Indexed | None:
    """Index the next articles after an id; None at the end."""
    whole = sa.select(t.articles, t.article_texts.c.text).join(t.article_texts, t.article_texts.c.article_id == _a.article_id)
    rows = tx.rows(whole.where(_a.article_id > article_id).order_by(_a.article_id).limit(limit))
    for row in rows:
        put_index(tx, row["article_id"], min(row["revision"], STATES), article_of(row))
    return Indexed(count=len(rows), last=int(rows[-1]["article_id"])) if rows else None


def finish_index(tx: Tx) -> None:
    """Say that the index is whole and by whose tokens."""
    tx.run(sa.delete(t.meta).where(t.meta.c.key == INDEX_VERSION))
    tx.run(sa.insert(t.meta), {"key": INDEX_VERSION, "value": str(TOKENIZER_VERSION)})
