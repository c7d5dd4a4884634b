"""presswatch db: the revisions of the archive's schema."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.progress import progress
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
        is_newer = found is not None and found not in migrate.known()
        todo = "the archive is newer; install the version that wrote it" if is_newer else "run: presswatch db upgrade"
        click.echo(f"this version writes {head}; {todo}", err=True)
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
        _make_queue(where.dsn)


@command.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@shared
@pass_given
def copy(given: Given, source: str, target: str) -> None:
    """Copy a whole archive into another database.

    FROM and TO are written as in the settings: a path, or postgresql://user@host/name. No daemon may run on either.
    Broken off, the same command goes on where it was. At the end both are read through and compared, by counts and checksums; exit 1 where they differ.
    """
    from monitor.archive import Archive, engine, migrate, moving  # noqa: PLC0415 - the database is paid for only here

    where = engine.address(target)
    with ExitStack() as ending:
        old = ending.enter_context(closing(Archive.open(source, clock=given.clock, create=False, hold=True)))  # before a target is made
        migrate.upgrade(where, now=given.clock.now(), report=lambda line: click.echo(line, err=True))
        if not where.is_sqlite:
            _make_queue(where.dsn)
        new = ending.enter_context(closing(Archive.open(target, clock=given.clock, create=False, hold=True)))
        with progress("copying") as advance:
            copied = moving.copy(old, new, progress=advance)
        with progress("indexing") as advance:
            indexed = moving.index(new, progress=advance)
        with progress("comparing") as advance:
            found = moving.differences(old, new, progress=advance)
        click.echo(f"{copied:,} rows copied, {indexed:,} articles indexed", err=True)
    for line in found:
        click.echo(line)
    if found:
        click.echo("the copy is not the same; empty the target and copy again", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"{where.shown} holds the same; set archive to it", err=True)


def _make_queue(dsn: str) -> None:
    from monitor.queue import schema  # noqa: PLC0415 - only a server has a queue

    click.echo(f"the queue of several nodes is at {schema.upgrade(dsn)}", err=True)


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
