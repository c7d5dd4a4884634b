"""presswatch db: the revisions of the archive's schema."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.errors import WrongRevision


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
    if not where.is_sqlite:
        from monitor.queue import schema  # noqa: PLC0415 - only a server has a queue

        click.echo(f"the queue of several nodes is at {schema.upgrade(where.dsn)}", err=True)


@command.command("views")
@shared
def views() -> None:
    """Print the public views with their comments."""
    from importlib.resources import files  # noqa: PLC0415 - only here

    click.echo(files("monitor.archive").joinpath("views.sql").read_text(encoding="utf-8"), nl=False)


@command.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
@pass_given
def restore(given: Given, file: Path, *, yes: bool) -> None:
    """Put a backup in the archive's place; the old file is kept beside it. No daemon may run."""
    from monitor.archive import backup, engine  # noqa: PLC0415 - the database is paid for only here

    where = engine.address(given.settings().archive)
    if not yes:
        click.confirm(f"Replace {where.shown} by {file}?", abort=True, err=True)

    aside = backup.restore(where, file, now=given.clock.now(), check=_refuse_newer)
    click.echo(f"{where.shown} is {file} now" + (f"; what was there is {aside}" if aside else ""), err=True)


def _refuse_newer(copy: Path) -> None:
    """A backup of a later version would be there, and no command could read it."""
    from monitor.archive import engine, migrate  # noqa: PLC0415 - the database is paid for only here

    found = migrate.current(engine.Address.of_file(copy))
    if found is not None and found not in migrate.known():
        raise WrongRevision(f"{copy} was written by a newer version (revision {found}); nothing was changed. Install that version first")
