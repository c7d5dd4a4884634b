"""The full-text index: which articles may hold which tokens; whoever asks checks the article itself."""

from __future__ import annotations

import sqlalchemy as sa

from crawler.model import Article
from monitor.archive.tx import Tx

_SQLITE_INDEX = sa.text("INSERT INTO article_index (rowid, tokens) VALUES (:id, :tokens)")
_POSTGRES_INDEX = sa.text("INSERT INTO article_index (index_id, tokens) VALUES (:id, array_to_tsvector(CAST(:tokens AS text[])))")


def index(tx: Tx, index_id: int, article: Article) -> None:
    """Put headline and text of an article into the index."""
    tokens = sorted({token for token in _tokens(f"{article.headline}\n{article.text}") if token})
    if tx.is_postgres:
        tx.run(_POSTGRES_INDEX, {"id": index_id, "tokens": [token[:500] for token in tokens]})
    else:
        tx.run(_SQLITE_INDEX, {"id": index_id, "tokens": " ".join(tokens)})


def _tokens(text: str) -> list[str]:
    try:
        from monitor.text.tokens import search_tokens  # noqa: PLC0415 - reading needs no tokenizer
    except ImportError:
        return text.casefold().split()
    return search_tokens(text)
