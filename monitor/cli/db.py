"""presswatch db: the revisions of the archive's schema."""

from __future__ import annotations

import click

from monitor.cli.given import Given, pass_given, shared


@click.group("db")
def command() -> None:
    """Revisions of the archive's schema."""


@command.command("current")
@shared
@pass_given
def current(given: Given) -> None:
    """Print the archive's revision; exit 1 where it is not the one this version writes."""
    from monitor.archive import engine, migrate  # noqa: PLC0415 - the database is paid for only here

    where = engine.address(given.settings().archive)
    found, head = migrate.current(where), migrate.head()
    click.echo(found or "none")
    if found != head:
        click.echo(f"this version writes {head}; run: presswatch db upgrade", err=True)
        raise click.exceptions.Exit(1)


@command.command("upgrade")
@shared
@pass_given
def upgrade(given: Given) -> None:
    """Bring the schema to this version; an SQLite archive is copied first."""
    from monitor.archive import engine, migrate  # noqa: PLC0415 - the database is paid for only here

    settings = given.settings()
    given.make_home(settings)
    where = engine.address(settings.archive)
    migrate.upgrade(where, now=given.clock.now(), report=lambda line: click.echo(line, err=True))


@command.command("views")
@shared
def views() -> None:
    """Print the public views with their comments."""
    from importlib.resources import files  # noqa: PLC0415 - only here

    click.echo(files("monitor.archive").joinpath("views.sql").read_text(encoding="utf-8"), nl=False)
