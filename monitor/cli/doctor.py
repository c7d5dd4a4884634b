"""presswatch doctor: checks the whole installation, one line for each part, and says what to do."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from monitor.cli.config import shown_url
from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Column, Show, listing
from monitor.cli.sending import check_channels
from monitor.cli.status import size
from monitor.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from monitor.config.settings import Settings

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"
_CHECK_S: Final = 20.0
_LOW_SPACE: Final = 1_000_000_000
_REPORTED: Final = ("scrapy", "aiohttp", "sqlalchemy", "alembic", "trafilatura", "apprise", "pydantic", "click", "lxml", "pebble")
_COLUMNS: Final = (
    Column(title="PART", show=lambda row: row["part"]),
    Column(title="STATE", show=lambda row: row["state"]),
    Column(title="WHAT WAS FOUND", show=lambda row: row["said"], wraps=True),
)

Finding = dict[str, Any]


@click.command("doctor")
@click.option("--report", is_flag=True, help="Add versions, for a bug report. Secrets are left out.")
@listing
@shared
@pass_given
def command(given: Given, show: Show, *, report: bool) -> None:
    """Check settings, rules, archive, channels and installation; exit 1 where something fails."""
    found = list(_findings(given))
    if report:
        found += [_found("version", OK, f"{name} {said}") for name, said in _versions()]
    show(found, _COLUMNS)
    failed, warned = (sum(row["state"] == state for row in found) for state in (FAIL, WARN))
    if failed or warned:
        click.echo(f"{failed} failed, {warned} to look at", err=True)
    if failed:
        raise click.exceptions.Exit(1)


def _findings(given: Given) -> Iterator[Finding]:
    yield from _install()
    try:
        settings = given.settings(secrets=True)
    except ConfigError as error:
        yield from _told("config", error)
        return
    yield from _config(settings)
    yield from _rules(given)
    yield from _channels(settings)
    yield from _archive(given, settings)


def _found(part: str, state: str, said: str) -> Finding:
    return {"part": part, "state": state, "said": said}


def _told(part: str, error: ConfigError) -> Iterator[Finding]:
    for problem in error.problems:
        hint = f" ({problem.hint})" if problem.hint else ""
        yield _found(part, FAIL, f"{problem.place}:{problem.line}:{problem.column}: {problem.message}{hint}")


def _install() -> Iterator[Finding]:
    """``crawler`` and ``monitor`` are common names: another package of that name would be taken for ours."""
    roots = {name: Path(str(import_module(name).__file__)).parents[1] for name in ("crawler", "monitor")}
    if len(set(roots.values())) == 1:
        yield _found("install", OK, f"presswatch {version('presswatch')}, Python {platform.python_version()}, in {roots['monitor']}")
    else:
        yield _found("install", FAIL, f"crawler is from {roots['crawler']}, monitor from {roots['monitor']}: install presswatch on its own")


def _config(settings: Settings) -> Iterator[Finding]:
    where = settings.config_path or "the shipped starter (presswatch init writes your own)"
    yield _found("config", OK, f"{where}: {len(settings.files)} files, {len(settings.outlets)} outlets, {settings.source_count} sources")
    if not settings.contact:
        yield _found("config", WARN, "no contact: outlets are asked at most once an hour until they know whom to write to")
    if not any(subscription.themes for subscription in settings.subscriptions):
        yield _found("config", WARN, "no subscription wants a theme: nobody is told of anything")
    unused = [c.name for c in settings.channels if c.name not in {s.channel for s in settings.subscriptions}]
    if unused:
        yield _found("config", WARN, f"no subscription uses {', '.join(unused)}")


def _rules(given: Given) -> Iterator[Finding]:
    try:
        rules = given.settings(lint=True).rules
    except ConfigError as error:
        yield from _told("rules", error)
        return
    examples = sum(len(theme.examples) for theme in rules.themes)
    count = sum(len(theme.rules) for theme in rules.themes)
    yield _found("rules", OK, f"{len(rules.themes)} themes, {count} rules, {len(rules.entities)} entities, {examples} examples hold")


def _channels(settings: Settings) -> Iterator[Finding]:
    try:
        check_channels(settings)
    except ConfigError as error:
        yield from _told("channels", error)
        return
    names = ", ".join(f"{channel.name} ({channel.kind})" for channel in settings.channels)
    yield _found("channels", OK, f"{names}; presswatch channels test NAME sends a message")


def _archive(given: Given, settings: Settings) -> Iterator[Finding]:
    from monitor.archive import engine, health, migrate, upkeep  # noqa: PLC0415 - the database is paid for only by commands that ask it

    where = engine.address(settings.archive)
    if where.is_sqlite and not engine.is_safe_sqlite():
        said = ".".join(map(str, engine.sqlite_version()))
        yield _found("archive", WARN, f"SQLite {said} can lose writes after a crash in WAL mode; 3.51.3 and later cannot")
    try:
        found, head = migrate.current(where), migrate.head()
        if found is None:
            yield _found("archive", OK, f"{shown_url(settings.archive)} is not there yet; presswatch run makes it")
            return
        if found != head:
            yield _found("archive", FAIL, f"at revision {found}, this version writes {head}: presswatch db upgrade")
            return
        damaged = health.damage(where, "PRAGMA quick_check(3)", budget_s=_CHECK_S)
        if damaged:
            yield _found("archive", FAIL, f"damaged: {'; '.join(damaged)}. Restore the last backup: presswatch db restore FILE")
            return
        with given.archive(settings) as archive:
            measured = upkeep.size(archive)
    except ArchiveError as error:
        yield _found("archive", FAIL, str(error))
        return
    yield _found("archive", OK, f"{measured.shown}, {measured.engine}, revision {found}, {size(measured.size)}")
    if measured.free is not None and measured.free < _LOW_SPACE:
        yield _found("archive", WARN, f"{size(measured.free)} are free beside it")


def _versions() -> Iterator[tuple[str, str]]:
    yield "system", platform.platform()
    yield "python", sys.version.split()[0]
    known = {d.metadata["Name"].lower(): d.version for d in distributions()}
    for name in _REPORTED:
        yield name, known.get(name, "missing")
