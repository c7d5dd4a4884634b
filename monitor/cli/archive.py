"""presswatch archive: search what was read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Column, Filters, Show, filters, listing, local

if TYPE_CHECKING:
    from crawler.model import Article
    from monitor.archive import Tx
    from monitor.archive.reads import Filter
    from monitor.config.settings import Settings
    from monitor.rules.engine import Query

_FEW: Final = 50


@click.group("archive")
def command() -> None:
    """Search what was read."""


@command.command("search")
@click.argument("query", metavar="QUERY")
@filters()
@listing
@shared
@pass_given
def search(given: Given, query: str, filters: Filters, show: Show) -> None:
    """Find articles by a query in the rule language, the newest first; 50 unless --limit says otherwise.

    presswatch archive search '@deepseek AND Hangzhou' --language zh --since 7d
    """
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it
    from monitor.rules.engine import compile_query  # noqa: PLC0415 - rules are paid for only by those who compile them

    settings = given.settings()
    asked = compile_query(query, settings.rules.entities)
    where = reads.Filter(
        since=filters.since_at(given.clock.now(), settings.timezone),
        themes=filters.themes,
        outlets=filters.outlets,
        languages=filters.languages,
        limit=filters.limit or _FEW,
    )
    with given.archive(settings) as archive, archive.snapshot() as tx:
        found = show(_rows(tx, asked, where, settings), _columns(settings.timezone), empty="no article matches")
    if not found:
        raise click.exceptions.Exit(1)


def _rows(tx: Tx, query: Query, where: Filter, settings: Settings) -> Iterator[dict[str, Any]]:
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    names = {outlet.outlet_id: outlet.name for outlet in settings.outlets}
    for article, match in reads.search(tx, query.match, where=where):
        spans = list(dict.fromkeys(evidence.surface for evidence in match.evidence))
        yield {
            **_article(article),
            "outlet": names.get(article.outlet_id, article.outlet_id),
            "relevance": match.relevance,
            "evidence": spans,
        }


def _article(article: Article) -> dict[str, Any]:
    return {
        "article_id": article.article_id,
        "seen_at": article.seen_at,
        "published_at": article.published_at,
        "outlet_id": article.outlet_id,
        "language": article.language,
        "headline": article.headline,
        "url": article.canonical_url or article.url,
        "completeness": article.completeness,
        "word_count": article.word_count,
    }


def _columns(timezone: str) -> tuple[Column, ...]:
    return (
        Column(title="ID", show=lambda row: row["article_id"], is_number=True),
        Column(title="WHEN", show=lambda row: local(row["published_at"] or row["seen_at"], timezone)),
        Column(title="OUTLET", show=lambda row: row["outlet"]),
        Column(title="LANG", show=lambda row: row["language"]),
        Column(title="HEADLINE", show=lambda row: row["headline"], gives_way=True),
        Column(title="FOUND", show=lambda row: " · ".join(row["evidence"]), gives_way=True),
    )
