"""presswatch archive: search, show and export what was read; measure, check and back up the archive."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from monitor.cli import export as exports
from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Column, Filters, Show, filters, folded, listing, local, plain
from monitor.cli.progress import progress
from monitor.cli.status import size
from monitor.config.terminal import width

if TYPE_CHECKING:
    from crawler.model import Article
    from monitor.archive import Tx
    from monitor.archive.reads import Filter
    from monitor.config.settings import Settings
    from monitor.rules.engine import Query

_FEW: Final = 50


_VIEWS: Final = (
    "articles",
    "mentions",
    "matches",
    "theme_timeline",
    "stories",
    "alerts",
    "deliveries",
    "polls",
    "outlet_health",
    "first_reports",
    "rule_quality",
    "entities_daily",
)


@click.group("archive")
def command() -> None:
    """Search, show and export what was read; measure, check and back up the archive."""


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
    from monitor.rules.engine import compile_query  # noqa: PLC0415 - rules are paid for only by those who compile them

    settings = given.settings()
    asked = compile_query(query, settings.rules.entities)
    where = replace(_filter(given, filters, settings), limit=filters.limit or _FEW)
    with given.archive(settings) as archive, archive.snapshot() as tx:
        found = show(_rows(tx, asked, where, settings), _columns(settings.timezone), empty="no article matches")
    if not found:
        raise click.exceptions.Exit(1)


@command.command("show")
@click.argument("article_id", metavar="ID", type=int)
@listing
@shared
@pass_given
def shown(given: Given, article_id: int, show: Show) -> None:
    """Show one article with its text."""
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    settings = given.settings()
    with given.archive(settings) as archive:
        article = archive.read_now(lambda tx: reads.article(tx, article_id))
    if article is None:
        raise click.ClickException(f"there is no article {article_id} in the archive")
    if not show.is_table:
        show.one(asdict(article))
        return
    about = [article.outlet_id, local(article.published_at or article.seen_at, settings.timezone), article.language, *article.authors]
    kind = f"{article.completeness.value}, {article.word_count} words" + (", paywalled" if article.is_paywalled else "")
    click.echo("\n".join([article.headline, " · ".join(about), article.canonical_url or article.url, kind, "", article.text]))


@command.command("export")
@click.argument("view", metavar="[VIEW]", type=click.Choice(_VIEWS), default="articles")
@click.option(
    "--to", "file", type=click.Path(path_type=Path, dir_okay=False), help="A new file instead of stdout: *.csv, *.jsonl or *.parquet."
)
@filters()
@listing
@shared
@pass_given
def export(given: Given, view: str, file: Path | None, filters: Filters, show: Show) -> None:
    """Write a public view to stdout as CSV unless told otherwise, or to a file; memory stays flat but with --json.

    VIEW is articles, mentions, matches, theme_timeline, stories, alerts, deliveries, polls, outlet_health, first_reports,
    rule_quality or entities_daily; articles where none is named.

    presswatch archive export matches --theme deepseek-next --since 2026-11-01 --to november.parquet
    """
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    settings = given.settings()
    where = _filter(given, filters, settings)
    if deaf := reads.deaf_to(f"v_{view}", where):
        raise click.UsageError(f"{view} cannot be narrowed by {', '.join(f'--{name}' for name in deaf)}; leave it out, or ask in SQL")
    with given.archive(settings) as archive, archive.snapshot() as tx:
        rows = reads.export(tx, f"v_{view}", where)
        if file is None:
            Show(show.form or "csv")(rows, ())
            return
        _refuse_form(file, show)
        with progress(f"writing {file.name}") as advance:
            total = reads.count(tx, f"v_{view}", where) if sys.stderr.isatty() else 0
            count = exports.write(file, rows, kind_of=reads.kind_of, told=lambda done: advance(done, total))
    click.echo(f"{file}: {count:,} rows, {size(file.stat().st_size)}", err=True)


def _refuse_form(file: Path, show: Show) -> None:
    """A file is never replaced, and its name alone tells its form."""
    if not show.is_table:
        raise click.UsageError("the name of the file tells its form; leave out --json, --csv and --nl")
    exports.form_of(file)
    if file.exists():
        raise click.ClickException(f"{file} exists already; nothing was written. Name another file")


@command.command("sql")
@click.argument("question", metavar="SELECT")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True, metavar="SECONDS", help="For so long."
)
@click.option("--limit", type=click.IntRange(min=1), default=10_000, show_default=True, metavar="N", help="At most so many rows.")
@listing
@shared
@pass_given
def sql(given: Given, question: str, timeout: float, limit: int, show: Show) -> None:
    """Ask the archive in SQL; only SELECT is answered. docs/sql.md describes the public views.

    presswatch archive sql "SELECT day, stories FROM v_theme_timeline WHERE theme_id = 'deepseek-next'"
    """
    from monitor.archive import analyst, engine  # noqa: PLC0415 - the database is paid for only by commands that ask it

    rows = _first(analyst.ask(engine.address(given.settings().archive), question, timeout_s=timeout), limit)
    if not show.is_table:
        show(rows, (), empty="no rows")
        return
    found = [plain(row) for row in rows]
    columns = [Column(title=name, show=itemgetter(name), gives_way=True) for name in (found[0] if found else ())]
    show(found, columns, empty="no rows", stacks=True)


def _first(rows: Iterator[dict[str, Any]], limit: int) -> Iterator[dict[str, Any]]:
    """The first rows; that there were more is said, never hidden."""
    yield from islice(rows, limit)
    if next(rows, None) is not None:
        click.echo(f"only the first {limit:,} rows; --limit N shows more", err=True)


@command.command("stats")
@listing
@shared
@pass_given
def stats(given: Given, show: Show) -> None:
    """Say how large the archive is and what it holds."""
    from monitor.archive import upkeep  # noqa: PLC0415 - the database is paid for only by commands that ask it

    with given.archive(given.settings()) as archive:
        measured = upkeep.size(archive)
    if not show.is_table:
        show.one(asdict(measured))
        return
    free = f", {size(measured.free)} free beside it" if measured.free is not None else ""
    said = f"{measured.shown}: {measured.engine}, revision {measured.revision}, {size(measured.size)}{free}"
    click.echo("\n".join(folded(said, width(sys.stdout), 2)))
    if measured.months:
        used = list(measured.months.items())
        click.echo(f"articles in {len(used)} months ({used[0][0]} … {used[-1][0]}), the largest {size(max(n for _, n in used))}")
    columns = (
        Column(title="TABLE", show=lambda row: row["table"]),
        Column(title="ROWS", show=lambda row: f"{row['rows']:,}", is_number=True),
    )
    show([{"table": name, "rows": count} for name, count in measured.rows.items()], columns)


@command.command("verify")
@click.option("--quick", is_flag=True, help="Leave out the indexes.")
@shared
@pass_given
def verify(given: Given, *, quick: bool) -> None:
    """Read the archive through and say what is wrong; exit 1 where something is."""
    from monitor.archive import upkeep  # noqa: PLC0415 - the database is paid for only by commands that ask it

    with given.archive(given.settings()) as archive:
        found = upkeep.verify(archive, is_quick=quick)
    for line in found:
        click.echo(line)
    if found:
        click.echo(
            "the archive is not whole; nothing was changed. A damaged file gives way to its last backup: presswatch db restore FILE",
            err=True,
        )
        raise click.exceptions.Exit(1)
    click.echo("the archive is whole", err=True)


@command.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@shared
@pass_given
def backup(given: Given, file: Path) -> None:
    """Write a checked copy of the archive to FILE, also while the daemon runs."""
    from monitor.archive import backup as backups  # noqa: PLC0415 - the database is paid for only by commands that ask it
    from monitor.archive import engine  # noqa: PLC0415 - the same

    where = engine.address(given.settings().archive)
    with progress("copying the archive") as advance:
        written = backups.backup(where, file, progress=advance)
    click.echo(f"{written}: {size(written.stat().st_size)}", err=True)


@command.command("reindex")
@shared
@pass_given
def reindex(given: Given) -> None:
    """Make the full-text index anew, beside a running daemon."""
    from monitor.archive import upkeep  # noqa: PLC0415 - the database is paid for only by commands that ask it

    with given.archive(given.settings()) as archive, progress("reading articles") as advance:
        count = upkeep.reindex(archive, progress=advance)
    click.echo(f"{count:,} articles indexed", err=True)


@command.command("forget")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
@pass_given
def forget(given: Given, *, dry_run: bool, yes: bool) -> None:
    """Take out what is older than 'retention' in the settings says; a running daemon does the same every night."""
    from monitor.archive import retention  # noqa: PLC0415 - the database is paid for only by commands that ask it

    settings, now = given.settings(), given.clock.now()
    kept = retention.Keep(**asdict(settings.retention))
    with given.archive(settings) as archive:
        todo = archive.read_now(lambda tx: retention.forgettable(tx, kept, now))
        counted = f"{todo.texts:,} texts, {todo.articles:,} whole articles, {todo.polls:,} polls, {todo.entries:,} entries"
        click.echo(f"older than they are kept: {counted}", err=True)
        if dry_run or not todo.total:
            return
        if not yes:
            click.confirm("Take them out?", abort=True, err=True)
        with progress("forgetting") as advance:
            retention.forget(archive, kept, now, progress=advance)
    click.echo("done", err=True)


def _filter(given: Given, filters: Filters, settings: Settings) -> Filter:
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    return reads.Filter(
        since=filters.since_at(given.clock.now(), settings.timezone),
        themes=filters.themes,
        outlets=filters.outlets,
        languages=filters.languages,
        limit=filters.limit,
    )


def _rows(tx: Tx, query: Query, where: Filter, settings: Settings) -> Iterator[dict[str, Any]]:
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it
    from monitor.archive.needs import needs_of  # noqa: PLC0415 - the same

    names = {outlet.outlet_id: outlet.name for outlet in settings.outlets}
    needs = needs_of(query.node, settings.rules.entities)
    for article, match in reads.search(tx, query.match, needs=needs, where=where):
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
