"""presswatch run: the daemon, in the foreground."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.config.terminal import called

if TYPE_CHECKING:
    from monitor.config.settings import Settings


@click.command("run")
@click.option("--once", is_flag=True, help="One pass over everything that is due, then end; for cron.")
@click.option("--demo", is_flag=True, help="Against a small newsstand on this machine: no network, no account, 20 seconds.")
@click.option("--archive", metavar="PATH|URL", help="An SQLite file, or postgresql://…")
@click.option("--listen", metavar="HOST:PORT", help="Where pages, health and metrics are; off for none.")
@click.option("--workers", type=int, metavar="N", help="Processes that read pages.")
@click.option("--role", metavar="ROLE", help="One of several nodes on PostgreSQL: all, scheduler, crawler or deliverer.")
@click.option("--node", metavar="NAME", help="What the other nodes call this one.")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.")
@click.option("--log-format", metavar="FORMAT", help="auto, text, logfmt or json.")
@shared
@pass_given
def command(given: Given, /, *, once: bool, demo: bool, **flags: object) -> None:
    """Watch, decide and deliver until stopped.

    ^C or SIGTERM ends it cleanly, and so does closing its terminal; SIGHUP reads the settings again, and keeps the old ones where the
    new ones are broken.
    """
    given.flags |= flags
    if demo:
        raise click.exceptions.Exit(_show(given, once=once))
    settings = ready(given)
    given.make_home(settings)
    from monitor.daemon.parts import Purpose  # noqa: PLC0415 - the daemon brings everything with it
    from monitor.daemon.run import main  # noqa: PLC0415 - the same

    purpose = Purpose(once=once, is_terminal=is_for_people(settings), tips=_tips(settings))
    raise click.exceptions.Exit(main(settings, purpose=purpose, reload=lambda: ready(given)))


def _show(given: Given, *, once: bool) -> int:
    """Run the demonstration with the rules in force, on an archive of its own."""
    from monitor.daemon.demo import main  # noqa: PLC0415 - the daemon brings everything with it
    from monitor.daemon.parts import Purpose  # noqa: PLC0415 - the same
    from monitor.daemon.say import homely  # noqa: PLC0415 - the same

    settings = given.settings(lint=True)
    folder = settings.state_folder / "demo"
    ask = f"PRESSWATCH_ARCHIVE={homely(str(folder / 'archive.db'))} {called()} archive search '@deepseek AND Hangzhou'"
    tips = (f"Ask its archive: {ask}", f"On the real outlets: {called()} run")
    return main(settings, purpose=Purpose(once=once, is_terminal=is_for_people(settings), is_demo=True, tips=tips), folder=folder)


def ready(given: Given) -> Settings:
    """Return settings a daemon may start on: every query parsed, every example run, every channel checked."""
    from monitor import channels  # noqa: PLC0415 - what sends is paid for only by those who send

    return given.settings(secrets=True, lint=True, check_channel=channels.check)


def is_for_people(settings: Settings) -> bool:
    """Say whether lines for people are written rather than a log."""
    return settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())


def _tips(settings: Settings) -> tuple[str, ...]:
    """Return what a newcomer may do next."""
    tips = []
    if settings.is_starter:
        tips.append(f"Settings of your own: {called()} init, which this daemon then takes up")
    elif all(channel.kind == "stdout" for channel in settings.channels):
        theme = next((t.theme_id for t in settings.rules.themes), "'*'")
        tips.append(f"Send alerts elsewhere: {called()} subscribe {theme} --to 'tgram://…'")
    if not settings.contact:
        where = settings.config_path or Path("presswatch.yaml")
        tips.append(f"Outlets are asked at most once an hour until they know whom to write to: set contact in {where}")
    return tuple(tips)
