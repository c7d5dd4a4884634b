"""presswatch rules replay: what a new rule would have found is recorded as if it had been there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Final

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Show, Since, SinceType, listing
from monitor.cli.progress import progress

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.archive import Archive
    from monitor.config.settings import Settings
    from monitor.model import RuleSet
    from monitor.pipeline import Desk
    from monitor.replay import Found

_BATCH: Final = 100
_TICK: Final = 200


@click.command("replay")
@click.argument("theme", metavar="THEME")
@click.option("--since", type=SinceType(), required=True, help="24h, 7d, 2026-11-01 or 2026-11-01T14:30.")
@click.option("--alert", is_flag=True, help="Also tell: one first report for every story the theme never spoke of.")
@listing
@shared
@pass_given
def command(given: Given, theme: str, since: Since, show: Show, *, alert: bool) -> None:
    """Record the matches of a theme over archived articles, beside a running daemon.

    What is recorded already stays. Without --alert nobody is told.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only here

    from monitor.backtest import only  # noqa: PLC0415 - rules are paid for only by those who compile them
    from monitor.replay import record  # noqa: PLC0415 - the database is paid for only by commands that ask it

    settings = given.settings(secrets=alert)
    if theme not in {known.theme_id for known in settings.rules.themes}:
        raise click.UsageError(f"there is no theme '{theme}'; see them all: presswatch rules list")
    begin, now = since.at(given.clock.now(), ZoneInfo(settings.timezone)), given.clock.now()
    with given.archive(settings) as archive:
        count, found = _matched(archive, only(settings.rules, [theme]), begin)
        done = _made(archive, settings, now)
        for part in _parts(found):
            done += archive.write_now(partial(record, found=part, now=now))
        if alert:
            done += _told(archive, found, theme, _desk(settings), now)
    if show.is_table:
        click.echo(
            f"{theme}: {count:,} articles read, {done.matches} matches recorded, {done.below} below the theme's relevance;"
            f" {done.alerts} alerts in {done.deliveries} messages" + ("" if alert else " (without --alert nobody is told)")
        )
    else:
        show.one({"theme_id": theme, "articles": count, **asdict(done)})
