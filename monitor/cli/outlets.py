"""presswatch outlets: what is watched, whether its sources answer, when they are asked; adding, importing and exporting."""

from __future__ import annotations

import asyncio
import logging
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from zoneinfo import ZoneInfo

import click

from monitor.cli import fixtures
from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Column, Filters, Show, Since, SinceType, ago, filters, listing

if TYPE_CHECKING:
    from crawler.model import Article, Outlet
    from monitor.cli.probe import Answer
    from monitor.config.settings import Settings

_SHORT_WORDS: Final = 80
_DOOR_CELLS: Final = 22
"""Enough of an address's end to tell the sources of one outlet apart."""
_DIFF_COLUMNS: Final = (
    Column(title="ID", show=lambda row: row["outlet_id"]),
    Column(title="STATE", show=lambda row: row["state"]),
    Column(title="KEY", show=lambda row: row["key"]),
    Column(title="SHIPPED", show=lambda row: row["shipped"] or "-", gives_way=True),
    Column(title="YOURS", show=lambda row: row["yours"] or "-", gives_way=True),
    Column(title="WHERE", show=lambda row: row["place"] or row["shipped_place"], keeps_end=True),
)


@click.group("outlets")
def command() -> None:
    """What is watched, and whether its sources answer."""


@command.command("list")
@filters("outlet", "language")
@listing
@shared
@pass_given
def listed(given: Given, filters: Filters, show: Show) -> None:
    """List outlets and their sources; where there is an archive, with how they do."""
    settings = given.settings()
    health = _health(given, settings)
    chosen = _chosen(settings, filters.outlets, filters.languages)
    rows = [_row(outlet, index, health.get(source.source_id, {})) for outlet in chosen for index, source in enumerate(outlet.sources)]
    now = given.clock.now()
    show(rows, _columns(now), empty="no sources; name some in outlets/*.yaml")
    _tell_doorless(chosen)


@command.command("check")
@click.argument("outlet_ids", metavar="[OUTLET]...", nargs=-1)
@click.option(
    "--articles", type=click.IntRange(min=0, max=20), default=3, show_default=True, help="How many pages of each source are read."
)
@click.option(
    "--save-fixture",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep the pages there, and show what the outlet's selectors give beside the general way.",
)
@listing
@shared
@pass_given
def check(given: Given, outlet_ids: Sequence[str], articles: int, folder: Path | None, show: Show) -> None:
    """Ask the sources of outlets and read some of their articles; exit 1 where something is wrong. All outlets by default."""
    settings = given.settings(secrets=True)
    chosen = _chosen(settings, outlet_ids, ())
    _quiet(is_debug=given.is_debug)
    _tell_doorless(chosen)
    rows = asyncio.run(_ask(given, settings, chosen, articles, show, folder))
    if not show.is_table:
        show(rows, ())
    bad = [row for row in rows if row["problems"]]
    if bad:
        click.echo(f"{len(bad)} of {len(rows)} sources need a look", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"{len(rows)} sources are well", err=True)


@command.command("plan")
@filters("outlet", "language", "limit")
@listing
@shared
@pass_given
def plan(given: Given, filters: Filters, show: Show) -> None:
    """Say what was learned of each source, when it is polled next and why then; the next one first."""
    settings = given.settings()
    known = {source.source_id for outlet in _chosen(settings, filters.outlets, filters.languages) for source in outlet.sources}
    path, now = settings.archive_path, given.clock.now()
    if path is not None and not path.exists():
        show([], (), empty="nothing was polled yet")
        return
    from monitor.cli import plan as planned  # noqa: PLC0415 - the database is paid for only by commands that ask it

    with given.archive(settings) as archive:
        rows = archive.read_now(lambda tx: planned.rows(tx, known))
    show(rows[: filters.limit], planned.columns(now), empty="nothing was polled yet")
    if show.is_table and rows:
        click.echo(planned.budget_line(rows, settings.requests_per_hour), err=True)


@command.command("discover")
@click.argument("url")
@listing
@shared
@pass_given
def discover(given: Given, url: str, show: Show) -> None:
    """Find feeds, sitemaps and pages of links of the outlet at URL, and say what each holds; exit 1 where there is none."""
    from monitor.cli import discover as finding  # noqa: PLC0415 - the crawler is paid for only by commands that ask outlets
    from monitor.cli.progress import progress  # noqa: PLC0415 - the same

    home = _web_address(url)
    settings = given.settings()
    _quiet(is_debug=given.is_debug)
    try:
        with progress("asking") as advance:
            rows = finding.discover(home, settings, given.clock, advance)
    except finding.NoSuchPage as error:
        raise click.ClickException(str(error)) from None
    show(rows, finding.columns(given.clock.now()), empty="no source found that holds anything")
    if not rows:
        raise click.exceptions.Exit(1)
    click.echo(f"\nwatch it: {finding.command_for(home, rows)}", err=True)


@command.command("backfill")
@click.argument("outlet_id", metavar="OUTLET")
@click.option("--since", type=SinceType(), required=True, help="As far back as 30d, 2026-11-01 …")
@shared
@pass_given
def backfill(given: Given, outlet_id: str, since: Since) -> None:
    """Keep what OUTLET published since a day, by its sitemaps; nothing of it alerts. Broken off, it goes on where it was."""
    from monitor.cli import backfill as filling  # noqa: PLC0415 - the crawler is paid for only by commands that ask outlets
    from monitor.cli.progress import progress  # noqa: PLC0415 - the same

    settings = given.settings(secrets=True)
    (outlet,) = _chosen(settings, (outlet_id,), ())
    _quiet(is_debug=given.is_debug)
    start = since.at(given.clock.now(), ZoneInfo(settings.timezone))
    given.make_home(settings)
    with given.archive(settings, create=True) as archive, progress("sitemaps") as advance:
        walked = filling.walk(outlet, start, settings, archive, given.clock, advance)
        unfetched = filling.waiting(archive, outlet)
    for line in filling.lines(walked, unfetched):
        click.echo(line, err=True)
    if not walked.documents and not walked.known:
        raise click.exceptions.Exit(1)


def _web_address(text: str) -> str:
    """A URL as people type it, with or without https://."""
    from crawler import urls  # noqa: PLC0415 - only here

    try:
        return urls.resolve(text if "://" in text else f"https://{text}")
    except ValueError as error:
        raise click.UsageError(f"'{text}' is no address: it {error}") from None


@command.command("diff")
@filters("outlet")
@listing
@shared
@pass_given
def diff(given: Given, filters: Filters, show: Show) -> None:
    """Compare the outlets of your own files with the shipped ones: what you override, leave out and add; for use after an upgrade."""
    from monitor.cli import shipped  # noqa: PLC0415 - only here
    from monitor.config import folders  # noqa: PLC0415 - pydantic is paid for only by commands that read settings
    from monitor.config.load import load  # noqa: PLC0415 - the same

    settings = given.settings()
    if not settings.include:
        click.echo("no shipped set is included, so there is nothing to compare; write include: [builtin:china-ai] to watch it", err=True)
        return
    seeds = load(folders.seeds() / folders.FILE, environ={}, secrets=False).outlets
    rows = shipped.differences(seeds, settings.outlets)
    chosen = [row for row in rows if not filters.outlets or row["outlet_id"] in filters.outlets]
    show(chosen, _DIFF_COLUMNS, empty="your outlets are the shipped ones")


@command.command("add")
@click.argument("name")
@click.option("--home", required=True, metavar="URL", help="Its home page.")
@click.option("--feed", "feeds", multiple=True, metavar="URL", help="A feed; may be repeated.")
@click.option("--sitemap", "sitemaps", multiple=True, metavar="URL", help="A sitemap; may be repeated.")
@click.option("--listing", "listings", multiple=True, metavar="URL", help="A page of links; may be repeated.")
@click.option("--language", metavar="TAG", help="Of most articles, such as de.")
@click.option("--country", metavar="XX", help="Two letters, such as CH.")
@click.option("--tier", type=click.IntRange(1, 3), default=2, show_default=True, help="1 is polled most eagerly.")
@click.option("--dry-run", is_flag=True, help="Print the file as it would be, and change nothing.")
@shared
@pass_given
def add(given: Given, /, *, name: str, dry_run: bool, **told: Any) -> None:
    """Watch one more outlet: write it into outlets/own.yaml beside the settings."""
    from monitor.cli import watchlist  # noqa: PLC0415 - only editors pay

    kinds = (("feed", "feeds"), ("sitemap", "sitemaps"), ("listing", "listings"))
    sources = [{kind: url} for kind, key in kinds for url in told[key]]
    if not sources:
        raise click.UsageError("name at least one --feed, --sitemap or --listing")
    about = {key: told[key] for key in ("home", "country", "language", "tier") if told[key]}
    path = watchlist.add(given, given.settings(), watchlist.OWN, [{"name": name, **about, "sources": sources}], is_dry=dry_run)
    if path is not None:
        count = "1 source" if len(sources) == 1 else f"{len(sources)} sources"
        click.echo(f"{path}: {name} with {count}. A running daemon takes it up on reload.", err=True)


@command.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Print the file as it would be, and change nothing.")
@shared
@pass_given
def imported(given: Given, file: BinaryIO, *, dry_run: bool) -> None:
    """Watch the feeds of an OPML file ('-' for stdin): write them into outlets/imported.yaml beside the settings."""
    from crawler import opml  # noqa: PLC0415 - lxml is paid for only by commands that read lists
    from crawler.sources import Unreadable  # noqa: PLC0415 - the same
    from monitor.cli import watchlist  # noqa: PLC0415 - only editors pay

    settings = given.settings()
    try:
        found = opml.read(file.read())
    except Unreadable as error:
        raise click.ClickException(f"this is {error}") from None
    if found.error:
        click.echo(f"the list is broken, so that feeds may be missing: {found.error}", err=True)
    if found.beyond:
        click.echo(f"left out {found.beyond:,} feeds beyond the first {opml.FEEDS_MAX:,}", err=True)
    blocks, left = watchlist.blocks_of(found.feeds, settings)
    for line in left:
        click.echo(f"left out {line}", err=True)
    if not blocks:
        raise click.ClickException("no feed that is not watched already")
    path = watchlist.add(given, settings, watchlist.IMPORTED, blocks, is_dry=dry_run)
    if path is not None:
        count = sum(len(block["sources"]) for block in blocks)
        click.echo(f"{path}: {len(blocks)} outlets, {count} feeds. Give them language, country and tier.", err=True)


@command.command("export")
@filters("outlet", "language")
@shared
@pass_given
def exported(given: Given, filters: Filters) -> None:
    """Write the feeds that are watched as OPML to stdout."""
    from crawler import opml  # noqa: PLC0415 - lxml is paid for only by commands that read or write lists

    click.echo(opml.write(_chosen(given.settings(), filters.outlets, filters.languages)), nl=False)


def _chosen(settings: Settings, wanted: Sequence[str], languages: Sequence[str]) -> list[Outlet]:
    """Return the outlets asked for, all when none is; an unknown one is a matter of usage."""
    known = {outlet.outlet_id: outlet for outlet in settings.outlets}
    for name in wanted:
        if name not in known:
            from monitor.config.problems import did_you_mean  # noqa: PLC0415 - only the unlucky pay

            raise click.UsageError(f"there is no outlet '{name}'; {did_you_mean(name, known) or 'presswatch outlets list names them'}")
    outlets = [known[name] for name in wanted] or list(known.values())
    return [o for o in outlets if not languages or any(o.language == t or o.language.startswith(f"{t}-") for t in languages)]


def _tell_doorless(outlets: Sequence[Outlet]) -> None:
    """Name outlets that are never asked."""
    for outlet in outlets:
        if not outlet.sources:
            click.echo(
                f"{outlet.outlet_id} has no source, so it is never polled; presswatch outlets discover {outlet.home} finds some", err=True
            )


# ---- list


def _health(given: Given, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return what the archive knows of each source; nothing where there is no archive yet."""
    path = settings.archive_path
    if path is not None and not path.exists():
        return {}
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    with given.archive(settings) as archive:
        return {row["source_id"]: row for row in archive.read_now(lambda tx: reads.listing(tx, "v_outlet_health"))}


def _row(outlet: Outlet, index: int, health: Mapping[str, Any]) -> dict[str, Any]:
    source = outlet.sources[index]
    return {
        "outlet_id": outlet.outlet_id,
        "outlet": outlet.name,
        "country": outlet.country,
        "language": outlet.language,
        "tier": outlet.tier,
        "paywall": outlet.paywall,
        "source_id": source.source_id,
        "kind": source.kind,
        "url": source.url,
        "section": source.section,
        "place": str(source.place or ""),
        "last_status": health.get("last_status"),
        "last_ok_at": health.get("last_ok_at"),
        "last_new_at": health.get("last_new_at"),
        "next_at": health.get("next_at"),
        "failures": health.get("failures"),
        "is_silent": bool(health.get("is_silent")),
    }


def _columns(now: Any) -> tuple[Column, ...]:
    return (
        Column(title="ID", show=lambda row: row["outlet_id"]),
        Column(title="LANG", show=lambda row: row["language"], may_go=True),
        Column(title="WHERE", show=lambda row: row["country"], may_go=True),
        Column(title="TIER", show=lambda row: row["tier"], is_number=True, may_go=True),
        Column(title="KIND", show=lambda row: row["kind"].value, may_go=True),
        Column(title="OUTLET", show=lambda row: row["outlet"], may_go=True),
        Column(title="SOURCE", show=lambda row: _door(row["url"]), gives_way=True, keeps_end=True, least=_DOOR_CELLS),
        Column(title="STATE", show=lambda row: ("! silent" if row["is_silent"] else row["last_status"]) or "never polled"),
        Column(title="NEWS", show=lambda row: ago(row["last_new_at"], now) if row["last_status"] else ""),
    )


def _door(url: str) -> str:
    """Name a source's address as short as it is told apart from the others."""
    return url.partition("://")[2].removeprefix("www.").rstrip("/")


# ---- check


async def _ask(
    given: Given, settings: Settings, outlets: Sequence[Outlet], articles: int, show: Show, folder: Path | None
) -> list[dict[str, Any]]:
    from monitor.cli.probe import probing  # noqa: PLC0415 - the crawler is paid for only by commands that ask outlets

    rows: list[dict[str, Any]] = []
    async with probing(settings, given.clock) as probe:
        asking = [asyncio.create_task(probe.ask(o, s, articles=articles)) for o in outlets for s in o.sources]
        for answer in asyncio.as_completed(asking):
            answered = await answer
            row = _judged(answered)
            rows.append(row)
            kept = _kept(folder, answered) if folder else []
            if show.is_table:
                click.echo("\n".join(_lines(row) + kept))
    return sorted(rows, key=lambda row: (row["outlet_id"], row["url"]))


def _kept(folder: Path, answer: Answer) -> list[str]:
    """Keep an answer's pages, and say where and what was read from each."""
    lines: list[str] = []
    for sample in answer.samples:
        try:
            path = fixtures.save(folder, sample)
        except OSError as error:
            raise click.ClickException(f"{folder}: {error.strerror or error}") from error
        lines.append(f"    {path}" if path else f"    no page of {sample.arrival.entry.url}")
        lines += [f"      {line}" for line in fixtures.beside(sample)] if path else []
    return lines


def _judged(answer: Answer) -> dict[str, Any]:
    """Say how a source does, and what is wrong with it."""
    poll, read = answer.poll, answer.articles
    undated = sum(entry.published_at is None for entry in answer.entries)
    row: dict[str, Any] = {
        "outlet_id": answer.outlet.outlet_id,
        "kind": answer.source.kind,
        "url": answer.source.url,
        "place": str(answer.source.place or ""),
        "status": poll.status,
        "http_status": poll.http_status,
        "duration_s": round(poll.duration_s, 3),
        "has_etag": bool(poll.validators and (poll.validators.etag or poll.validators.last_modified)),
        "entries": len(answer.entries),
        "undated": undated,
        "newest_at": max((e.published_at for e in answer.entries if e.published_at), default=None),
        "articles": len(read),
        "whole": sum(_is_whole(article) for article in read),
        "paywalled": sum(article.is_paywalled for article in read),
        "median_words": int(statistics.median(article.word_count for article in read)) if read else None,
        "language": statistics.mode(article.language for article in read) if read else poll.language,
        "repairs": list(poll.repairs),
        "error": poll.error,
    }
    return {**row, "problems": _problems(row, answer)}


def _is_whole(article: Article) -> bool:
    return bool(article.headline and article.text and article.published_at and article.word_count >= _SHORT_WORDS)


def _problems(row: Mapping[str, Any], answer: Answer) -> list[str]:
    found: list[str] = []
    if not answer.poll.status.is_success:
        found.append(f"{answer.poll.status.value}" + (f": {answer.poll.error}" if answer.poll.error else ""))
    elif not answer.entries:
        found.append("it lists nothing")
    said, spoken = answer.outlet.language.partition("-")[0], str(row["language"] or "").partition("-")[0]
    if row["articles"] and said and spoken not in {"", "und", said}:
        found.append(f"articles are in {spoken}, the settings say {answer.outlet.language}")
    if row["articles"] and not row["whole"] and not row["paywalled"]:
        reasons = {str(a.failure.value if a.failure else a.extract_status.value) for a in answer.articles}
        found.append(f"no article could be read whole ({', '.join(sorted(reasons))})")
    return found


def _lines(row: Mapping[str, Any]) -> list[str]:
    """Return a source as a person reads it."""
    mark = "!" if row["problems"] else " "
    dated = f"{row['entries']} entries, {row['undated']} without date"
    lines = [
        f"{mark} {row['outlet_id']}  {row['kind'].value}  {row['url']}",
        f"    {row['http_status'] or row['status'].value} in {row['duration_s']:.1f} s · etag {'yes' if row['has_etag'] else 'no'} · {dated}",
    ]
    if row["articles"]:
        walls = f" · {row['paywalled']} look paywalled" if row["paywalled"] else ""
        lines.append(
            f"    {row['whole']} of {row['articles']} articles have headline, text and date · median {row['median_words']} words"
            f" · language {row['language']}{walls}"
        )
    return lines + [f"    {problem}" for problem in row["problems"]]


def _quiet(*, is_debug: bool) -> None:
    """Keep the crawler's own log out of the way of those who asked for an answer."""
    from monitor import logs  # noqa: PLC0415 - structlog is paid for only by commands that crawl

    logs.configure(level="debug" if is_debug else "error", form="text", redactor=logs.Redactor())
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
